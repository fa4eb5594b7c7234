package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A table is rows under columns, for people and for CSV.
type table struct {
	columns []string
	rows    [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// print writes data as -o says: fill makes the table of it.
func (e *env) print(data any, fill func(*table)) error {
	switch e.format {
	case "json":
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(data)
	case "yaml":
		return e.yaml(data)
	}
	t := &table{}
	fill(t)
	if e.format == "csv" {
		w := csv.NewWriter(e.out)
		if len(t.columns) > 0 {
			t.rows = append([][]string{t.columns}, t.rows...)
		}
		for _, row := range t.rows {
			for i := range row {
				row[i] = inert(row[i])
			}
		}
		if err := w.WriteAll(t.rows); err != nil {
			return err
		}
		return w.Error()
	}
	t.write(e.out, width(e.out, e.getenv))
	return nil
}

// yaml goes by way of JSON, so that names are the same in both.
func (e *env) yaml(data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return err
	}
	block(&doc)
	enc := yaml.NewEncoder(e.out)
	enc.SetIndent(2)
	defer enc.Close()
	return enc.Encode(&doc)
}

// block takes away the style of JSON.
func block(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		block(c)
	}
}

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
	for most > 0 && total(wide) > most && shrink(wide) {
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

// shrink takes one character from the widest column; columns of ten stay as they are.
func shrink(wide []int) bool {
	at := -1
	for i, w := range wide {
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

// when is a time as people read it: local, without what does not matter.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
