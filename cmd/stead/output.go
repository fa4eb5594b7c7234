package main

import (
	"encoding/csv"
	"encoding/json"
	"reflect"
	"time"

	"go.yaml.in/yaml/v3"
)

// A table is rows under columns, for people and for CSV.
type table struct {
	columns []string
	rows    [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// A many is a list and what stands around it: its rows are what JSON lines and tables show.
type many struct{ whole, rows any }

// print writes data as -o says: fill makes the table of it.
func (e *env) print(data any, fill func(*table)) error {
	rows := data
	if list, ok := data.(many); ok {
		data, rows = list.whole, list.rows
	}
	switch e.format {
	case "json":
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(data)
	case "jsonl":
		return e.lines(rows)
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

// lines writes JSON, a line for each row; what is no list is one.
func (e *env) lines(rows any) error {
	enc := json.NewEncoder(e.out)
	list := reflect.ValueOf(rows)
	if list.Kind() != reflect.Slice {
		return enc.Encode(rows)
	}
	for i := range list.Len() {
		if err := enc.Encode(list.Index(i).Interface()); err != nil {
			return err
		}
	}
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
	unstyled(&doc)
	enc := yaml.NewEncoder(e.out)
	enc.SetIndent(2)
	defer enc.Close()
	return enc.Encode(&doc)
}

// unstyled takes away the style of JSON.
func unstyled(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		unstyled(c)
	}
}

// when is a time as people read it: local, without what does not matter.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}
