package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// A progress speaks up when something takes longer than two seconds: at a terminal by rewriting one line, else with a
// line every ten seconds, and to programs with an object on stderr every second.
type progress struct {
	e     *env
	what  string
	began time.Time
	next  time.Time
	shown bool
	live  bool
}

func (e *env) progress(what string) *progress {
	now := e.now()
	return &progress{e: e, what: what, began: now, next: now.Add(2 * time.Second), live: width(e.err, e.getenv) > 0}
}

// at notes how far it has come; of 0 is not known.
func (p *progress) at(n, of uint64, unit string) {
	now := p.e.now()
	if now.Before(p.next) {
		return
	}
	took := now.Sub(p.began)
	rate := float64(n) / took.Seconds()
	text := fmt.Sprintf("%s %d %s, %.0f a second", p.what, n, unit, rate)
	if of > n && rate > 0 {
		left := time.Duration(float64(of-n) / rate * float64(time.Second)).Round(time.Second)
		text += fmt.Sprintf(", %d%%, %s left", n*100/of, left)
	}
	if p.e.format == "json" || p.e.format == "jsonl" { // for programs, beside what goes to stdout
		line, err := json.Marshal(map[string]any{"progress": strings.TrimSuffix(p.what, ":"), "done": n, "of": of, "unit": unit, "per_second": rate})
		if err == nil {
			fmt.Fprintln(p.e.err, string(line))
		}
		p.next = now.Add(time.Second)
		return
	}
	if p.live {
		fmt.Fprintf(p.e.err, "\r%-70s", text)
		p.shown, p.next = true, now.Add(200*time.Millisecond)
		return
	}
	fmt.Fprintln(p.e.err, text)
	p.next = now.Add(10 * time.Second)
}

func (p *progress) done() {
	if p.shown {
		fmt.Fprintf(p.e.err, "\r%70s\r", "")
	}
}

// copy copies with progress.
func (e *env) copy(w io.Writer, r io.Reader, what string) (int64, error) {
	p := e.progress(what)
	defer p.done()
	buf := make([]byte, 64<<10)
	var n int64
	for {
		got, err := r.Read(buf)
		if got > 0 {
			if _, err := w.Write(buf[:got]); err != nil {
				return n, err
			}
			n += int64(got)
			p.at(uint64(n)>>10, 0, "KiB")
		}
		if err == io.EOF { //nolint:errorlint // readers return it bare
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
