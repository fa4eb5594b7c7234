package outside

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a browser says of itself: a page that is opened, a form that is sent by hand, a poll of a script.
var (
	opened = []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-User", "?1", "Accept", "text/html"}
	polled = []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin", "Accept", "application/json"}
)

const formType = "application/x-www-form-urlencoded"

func (c *caller) byHand(t *testing.T, to string, fields ...string) answer {
	t.Helper()
	return c.send(t, "POST", to, encode(fields...), append([]string{"Content-Type", formType, "Origin", c.w.Gateway}, opened...)...)
}

// The end is seen by a person, not by a poll (R16).
func TestEndIsSeen(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	m := sam.standing(t).Mandate
	w.advance(t, 10*time.Minute)
	for i := range 3 {
		sam.get(t, w.Gateway+"/api/orders", polled...).is(t, "poll "+strconv.Itoa(i), 403)
	}
	sam.get(t, w.Gateway+"/.stead/status", polled...).is(t, "status", 200)
	sam.send(t, "POST", w.Gateway+"/.stead/end", "", append([]string{"Content-Type", formType}, polled...)...)
	change := []string{"status", "cancelled"}
	if a := sam.byHand(t, w.Gateway+"/orders/7", change...); a.status < 400 {
		t.Errorf("the form that was open went out as Sam: %d", a.status)
	}
	if a := sam.get(t, w.Gateway+"/orders", opened...); a.status == 200 {
		t.Error("a page before the end was seen")
	}
	end := sam.get(t, w.Gateway+"/.stead/end", opened...).is(t, "the end page", 200)
	holds(t, "the end page", end.body, m)
	if a := sam.get(t, w.Gateway+"/orders", opened...); a.status == 200 {
		t.Error("looking at the end page is no acknowledgement")
	}
	sam.byHand(t, w.Gateway+"/.stead/end", "mandate", m).is(t, "seen", 303)
	if a := sam.get(t, w.Gateway+"/api/whoami"); a.status != 200 {
		t.Errorf("himself again: %d %s", a.status, a.body)
	}
}

// However it ends, the very next request is no more hers (C7, B13).
func TestEndsAtOnce(t *testing.T) {
	w := dev(t)
	root, omar := w.token(t, "staff/root"), w.token(t, "staff/omar")
	sam, dana := w.person(t, "staff/sam"), w.person(t, "customers/dana")
	change := func(id string, v map[string]any) {
		t.Helper()
		root.json(t, "PATCH", w.Console+"/v1/people/"+id, v).is(t, "change", 200)
	}
	fresh := func() { root, omar = w.token(t, "staff/root"), w.token(t, "staff/omar") }
	for name, end := range map[string]func(*caller){
		"end":      func(c *caller) { c.form(t, w.Gateway+"/.stead/end") },
		"expiry":   func(*caller) { w.advance(t, 10*time.Minute) },
		"idle":     func(*caller) { w.advance(t, 31*time.Minute); fresh() },
		"absolute": func(*caller) { w.advance(t, 13*time.Hour); fresh() },
		"sign out": func(c *caller) { c.form(t, w.Gateway+"/.stead/out").is(t, "out", 200) },
		"sign out at the console": func(c *caller) {
			c.form(t, w.Console+"/logout").is(t, "out", 303)
		},
		"actor disabled": func(*caller) { change(sam.ID, map[string]any{"disabled": true}) },
		"actor moved":    func(*caller) { change(sam.ID, map[string]any{"groups": []string{"former"}}) },
		"actor's password": func(*caller) {
			change(sam.ID, map[string]any{"password": sam.Password})
		},
		"subject disabled": func(*caller) { change(dana.ID, map[string]any{"disabled": true}) },
		"subject promoted": func(*caller) { change(dana.ID, map[string]any{"groups": []string{"customers", "privileged"}}) },
		"subject refuses":  func(*caller) { change(dana.ID, map[string]any{"attributes": map[string]string{"acting": "refused"}}) },
		"revoked": func(c *caller) {
			omar.json(t, "POST", w.Console+"/v1/mandates/"+c.standing(t).Mandate+"/revoke", map[string]any{"reason": "not him"}).is(t, "revoke", 200)
		},
		"suspended": func(c *caller) {
			omar.json(t, "POST", w.Console+"/v1/mandates/"+c.standing(t).Mandate+"/suspend", nil).is(t, "suspend", 200)
		},
		"session ended by security": func(*caller) {
			var all struct {
				Sessions []struct {
					ID     string
					Person struct{ ID string }
				}
			}
			omar.get(t, w.Console+"/v1/sessions").is(t, "sessions", 200).reads(t, &all)
			over := 0
			for _, e := range all.Sessions {
				if e.Person.ID == sam.ID {
					over++
					omar.json(t, "DELETE", w.Console+"/v1/sessions/"+e.ID, nil).is(t, "end the session", 204)
				}
			}
			if over == 0 {
				t.Errorf("security sees no session of Sam's: %+v", all)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.enter(t, "staff/sam")
			c.acts(t, "staff/sam").is(t, "start", 303)
			c.get(t, w.Gateway+"/api/orders").is(t, "hers", 200)
			end(c)
			a := c.get(t, w.Gateway+"/api/orders")
			if a.status == 200 || a.head.Get("Stead-Acting") == "" && a.status == 200 {
				t.Errorf("afterwards: %d %s", a.status, a.body)
			}
			change(sam.ID, map[string]any{"disabled": false, "groups": sam.Groups})
			change(dana.ID, map[string]any{"disabled": false, "groups": dana.Groups, "attributes": map[string]string{"city": "Lisbon"}})
			if a := c.get(t, w.Gateway+"/api/orders"); a.status == 200 {
				t.Errorf("it came back to life: %d", a.status)
			}
			c.form(t, w.Console+"/logout")
		})
	}
}

