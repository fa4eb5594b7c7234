package apps

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead/e2e/stage"
)

// An ask is one request to an application.
type ask struct {
	method, to, body string
	head             []string // name, value; SITE stands for the application's origin
	rule             string   // that must refuse it; "" is default
	status           int      // of its refusal; 0 is 403
	static           bool     // it is nobody's page
}

// A story is what three people do with one application.
type story struct {
	app          string
	start        func(t *testing.T, host string) *program
	home, hers   string                          // a page that Dana alone may see, and what it says
	his, himself string                          // the same of Sam's
	pages        []ask                           // what Dana sees, byte for byte
	writes       []ask                           // what is refused while acting
	form         ask                             // what he would have sent when the time ran out; none is the first write
	views        []string                        // more pages that he looks at in a browser
	document     string                          // what a browser shows, where home is none
	further      func(sam *window, there string) // what else he does in a browser
	scripted     []string                        // how cookies begin that scripts write
	title        string
	took         *regexp.Regexp // what pages say of how long they took
}

// tell walks through a story over HTTP, as programs do.
func (s story) tell(t *testing.T) {
	at := newSite(t, s.app)
	p := s.start(t, at.host)
	w := open(t, s.app, at, p)
	dana, sam := w.comes(t, "customers", "dana"), w.comes(t, "staff", "sam")

	// As themselves.
	s.isHers(t, "her own", w.get(t, dana, s.home))
	s.isHis(t, "his own", w, sam)
	w.get(t, sam, s.home).Lacks(t, "her page as himself", s.hers)
	s.visit(t, w, dana) // what she reads for the first time is another page the second time
	before := s.afresh(t, w)

	others := s.sessions(t, p)
	mandate := w.acts(t, sam)
	s.isHers(t, "hers, to him", w.get(t, sam, s.home))
	his := without(s.sessions(t, p), others)
	acting := s.visit(t, w, sam)
	after := s.afresh(t, w)
	for i, page := range s.pages {
		if bad := same(s.took, acting[i], before[i], after[i]); bad != "" {
			t.Errorf("%s %s is not what she sees: %s", page.method, page.to, bad)
		}
		acting[i].Lacks(t, page.to+" while acting", s.himself)
	}
	w.get(t, sam, s.his).Lacks(t, "his page while acting", s.himself)
	s.forged(t, w, sam)
	s.refused(t, w, sam)
	w.ends(t, sam)
	s.left(t, w, mandate, his)
	s.isHis(t, "his own afterwards", w, sam)
	w.get(t, sam, s.home).Lacks(t, "her page afterwards", s.hers)
	s.isHers(t, "her own afterwards", w.get(t, dana, s.home))
	s.trail(t, w, mandate)
	for whom, why := range map[string]string{"ada": "privileged", "sam": "self"} {
		sam.Post(t, w.site+"/.stead/act", "subject", whom, "directory", "staff", "reason", "wrong total", "ticket", "SUP-4711", "target", "/").
			Is(t, "acting for "+whom, http.StatusForbidden, `"reason_code":"`+why+`"`)
	}
	s.runsOut(t, w, sam)
	s.revoked(t, w, sam)
}

// sessions are those that the application keeps, where it can be asked.
func (s story) sessions(t *testing.T, p *program) []string {
	t.Helper()
	if p.sessions == "" {
		return nil
	}
	return p.open(t)
}

func without(all, others []string) []string {
	return slices.DeleteFunc(all, func(id string) bool { return slices.Contains(others, id) })
}

// signsOut waits until the gateway has signed out of the application, where its rules say how, and gives what the trail
// says of it.
func (s story) signsOut(t *testing.T, w *world, mandate string) (last told) {
	t.Helper()
	if len(w.program.atEnd) == 0 {
		return last
	}
	stage.Until(t, "her session is left open at the application", func() bool {
		var got struct{ Events []told }
		w.ada.Get(t, w.own+"/v1/events?limit=1000&mandate="+mandate).Is(t, "events", 200).Reads(t, &got)
		at := slices.IndexFunc(got.Events, func(e told) bool { return strings.HasPrefix(e.Kind, "application.") })
		if at >= 0 {
			last = got.Events[at]
		}
		return at >= 0
	})
	return last
}

