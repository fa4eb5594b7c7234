package authzen_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

type page struct {
	Page struct {
		Next string `json:"next_token"`
	}
	Results []struct{ Type, ID, Name string }
}

func (w *world) search(secret, what, body string) (page, int) {
	w.t.Helper()
	a := w.send(secret, "/access/v1/search/"+what, body)
	var p page
	if a.code == 200 {
		if err := json.Unmarshal([]byte(a.body), &p); err != nil || p.Results == nil {
			w.t.Fatalf("%s %v", a.body, err)
		}
	}
	return p, a.code
}

// What is told of alice and bob, and of two records: with these, searches are asked of the same rules as evaluations.
const (
	readers  = `{"subject":{"type":"user"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}`
	readable = `{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"ignored"}`
	doable   = `{"subject":{"type":"user","id":"alice"},"resource":{"type":"record","id":"record-1"}`
)

func TestSearch(t *testing.T) {
	w := recordsWorld(t)
	names := func(secret, what, body string) string {
		p, code := w.search(secret, what, body)
		var all []string
		for _, r := range p.Results {
			all = append(all, r.ID+r.Name)
		}
		if code != 200 || p.Page.Next != "" {
			t.Errorf("%s: %d %q", body, code, p.Page.Next)
		}
		return strings.Join(all, " ")
	}
	for _, r := range []struct{ secret, what, body, want string }{
		{desk, "subject", readers + "}", "alice bob"},
		{desk, "subject", strings.Replace(readers, "record-1", "record-2", 1) + "}", ""},
		{desk, "subject", strings.Replace(readers, "user", "spaceship", 1) + "}", ""},
		{desk, "resource", readable + "}", "record-1"},
		{desk, "resource", strings.Replace(readable, "alice", "eve", 1) + "}", ""},
		{desk, "resource", strings.Replace(readable, `"record"`, `"application"`, 1) + "}", "crm orders records"},
		{desk, "resource", strings.Replace(readable, `"record"`, `"realm"`, 1) + "}", "crm/all orders/shop orders/sign records/all"},
		{desk, "resource", strings.Replace(readable, `"record"`, `"spaceship"`, 1) + "}", ""},
		{desk, "action", doable + "}", "read write"},
		{desk, "action", doable + `,"context":{"mandate":"man_x"}}`, ""},
		{desk, "action", strings.Replace(doable, `"record","id":"record-1"`, `"realm","id":"orders/shop"`, 1) + "}", "closed export mark open read watch write"},
		// R40: a search shows only what the caller may see
		{kiosk, "subject", readers + "}", ""},
		{kiosk, "resource", strings.Replace(readable, "alice", "fixture/alice", 1) + "}", ""},
		{kiosk, "action", strings.Replace(doable, "alice", "fixture/alice", 1) + "}", ""},
		{kiosk, "resource", strings.Replace(strings.Replace(readable, "alice", "fixture/alice", 1), `"record"`, `"application"`, 1) + "}", "orders"},
	} {
		if got := names(r.secret, r.what, r.body); got != r.want {
			t.Errorf("%s %s: %q, want %q", r.what, r.body, got, r.want)
		}
	}
	for what, body := range map[string]string{"subject": doable + "}", "resource": doable + "}", "action": readers + "}"} {
		if _, code := w.search(desk, what, body); code != 400 {
			t.Errorf("%s %s: %d", what, body, code)
		}
	}
}