// Fifty starts at once are one mandate.
func TestFiftyStarts(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	code := w.code(t, "staff/sam")
	u := sam.pass(t, w.Gateway)
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[int]int{}
	for range 50 {
		wg.Go(func() {
			c := stranger(w)
			c.http.Transport = &http.Transport{}
			a := c.send(t, "POST", w.Gateway+"/.stead/act", encode("subject", "dana", "directory", "customers", "reason", "wrong total", "ticket", "SUP-4711", "code", code),
				"Content-Type", formType, "Cookie", u.Name+"="+u.Value)
			mu.Lock()
			defer mu.Unlock()
			count[a.status]++
		})
	}
	wg.Wait()
	if count[303] != 1 {
		t.Errorf("answers: %v", count)
	}
	omar := w.token(t, "staff/omar")
	var found struct{ Events []struct{ Kind string } }
	eventually(t, "a start in the trail", func() error { // the searchable copy follows within 200 ms
		omar.get(t, w.Console+"/v1/events?kind=mandate.started").is(t, "events", 200).reads(t, &found)
		if len(found.Events) == 0 {
			return errors.New("none yet")
		}
		return nil
	})
	if len(found.Events) != 1 {
		t.Errorf("started: %v", found.Events)
	}
}

// One actor acts for one, whatever number of his sessions try it at once (R14).
func TestSessionsAtOnce(t *testing.T) {
	w := dev(t)
	var all []*caller
	for range 4 {
		c := w.enter(t, "staff/sam")
		c.form(t, w.Console+"/act/arm", "code", w.code(t, "staff/sam")).is(t, "arm", 303)
		all = append(all, c)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	begun := 0
	for _, c := range all {
		for _, subject := range []string{"dana", "dana", "dana"} {
			wg.Go(func() {
				a := c.form(t, w.Gateway+"/.stead/act", "subject", subject, "directory", "customers", "reason", "x", "ticket", "SUP-1")
				mu.Lock()
				defer mu.Unlock()
				if a.status == 303 {
					begun++
				}
			})
		}
	}
	wg.Wait()
	acting := 0
	for _, c := range all {
		if a := c.get(t, w.Gateway+"/.stead/status"); a.status == 200 && strings.Contains(a.body, `"acting":true`) {
			acting++
		}
	}
	if begun != 1 || acting != 1 {
		t.Errorf("%d began, %d act", begun, acting)
	}
}

// What is refused is recorded too, whoever is refused.
func TestRefusalsAreRecorded(t *testing.T) {
	w := dev(t)
	tess, omar := w.token(t, "staff/tess"), w.token(t, "staff/omar")
	for kind, try := range map[string]func(){
		"mandate.revoke.refused": func() { tess.json(t, "POST", w.Console+"/v1/mandates/man_a/revoke", nil) },
		"person.search.refused": func() {
			tess.json(t, "POST", w.Console+"/v1/mandates", map[string]any{"subject": w.person(t, "customers/dana").ID, "app": "orders", "reason": "x"})
		},
		"session.start.refused": func() { stranger(w).login(t, "staff/sam", "wrong", "") },
	} {
		try()
		var found struct{ Events []struct{ Kind string } }
		for range 30 {
			omar.get(t, w.Console+"/v1/events?kind="+kind).is(t, kind, 200).reads(t, &found)
			if len(found.Events) > 0 {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if len(found.Events) == 0 {
			t.Errorf("no %s", kind)
		}
	}
}
