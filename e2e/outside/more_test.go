package outside

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Who comes back under an old name is somebody else (C13).
func TestRecreated(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	dana := w.enter(t, "customers/dana")
	token := w.token(t, "customers/dana")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	mandate := sam.standing(t).Mandate
	sam.get(t, w.Gateway+"/api/orders").is(t, "hers", 200)
	root, old := w.token(t, "staff/root"), w.person(t, "customers/dana")
	root.json(t, "DELETE", w.Console+"/v1/people/"+old.ID, nil).is(t, "delete", 204)
	if a := sam.get(t, w.Gateway+"/api/orders"); a.status == 200 {
		t.Error("Sam still acts for who is gone")
	}
	root.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "customers", "name": "dana", "shown": "Dana Reyes", "groups": []string{"customers"}, "password": old.Password, "totp_secret": old.TOTP}).is(t, "enrol again", 201)
	dana.get(t, w.Gateway+"/api/orders").is(t, "the old session", 401)
	token.get(t, w.Console+"/v1/whoami").is(t, "the old token", 401)
	now := w.token(t, "customers/dana")
	var me struct{ Person struct{ ID string } }
	if now.get(t, w.Console+"/v1/whoami").is(t, "the new one", 200).reads(t, &me); me.Person.ID == old.ID {
		t.Error("the same id again")
	}
	for _, path := range []string{"/v1/events?limit=200", "/v1/mandates", "/v1/mandates/" + mandate, "/v1/sessions"} {
		if a := now.get(t, w.Console+path); strings.Contains(a.body, mandate) && a.status == 200 || strings.Contains(a.body, old.ID) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	if a := sam.get(t, w.Gateway+"/api/orders"); a.status == 200 {
		t.Error("Sam acts for the new one")
	}
}

// Acting begins and is lengthened on Stead's own origin only; a worker of the application's is never served (R11).
func TestOnlyAtHome(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	wish := encode("subject", "dana", "directory", "customers", "reason", "x", "ticket", "SUP-1", "code", w.code(t, "staff/sam"))
	for _, one := range []string{"Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-Site", "Sec-Fetch-User"} {
		value := map[string]string{"Sec-Fetch-Site": "same-origin"}[one]
		for _, path := range []string{"/.stead/act", "/.stead/extend"} {
			a := sam.send(t, "POST", w.Gateway+path, wish, "Content-Type", formType, one, value)
			if a.status != 303 || !strings.HasPrefix(a.to(), w.Console+"/act?") || strings.Contains(a.to(), "reason") {
				t.Errorf("%s with %s: %d %q", path, one, a.status, a.to())
			}
		}
	}
	if s := sam.standing(t); s.Acting {
		t.Fatalf("%+v", s)
	}
	sam.acts(t, "staff/sam").is(t, "start", 303)
	if a := sam.get(t, w.Gateway+"/api/orders", "Service-Worker", "script"); a.status != 403 {
		t.Errorf("a service worker's script: %d", a.status)
	}
	a := sam.get(t, w.Gateway+"/api/orders", "If-None-Match", "*", "Range", "bytes=0-9", "Accept", "text/html")
	if a.status != 200 || a.head.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q", a.status, a.head.Get("Cache-Control"))
	}
}

// The clock of a demonstration is nobody's from elsewhere, and no rebinding makes this host another's.
func TestOtherNames(t *testing.T) {
	w := dev(t)
	for _, head := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}, {"Sec-Fetch-Site", "same-site"}} {
		a := stranger(w).send(t, "POST", w.Console+"/v1/dev/clock", `{"advance":"24h"}`, append([]string{"Content-Type", "application/json"}, head...)...)
		a.is(t, fmt.Sprint(head), 403)
	}
	for _, host := range []string{"evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", "[::1]", "127.0.0.1.evil.example"} {
		for _, base := range []string{w.Console, w.Gateway} {
			if status, _ := raw(t, base, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); status != 421 && status != 400 {
				t.Errorf("%s as %s: %d", base, host, status)
			}
		}
	}
}