// left tells that the gateway has signed out of the application: the trail says so, and the session that was the
// mandate's is kept no more.
func (s story) left(t *testing.T, w *world, mandate string, his []string) {
	t.Helper()
	p := w.program
	if len(p.atEnd) == 0 {
		return
	}
	last := s.signsOut(t, w, mandate)
	if last.Kind != "application.left" || last.Outcome != "ok" {
		t.Errorf("signing out of the application: %+v", last)
	}
	if p.sessions == "" {
		return
	}
	now := p.open(t)
	if len(his) == 0 {
		t.Errorf("the mandate had no session of the application: %v", now)
	}
	for _, id := range his {
		if slices.Contains(now, id) {
			t.Errorf("the session %s of the mandate is still there: of %v, among %v", id, his, now)
		}
	}
}

func (w *world) get(t *testing.T, c *stage.Caller, to string, head ...string) stage.Answer {
	t.Helper()
	return w.send(t, c, ask{to: to, head: head})
}

// send sends a, and follows where the application leads.
func (w *world) send(t *testing.T, c *stage.Caller, a ask) (got stage.Answer) {
	t.Helper()
	method, to := a.method, a.to
	if method == "" {
		method = http.MethodGet
	}
	head := make([]string, len(a.head))
	for i, v := range a.head {
		head[i] = strings.ReplaceAll(v, "SITE", w.site)
	}
	at, err := url.Parse(w.site + to)
	for range 6 {
		if err != nil {
			t.Fatal(err)
		}
		got = c.Send(t, method, at.String(), a.body, head...)
		if method != http.MethodGet || got.Status < 301 || got.Status > 303 {
			return got
		}
		if at, err = at.Parse(got.To()); err == nil && at.Scheme+"://"+at.Host != w.site {
			return got
		}
	}
	t.Fatalf("%s leads nowhere: %s", a.to, got.To())
	return got
}

func (s story) visit(t *testing.T, w *world, c *stage.Caller) (all []stage.Answer) {
	t.Helper()
	for _, page := range s.pages {
		all = append(all, w.send(t, c, page))
	}
	return all
}

// afresh is what Dana sees who has just come.
func (s story) afresh(t *testing.T, w *world) []stage.Answer {
	t.Helper()
	dana := w.comes(t, "customers", "dana")
	s.isHers(t, "her own again", w.get(t, dana, s.home))
	return s.visit(t, w, dana)
}

func (s story) isHers(t *testing.T, what string, a stage.Answer) {
	t.Helper()
	a.Is(t, what, http.StatusOK, s.hers).Lacks(t, what, s.himself)
}

func (s story) isHis(t *testing.T, what string, w *world, sam *stage.Caller) {
	t.Helper()
	w.get(t, sam, s.his).Is(t, what, http.StatusOK, s.himself).Lacks(t, what, s.hers)
}

// forged sends what an actor could say of himself: nothing of it tells the application anything. B1, B4, B10
func (s story) forged(t *testing.T, w *world, sam *stage.Caller) {
	t.Helper()
	for _, name := range []string{"X-Remote-User", "x-remote-user", "X_Remote_User", "x_remote_user", "X.Remote.User", "Remote-User", "REMOTE_USER",
		"Remote_User", "X-Forwarded-User", "X-WebAuth-User", "X-Switch-User", "Authenticated-User"} {
		for _, value := range []string{"sam", "ada"} {
			a := w.get(t, sam, s.home, name, value)
			if a.Status == http.StatusBadRequest {
				continue // it may be refused whole
			}
			s.isHers(t, name+": "+value, a)
		}
	}
	for _, proof := range []string{"Basic c2FtOngtZ2FyZGVu", "Basic YWRhOmtub3duLXRvLXRoZS1nYXRld2F5LWFsb25l", "Bearer forged"} {
		s.isHers(t, proof, w.get(t, sam, s.home, "Authorization", proof))
	}
	s.isHers(t, "his cookies by hand", w.get(t, sam, s.home, "Cookie", "DokuWiki=forged; Icingaweb2=forged; roundcube_sessid=forged; wiki_session=forged; UserName=Sam"))
}

