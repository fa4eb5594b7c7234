package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// tellFindings writes what the doctor has found: for people a line each, broken where the screen ends, and below it what
// to do; for programs as -o says.
func (e *env) tellFindings(found []finding) error {
	if e.format != "table" {
		return e.print(found, func(t *table) {
			t.columns = []string{"check", "result", "says", "next"}
			for _, f := range found {
				t.row(f.Check, f.Result, f.Says, f.Next)
			}
		})
	}
	name := 0
	for _, f := range found {
		name = max(name, utf8.RuneCountInString(f.Check))
	}
	room := width(e.out, e.getenv) - name - len("warn  ") - 2
	for _, f := range found {
		lines := wrapped(clean(f.Says), room)
		if f.Next != "" {
			next := wrapped(clean(f.Next), room-2)
			next[0] = "→ " + next[0]
			for i := range next[1:] {
				next[i+1] = "  " + next[i+1]
			}
			lines = append(lines, next...)
		}
		result, check := f.Result, f.Check
		for _, l := range lines {
			if _, err := fmt.Fprintln(e.out, strings.TrimRight(fmt.Sprintf("%-4s  %-*s  %s", result, name, check, l), " ")); err != nil {
				return err
			}
			result, check = "", ""
		}
	}
	return nil
}

// diagnosis sums up; it is an error where something fails.
func (e *env) diagnosis(found []finding) error {
	n := map[string]int{}
	for _, f := range found {
		n[f.Result]++
	}
	careful := ""
	if n["warn"] > 0 {
		careful = fmt.Sprintf("; %d more to look after", n["warn"])
	}
	if n["fail"] == 0 {
		e.say("%s: nothing fails%s.", count(len(found), "check"), careful)
		return nil
	}
	first := found[slices.IndexFunc(found, func(f finding) bool { return f.Result == "fail" })]
	return fail(exitFailed, first.Next, "%d of %d checks fail, first: %s%s", n["fail"], len(found), first.Check, careful)
}
