package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// write lays the table out within so many columns of the screen; 0 is no bound. Where it is too wide, the widest
// columns give way.
func (t *table) write(w io.Writer, most int) {
	if len(t.rows) == 0 && len(t.columns) > 0 {
		fmt.Fprintln(w, "nothing")
		return
	}
	all := t.rows
	if len(t.columns) > 0 {
		all = append([][]string{upper(t.columns)}, t.rows...)
	}
	wide := widths(all)
	for most > 0 && len(t.columns) > 0 && total(wide) > most && t.shrink(wide) {
	}
	if most > 0 && total(wide) > most {
		t.blocks(w, most)
		return
	}
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			cell = cut(clean(cell), wide[i])
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", wide[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// inert keeps a spreadsheet from taking for a formula what somebody gave as a reason.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// clean keeps what others wrote from moving the cursor or changing colours.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
}

func upper(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.ToUpper(n)
	}
	return out
}

func widths(rows [][]string) []int {
	var wide []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(wide) {
				wide = append(wide, 0)
			}
			wide[i] = max(wide[i], utf8.RuneCountInString(cell))
		}
	}
	return wide
}

func total(wide []int) int {
	sum := 2 * (len(wide) - 1)
	for _, w := range wide {
		sum += w
	}
	return sum
}

// whole are the columns that nothing is cut from: what is typed again.
var whole = []string{"id", "decision", "account", "report", "digest", "check", "result"}

// blocks writes every cell on lines of its own beside its name, for a screen that the columns do not fit. Of a table
// without columns the first cell is the name.
func (t *table) blocks(w io.Writer, most int) {
	names := t.columns
	if len(names) == 0 {
		for _, row := range t.rows {
			names = append(names, row[0])
		}
	}
	label := 0
	for _, n := range names {
		label = max(label, utf8.RuneCountInString(clean(n)))
	}
	for i, row := range t.rows {
		switch {
		case len(t.columns) == 0:
			block(w, row[0], strings.Join(row[1:], "  "), label, most)
			continue
		case i > 0:
			fmt.Fprintln(w)
		}
		for j, cell := range row {
			if cell != "" {
				block(w, t.columns[j], cell, label, most)
			}
		}
	}
}

func block(w io.Writer, name, cell string, label, most int) {
	for i, line := range wrapped(clean(cell), most-label-2) {
		if i > 0 {
			name = ""
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-*s  %s", label, clean(name), line), " "))
	}
}

// wrapped breaks a text at its spaces; a word stays whole, however long. Without room it stays as it is.
func wrapped(text string, room int) []string {
	if room < 10 || utf8.RuneCountInString(text) <= room {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// shrink takes one character from the widest column; columns of ten stay as they are, and those that are typed again.
func (t *table) shrink(wide []int) bool {
	at := -1
	for i, w := range wide {
		if slices.Contains(whole, t.columns[i]) {
			continue
		}
		if w > 10 && (at < 0 || w > wide[at]) {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	wide[at]--
	return true
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