// refused tries to write: each try is refused with its rule, and nothing reaches the application.
func (s story) refused(t *testing.T, w *world, sam *stage.Caller) {
	t.Helper()
	before := w.program.settled(t)
	for _, a := range s.writes {
		got := w.send(t, sam, a)
		rule, status := cmp.Or(a.rule, "default"), cmp.Or(a.status, http.StatusForbidden)
		if got.Status != status || status == http.StatusForbidden && !strings.Contains(got.Body, "rule "+rule) {
			t.Errorf("%s %s: %d, want %d by rule %s:\n%s", a.method, a.to, got.Status, status, rule, got.Body)
		}
		if kept := w.program.kept(t); kept != before.kept {
			t.Fatalf("%s %s changed something:\n%s\n%s", a.method, a.to, before.kept, kept)
		}
	}
	if after := w.program.settled(t); after != before {
		t.Errorf("%d of them reached the application:\n%s", after.asked-before.asked, &w.program.process.Said)
	}
}

// runsOut lets the time run out between two polls: the next form goes nowhere, neither as Dana nor as Sam.
func (s story) runsOut(t *testing.T, w *world, sam *stage.Caller) {
	t.Helper()
	mandate := w.acts(t, sam, "for", "2s")
	s.isHers(t, "for two seconds", w.get(t, sam, s.home))
	stage.Until(t, "the time does not run out", func() bool {
		poll, err := sam.Try(t, "GET", w.site+s.home, "")
		return err != nil || poll.Status != http.StatusOK // it may be broken off in the middle
	})
	s.over(t, w, sam, mandate)
}

func (s story) revoked(t *testing.T, w *world, sam *stage.Caller) {
	t.Helper()
	mandate := w.acts(t, sam)
	s.isHers(t, "until it is revoked", w.get(t, sam, s.home))
	w.ada.JSON(t, "POST", w.own+"/v1/mandates/"+mandate+"/revoke", map[string]any{"reason": "enough"}).Is(t, "revoke", 200)
	s.over(t, w, sam, mandate)
}

// over is after an end that he has not seen: nothing goes on until he has.
func (s story) over(t *testing.T, w *world, sam *stage.Caller, mandate string) {
	t.Helper()
	s.signsOut(t, w, mandate) // that is the last that the application hears
	form := s.form
	if form.method == "" {
		form = s.writes[0]
	}
	before := w.program.settled(t)
	for range 3 {
		poll := w.get(t, sam, s.home)
		poll.Lacks(t, "a poll after the end", s.hers, s.himself)
		if got := w.send(t, sam, form); got.Status < 400 {
			t.Errorf("the form after the end: %d %s", got.Status, got.Body)
		}
	}
	if after := w.program.settled(t); after != before {
		t.Errorf("something reached the application after the end:\n%+v\n%+v", before, after)
	}
	w.ends(t, sam) // he has seen it
	s.isHis(t, "his own after an end", w, sam)
}

// A told event as the API tells it.
type told struct {
	Kind, Outcome, Reason string
	Actor, Subject        struct{ Name string }
	What                  map[string]string
}

// trail tells every page and every refusal as Sam's for Dana, and how her page was called.
func (s story) trail(t *testing.T, w *world, mandate string) {
	t.Helper()
	var got struct{ Events []told }
	stage.Until(t, "the trail does not follow", func() bool {
		w.ada.Get(t, w.own+"/v1/events?limit=1000&mandate="+mandate).Is(t, "events", 200).Reads(t, &got)
		return slices.ContainsFunc(got.Events, func(e told) bool { return e.Kind == "mandate.ended" })
	})
	seen := func(kind, path, title string) bool {
		path, _, _ = strings.Cut(path, "?")
		return slices.ContainsFunc(got.Events, func(e told) bool {
			return e.Kind == kind && e.What["path"] == path && (title == "" || e.What["title"] == title)
		})
	}
	for _, e := range got.Events {
		if e.Actor.Name != "Sam Okafor" || e.Subject.Name != "Dana Reyes" {
			t.Errorf("%s %v is told as %s → %s", e.Kind, e.What, e.Actor.Name, e.Subject.Name)
		}
	}
	for _, p := range s.pages {
		if !p.static && !seen("request.allowed", p.to, "") {
			t.Errorf("the trail does not tell of %s", p.to)
		}
	}
	if !seen("request.served", s.home, s.title) {
		t.Errorf("the trail does not say that %s is %q", s.home, s.title)
	}
	refused := 0
	for _, e := range got.Events {
		if e.Kind == "request.denied" {
			refused++
		}
	}
	want := 0
	for _, a := range s.writes {
		if a.status == 0 {
			want++
		}
	}
	if refused < want {
		t.Errorf("the trail tells of %d refusals, want %d", refused, want)
	}
}
