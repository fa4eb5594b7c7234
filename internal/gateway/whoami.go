package gateway

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/steadhq/stead"
)

// lookFor bounds how long a page that comes slowly is kept back.
const lookFor = 5 * time.Second

// whoami looks whom the application thinks it serves before anything of a page is shown. Another than the subject ends
// the mandate: what the record said was not so (R21).
func (t *trip) whoami(res *http.Response) error {
	who := t.v.app.Whoami
	if who == nil || !who.stands(res) || t.in.Method == http.MethodHead {
		return nil
	}
	if !unpack(res) {
		return cannotTell(res)
	}
	a := &ahead{src: res.Body, pieces: make(chan piece), done: make(chan struct{})}
	go a.read()
	found := a.look(func(b []byte, whole bool) []string {
		at := who.Match.FindSubmatchIndex(b)
		if len(at) < 4 || at[2] < 0 || at[1] == len(b) && !whole { // it may go on
			return nil
		}
		return []string{string(b[at[2]:at[3]])}
	})
	res.Body = a
	if len(found) == 0 || slices.ContainsFunc(t.names(), func(name string) bool { return who.is(name, found[0]) }) {
		return nil
	}
	t.mistaken(found[0])
	return stead.E(stead.Refused, stead.ReasonClosed,
		"the application serves %q here, and not %s (rule %s). The page is not shown and acting has ended: tell who runs the application",
		short(found[0]), t.v.who.subject.DisplayName(), ruleWhoami)
}

// stands tells whether the name may stand in such an answer.
func (w *Whoami) stands(res *http.Response) bool {
	if w.In != "json" {
		return page200(res)
	}
	return res.StatusCode >= 200 && res.StatusCode/100 != 3 && res.StatusCode != http.StatusPartialContent &&
		strings.Contains(strings.ToLower(res.Header.Get("Content-Type")), "json")
}

func cannotTell(res *http.Response) error {
	return cannot("it is packed as " + short(res.Header.Get("Content-Encoding")) + " though it was asked not to be")
}

// names are what the application may call the subject: his name, and what it was told he is called.
func (t *trip) names() []string {
	list := []string{t.v.who.subject.Name}
	add := func(text string) {
		value, ok := t.v.who.header(text)
		if ok && !strings.Contains(text, "{actor") {
			list = append(list, value)
		}
	}
	told := t.v.app.identity(t.v.who)
	for _, h := range told.Headers {
		add(h.Text)
	}
	if told.Basic != nil {
		add(told.Basic.User)
	}
	return list
}

// is tells whether an application that was told name would write it so.
func (w *Whoami) is(name, written string) bool {
	switch w.Fold {
	case "lower":
		name = strings.ToLower(name)
	case "upper":
		name = strings.ToUpper(name)
	case "first-upper":
		r, n := utf8.DecodeRuneInString(name)
		name = string(unicode.ToUpper(r)) + name[n:]
	}
	return written == name || html.UnescapeString(written) == name
}

// mistaken records the refusal and ends the mandate.
func (t *trip) mistaken(served string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.in.Context()), 10*time.Second)
	defer cancel()
	q := t.v.q
	q.Action, q.Resource.Rule, q.Activity = stead.ActionClosed, ruleWhoami, false
	p, err := t.g.Decider.Decided(ctx, q)
	if err == nil {
		_, err = p.Wait()
	}
	_, ended := t.g.Ends.EndUnseen(ctx, t.v.by, t.v.who.mandate.ID)
	t.g.Door.Log.ErrorContext(ctx, "the application serves somebody else than the mandate says", "app", t.v.app.ID,
		"mandate", t.v.who.mandate.ID, "served", short(served), "error", errors.Join(err, ended))
}

// An ahead reads a body ahead of who gets it.
type ahead struct {
	src    io.ReadCloser
	pieces chan piece
	done   chan struct{} // closed when nobody reads any more
	kept   []byte
	err    error
	closed bool
}

type piece struct {
	b   []byte
	err error
}

func (a *ahead) read() {
	for {
		b := make([]byte, 8<<10)
		n, err := a.src.Read(b)
		select {
		case a.pieces <- piece{b[:n], err}:
		case <-a.done:
			return
		}
		if err != nil {
			return
		}
	}
}

// look reads until find has found something, as far as pages are looked at.
func (a *ahead) look(find func(b []byte, whole bool) []string) []string {
	late := time.NewTimer(lookFor)
	defer late.Stop()
	for a.err == nil && len(a.kept) < maxLooked {
		select {
		case p := <-a.pieces:
			a.kept, a.err = append(a.kept, p.b...), p.err
		case <-late.C:
			return find(a.kept, true)
		}
		if found := find(a.kept, a.err != nil || len(a.kept) >= maxLooked); found != nil {
			return found
		}
	}
	return nil
}

func (a *ahead) Read(p []byte) (int, error) {
	if len(a.kept) == 0 && a.err == nil {
		next := <-a.pieces
		a.kept, a.err = next.b, next.err
	}
	if len(a.kept) == 0 {
		return 0, a.err
	}
	n := copy(p, a.kept)
	a.kept = a.kept[n:]
	return n, nil
}

func (a *ahead) Close() error {
	if !a.closed {
		a.closed = true
		close(a.done)
	}
	return a.src.Close()
}