// One approver counts once, however often at once; of yes, no and taking back, one is true (D4, D5).
func TestVotesAtOnce(t *testing.T) {
	w := dev(t)
	sam, maya, omar := w.token(t, "staff/sam"), w.token(t, "staff/maya"), w.token(t, "staff/omar")
	for round := range 4 {
		a := sam.json(t, "POST", w.Console+"/v1/mandates", map[string]any{"subject": "customers/erin", "app": "orders", "reason": "x", "ticket": "SUP-1", "mode": "edit", "code": w.code(t, "staff/sam")})
		var m struct {
			ID, Digest, State string
			Approvals         []struct{ Yes bool }
		}
		if a.reads(t, &m); m.State != "asked" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		count := map[string]int{}
		vote := func(c *caller, verb string) {
			wg.Go(func() {
				a := c.json(t, "POST", w.Console+"/v1/mandates/"+m.ID+"/"+verb, map[string]any{"digest": m.Digest})
				mu.Lock()
				defer mu.Unlock()
				count[fmt.Sprint(verb, " ", a.status)]++
			})
		}
		for range 15 {
			vote(maya, "approve")
			if round == 1 {
				vote(omar, "refuse")
			}
		}
		if round == 2 {
			wg.Go(func() { sam.json(t, "POST", w.Console+"/v1/mandates/"+m.ID+"/withdraw", nil) })
		}
		wg.Wait()
		omar.get(t, w.Console+"/v1/mandates/"+m.ID).is(t, "the mandate", 200).reads(t, &m)
		yes := 0
		for _, v := range m.Approvals {
			if v.Yes {
				yes++
			}
		}
		if yes > 1 || count["approve 200"] > 1 || count["refuse 200"] > 1 {
			t.Errorf("round %d: %v %+v", round, count, m)
		}
		if m.State == "approved" || m.State == "asked" {
			sam.json(t, "POST", w.Console+"/v1/mandates/"+m.ID+"/withdraw", nil).is(t, "withdraw", 200)
		}
	}
}

// A stream of events ends with the session that opened it (B7).
func TestStreamEnds(t *testing.T) {
	w := dev(t)
	omar := w.token(t, "staff/omar")
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, "GET", w.Console+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Accept": {"text/event-stream"}, "User-Agent": {agent}, "Authorization": omar.head["Authorization"]}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	omar.json(t, "POST", w.Console+"/v1/logout", nil).is(t, "out", 204)
	w.enter(t, "staff/sam").acts(t, "staff/sam", "reason", "AFTERLOGOUT").is(t, "start", 303)
	for {
		select {
		case line, open := <-lines:
			if !open {
				return
			}
			if strings.Contains(line, "AFTERLOGOUT") {
				t.Fatal("what happened after he signed out was told")
			}
		case <-time.After(5 * time.Second):
			t.Fatal("the stream is still open")
		}
	}
}

// The setup link is for one, once, and in time.
func TestSetupLink(t *testing.T) {
	w := dev(t)
	token := strings.TrimPrefix(w.Setup, w.Console+"/setup?token=")
	for _, wrong := range []string{"", "setup_aaaaaaaaaaaaaaaaaaaaaaaaaa", token[:len(token)-1], strings.ToUpper(token), token + "a"} {
		for range 3 {
			if a := stranger(w).page(t, w.Console+"/setup?token="+wrong); a.status < 400 {
				t.Fatalf("%q: %d", wrong, a.status)
			}
		}
	}
	first := stranger(w)
	first.page(t, w.Setup).is(t, "the link", 303)
	holds(t, "the link", first.page(t, w.Console+"/").is(t, "signed in", 200).body, "Sam Okafor")
	if a := stranger(w).page(t, w.Setup); a.status < 400 {
		t.Errorf("the link again: %d %s", a.status, a.to())
	}
	late := dev(t)
	late.advance(t, 31*time.Minute)
	if a := stranger(late).page(t, late.Setup); a.status < 400 {
		t.Errorf("too late: %d %s", a.status, a.to())
	}
}

// What was done is in the trail under both names before it is seen, and what was refused too (I5).
func TestTrail(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	mandate := sam.standing(t).Mandate
	sam.page(t, w.Gateway+"/orders/7").is(t, "a page", 200)
	sam.send(t, "PATCH", w.Gateway+"/api/orders/7", "{}", "Content-Type", "application/json").is(t, "a write", 403)
	sam.form(t, w.Gateway+"/.stead/end").is(t, "end", 200)
	omar := w.token(t, "staff/omar")
	var found struct {
		Events []struct {
			Kind, Outcome, Reason, Decision string
			Actor, Subject                  struct{ Account string }
		}
	}
	kinds, seen := []string{"mandate.asked", "mandate.started", "request.allowed", "request.denied", "request.served", "mandate.ended"}, map[string]int{}
	for range 50 {
		body := omar.get(t, w.Console+"/v1/events?limit=200&mandate="+mandate).is(t, "events", 200)
		if body.reads(t, &found); !slices.ContainsFunc(kinds, func(k string) bool { return !strings.Contains(body.body, k) }) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, e := range found.Events {
		seen[e.Kind]++
		if e.Actor.Account != "sam" || e.Subject.Account != "dana" {
			t.Errorf("%+v", e)
		}
		if strings.HasPrefix(e.Kind, "request.") && e.Decision == "" {
			t.Errorf("no decision: %+v", e)
		}
	}
	for _, k := range kinds {
		if seen[k] == 0 {
			t.Errorf("no %s: %v", k, seen)
		}
	}
}