// Pages: every one is found once, whatever their size; and a token that was not given for exactly this is none (G9).
func TestPages(t *testing.T) {
	w := recordsWorld(t)
	var more []authority.NewPerson
	for _, c := range "cdefgh" {
		more = append(more, authority.NewPerson{Directory: "fixture", Name: string(c) + "-reader"})
	}
	w.enroll(more...)
	for limit := range 9 {
		var all []string
		token := ""
		for range 20 {
			p, code := w.search(desk, "subject", readers+`,"page":{"token":"`+token+`","limit":`+string(rune('1'+limit))+`}}`)
			if code != 200 || len(p.Results) > limit+1 {
				t.Fatal(code, len(p.Results))
			}
			for _, r := range p.Results {
				all = append(all, r.ID)
			}
			if token = p.Page.Next; token == "" {
				break
			}
		}
		if got := strings.Join(all, " "); got != "alice bob c-reader d-reader e-reader f-reader g-reader h-reader" {
			t.Errorf("pages of %d: %s", limit+1, got)
		}
	}
	p, _ := w.search(desk, "subject", readers+`,"page":{"limit":2}}`)
	for i := range p.Page.Next {
		other := []byte(p.Page.Next)
		if other[i]++; other[i] > 'z' {
			other[i] = 'A'
		}
		if _, code := w.search(desk, "subject", readers+`,"page":{"token":"`+string(other)+`"}}`); code != 400 {
			t.Fatalf("a forged token passes: byte %d", i)
		}
	}
	for what, body := range map[string]string{
		"of another question": strings.Replace(readers, "record-1", "record-2", 1) + `,"page":{"token":"` + p.Page.Next + `"}}`,
		"of another action":   strings.Replace(readers, "read", "write", 1) + `,"page":{"token":"` + p.Page.Next + `"}}`,
		"of a kind":           readers + `,"page":{"token":7}}`,
		"no limit":            readers + `,"page":{"limit":0}}`,
		"a limit of a kind":   readers + `,"page":{"limit":"2"}}`,
		"half a one":          readers + `,"page":{"limit":1.5}}`,
		"no page":             readers + `,"page":[]}`,
	} {
		if _, code := w.search(desk, "subject", body); code != 400 {
			t.Errorf("%s: %d", what, code)
		}
	}
	if _, code := w.search(kiosk, "subject", readers+`,"page":{"token":"`+p.Page.Next+`"}}`); code != 400 {
		t.Error("a token of the desk's is none of the kiosk's")
	}
}

// Of a thing the policy's files know what they know; what its service says fills in the rest, in the types of the schema.
func TestThings(t *testing.T) {
	w := recordsWorld(t)
	ask := func(subject, action, id, properties string) said {
		if properties != "" {
			properties = `,"properties":` + properties
		}
		kind, given, _ := strings.Cut(action, ":")
		if given != "" {
			given = `,"properties":` + given
		}
		return w.ask(desk, evaluation, `{"subject":{"type":"user","id":"`+subject+`","properties":{"role":"admin"}},"action":{"name":"`+kind+`"`+given+
			`},"resource":{"type":"record","id":"`+id+`"`+properties+`}}`)
	}
	for name, r := range map[string]struct {
		s    said
		want bool
		why  stead.Reason
	}{
		"known":                          {ask("alice", "read", "record-1", ""), true, ""},
		"what is known stays":            {ask("alice", "read", "record-2", `{"status":"active"}`), false, stead.ReasonPolicy},
		"a role is not said":             {ask("alice", "write", "record-2", ""), false, stead.ReasonPolicy},
		"nothing known":                  {ask("alice", "read", "record-9", ""), false, stead.ReasonPolicy},
		"said of what nothing is known":  {ask("alice", "read", "record-9", `{"status":"active","color":["red"]}`), true, ""},
		"said in another type":           {ask("alice", "read", "record-9", `{"status":1}`), false, stead.ReasonFailed},
		"an owner is not said":           {ask("alice", "write", "record-9", `{"status":"active","owner":"fixture/alice"}`), false, stead.ReasonPolicy},
		"said of the action":             {ask("alice", `delete:{"soft":true}`, "record-1", ""), true, ""},
		"said of it otherwise":           {ask("alice", `delete:{"soft":false}`, "record-1", ""), false, stead.ReasonPolicy},
		"said of it in another type":     {ask("alice", `delete:{"soft":"yes"}`, "record-1", ""), false, stead.ReasonFailed},
		"what Stead knows itself":        {ask("alice", `delete:{"level":9,"hour":3}`, "record-1", ""), false, stead.ReasonPolicy},
		"an action of another type":      {ask("alice", "export", "record-1", ""), false, stead.ReasonFailed},
		"an application's own on a path": {w.one(desk, "user:alice", "delete", "path:records/x", ""), false, stead.ReasonFailed},
	} {
		if r.s.yes() != r.want || r.s.Context.Reason != r.why {
			t.Errorf("%s: %v %q, want %v %q", name, r.s.yes(), r.s.Context.Reason, r.want, r.why)
		}
	}
	if s := w.one(kiosk, "user:fixture/alice", "read", "record:record-1", ""); s.yes() || s.Context.Reason != "" {
		t.Errorf("the kiosk may not ask about records: %+v", s)
	}
	s := ask("alice", `delete:{"soft":true}`, "record-1", `{"color":"red"}`)
	w.events("request.allowed")
	why, err := w.Why(t.Context(), w.Login("staff/omar", "stead.test"), s.Context.ID)
	if err != nil || !why.Same || why.Event.What["type"] != "record" || why.Event.What["said"] != `{"color":"red"}` {
		t.Errorf("%+v %v", why, err)
	}
}
