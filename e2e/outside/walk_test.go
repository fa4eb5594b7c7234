package outside

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	bar   = regexp.MustCompile(`(?s)<script src="/\.stead/static/[^>]*></script>|<link id="stead-style"[^>]*>|<div id="stead-frame".*?</div>|<p id="stead-paper">.*?</p>|<section id="stead-bar".*?</section>`)
	times = regexp.MustCompile(`\d\d:\d\d(:\d\d)?`)
)

// The whole of it, over plain HTTP, as a script of somebody else's would do it.
func TestWalk(t *testing.T) {
	w := dev(t)
	dana := w.enter(t, "customers/dana")
	before := dana.get(t, w.Gateway+"/api/orders").is(t, "Dana's orders", 200)
	hers := dana.page(t, w.Gateway+"/orders").is(t, "Dana's page", 200)
	sam := w.enter(t, "staff/sam")
	if s := sam.standing(t); s.Acting || s.Actor.Name != "sam" || s.Subject.ID != s.Actor.ID || s.Mandate != "" {
		t.Errorf("before: %+v", s)
	}

	// Two Danas: nobody is guessed.
	two := sam.form(t, w.Gateway+"/.stead/act", "subject", "dana", "reason", "wrong total", "ticket", "SUP-4711", "code", w.code(t, "staff/sam")).is(t, "two Danas", 409, "ambiguous-person")
	var list struct {
		Candidates []struct{ ID, Name, Directory string }
	}
	two.reads(t, &list)
	if len(list.Candidates) != 2 || list.Candidates[0].Directory == list.Candidates[1].Directory {
		t.Errorf("candidates: %+v", list)
	}

	old := sam.pass(t, w.Gateway)
	begun := sam.acts(t, "staff/sam", "for", "10m").is(t, "started", 303)
	if begun.to() != "/orders" {
		t.Errorf("started, sent to %q", begun.to())
	}
	if now := sam.pass(t, w.Gateway); old == nil || now == nil || now.Value == old.Value {
		t.Error("the pass did not change at the start") // B2
	}
	s := sam.standing(t)
	d := w.person(t, "customers/dana")
	if !s.Acting || s.Actor.ID != w.person(t, "staff/sam").ID || s.Subject.ID != d.ID || s.Subject.Name != "dana" || s.Mode != "read-only" ||
		!strings.HasPrefix(s.Mandate, "man_") || s.WarnsOf != "mandate" || s.ExtensionsLeft == nil || !s.WarnAt.Equal(s.Until.Add(-time.Minute)) {
		t.Errorf("acting: %+v", s)
	}
	if left := s.Until.Sub(w.advance(t, 0)); left > 10*time.Minute || left < 8*time.Minute {
		t.Errorf("%s are left", left)
	}

	// Her page, with a bar and nothing else.
	mine := sam.page(t, w.Gateway+"/orders").is(t, "her page, as Sam", 200)
	if mine.head.Get("Stead-Acting") != s.Mandate {
		t.Errorf("Stead-Acting %q", mine.head.Get("Stead-Acting"))
	}
	holds(t, "her page", mine.body, "Dana Reyes", "Read-only", "SUP-4711")
	if got, want := bare(mine.body), bare(hers.body); got != want {
		t.Errorf("the page differs:\n%s\n---\n%s", got, want)
	}
	if got := sam.get(t, w.Gateway+"/api/orders"); got.body != before.body {
		t.Errorf("the data differ:\n%s\n%s", got.body, before.body)
	}

	// A write never reaches the application.
	no := sam.send(t, "PATCH", w.Gateway+"/api/orders/1001", `{"note":"changed by Sam"}`, "Content-Type", "application/json").is(t, "a write", 403, "read-only")
	holds(t, "the refusal", no.body, `"decision_id":"dec_`, "api-change")
	if got := sam.get(t, w.Gateway+"/api/orders"); got.body != before.body {
		t.Error("something was changed")
	}

	// No chain, by whatever door.
	noChain(t, sam)
	if got := sam.standing(t); got.Mandate != s.Mandate {
		t.Errorf("after the chain: %+v", got)
	}

	// Longer, but not for ever.
	for range *s.ExtensionsLeft {
		sam.form(t, w.Gateway+"/.stead/extend", "reason", "still looking", "code", w.code(t, "staff/sam")).is(t, "extend", 200)
		if got := sam.standing(t); got.Until.Sub(w.advance(t, 0)) > time.Hour {
			t.Errorf("until %s", got.Until)
		}
	}
	sam.form(t, w.Gateway+"/.stead/extend", "reason", "still looking", "code", w.code(t, "staff/sam")).is(t, "past the cap", 403)

	// Out.
	sam.form(t, w.Gateway+"/.stead/end")
	if got := sam.standing(t); got.Acting {
		t.Errorf("after the end: %+v", got)
	}
	sam.form(t, w.Gateway+"/.stead/end").is(t, "end twice", 409)
	sam.form(t, w.Gateway+"/.stead/extend", "reason", "more").is(t, "extend after the end", 409)
	if got := dana.get(t, w.Gateway+"/api/orders"); got.body != before.body {
		t.Error("Dana's orders were changed")
	}
}

// noChain tries every door while the caller acts (C4, I6).
func noChain(t *testing.T, sam *caller) {
	t.Helper()
	w := sam.w
	erin := w.person(t, "customers/erin")
	chain := func(what string, a answer) {
		t.Helper()
		if a.status < 400 {
			t.Errorf("%s: %d %s\n%s", what, a.status, a.to(), a.body)
		}
	}
	wish := []string{"subject", "erin", "directory", "customers", "reason", "chain", "ticket", "SUP-1"}
	chain("at the gateway", sam.form(t, w.Gateway+"/.stead/act", wish...))
	chain("at the gateway, with a code", sam.form(t, w.Gateway+"/.stead/act", append(wish, "code", w.code(t, "staff/sam"))...))
	chain("arming", sam.form(t, w.Console+"/act/arm", "code", w.code(t, "staff/sam")))
	chain("the console's form", sam.form(t, w.Console+"/act/ask", "subject", erin.ID, "app", "orders", "reason", "chain", "ticket", "SUP-1"))
	api := w.token(t, "staff/sam")
	ask := map[string]any{"subject": "customers/erin", "app": "orders", "reason": "chain", "ticket": "SUP-1", "start": true, "code": w.code(t, "staff/sam")}
	chain("the API, another session", api.json(t, "POST", w.Console+"/v1/mandates", ask))
	own := stranger(w)
	own.http.Jar = sam.jar
	own.head.Set("Sec-Fetch-Site", "same-origin")
	own.head.Set("Origin", w.Console)
	ask["code"] = w.code(t, "staff/sam")
	chain("the API, the same session", own.json(t, "POST", w.Console+"/v1/mandates", ask))
	if s := api.json(t, "GET", w.Console+"/v1/mandates", nil); strings.Contains(s.body, erin.ID) {
		t.Errorf("there is a mandate for Erin: %s", s.body)
	}
}

// bare is a page without what Stead put into it, and without times of day.
func bare(page string) string { return times.ReplaceAllString(bar.ReplaceAllString(page, ""), "TIME") }
