package agents

import (
	"crypto/ecdsa"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A sweeper asks as one instance, with tokens of this minute.
type sweeper struct {
	*outside
	asked int
	token string
}

// H17, H1: an agent may call whatever the API has, for itself, its owner and what it holds: it changes nothing of what it is,
// and gets no further than to its own tasks. What it was refused is on record under its name.
func TestAgentSweepsAPI(t *testing.T) {
	o := &sweeper{outside: newOutside(t)}
	run := newKey(t)
	o.outside.token(run)
	by, m := o.begins(run)
	before := o.standing(by.Principal)
	owner := o.People["staff/max"]
	swaps := map[string]string{"{id}": string(by.Principal), "{name}": "core"}
	others := []string{string(m.ID), string(by.Instance), string(owner.ID), string(o.People["staff/root"].ID)}
	let := map[string]int{}
	for _, row := range o.operations("post", "put", "patch", "delete") {
		method, path, _ := strings.Cut(row, " ")
		for _, id := range append([]string{swaps["{id}"]}, others...) {
			if row == "DELETE /v1/instances/{id}" && id == string(by.Instance) {
				continue // nothing would be left to ask with
			}
			at := strings.ReplaceAll(strings.ReplaceAll(path, "{id}", id), "{name}", swaps["{name}"])
			for _, body := range o.wanted(before, owner) {
				s := o.as(run, method, at, body)
				if s.status < 300 {
					let[row]++
				}
				if s.status >= 500 || s.status == http.StatusUnauthorized && path != "/v1/instances" { // where nobody is anybody yet
					t.Errorf("%s %s with %s: %d %v", method, at, body, s.status, s.body)
				}
			}
			if !strings.Contains(path, "{id}") {
				break
			}
		}
	}
	if want := []string{"POST /v1/instances/{id}/beat", "POST /v1/mandates/{id}/complete"}; !cmp.Equal(want, slices.Sorted(maps.Keys(let))) {
		t.Error("an agent is let do", let)
	}
	if after := o.standing(by.Principal); !cmp.Equal(before, after) {
		t.Error(cmp.Diff(before, after))
	}
	if n := o.refusals(by.Principal); n < 100 {
		t.Errorf("%d refusals are on record", n)
	}
}

// It reads what is its own and what everybody may; of all else it is told that it is not for agents, never to sign in.
func TestAgentReadsAPI(t *testing.T) {
	o := &sweeper{outside: newOutside(t)}
	run := newKey(t)
	o.outside.token(run)
	by, m := o.begins(run)
	if s := o.as(run, "GET", "/v1/mandates", ""); s.status != http.StatusOK || !strings.Contains(text(t, s.body), string(m.ID)) {
		t.Errorf("its own mandates: %d %v", s.status, s.body)
	}
	if s := o.as(run, "GET", "/v1/mandates?all=true", ""); s.status != http.StatusForbidden || s.body["reason_code"] != string(stead.ReasonPerson) {
		t.Errorf("everybody's: %d %v", s.status, s.body)
	}
	let := map[string]bool{}
	for _, row := range o.operations("get") {
		_, path, _ := strings.Cut(row, " ")
		for _, id := range []string{string(m.ID), string(by.Principal), string(by.Instance), string(o.People["staff/max"].ID)} {
			s := o.as(run, "GET", strings.ReplaceAll(strings.ReplaceAll(path, "{id}", id), "{name}", "core"), "")
			if s.status == http.StatusOK {
				let[path] = true
			}
			if s.status == http.StatusUnauthorized || s.status >= 500 {
				t.Errorf("GET %s of %s: %d %v", path, id, s.status, s.body)
			}
		}
	}
	want := []string{"/v1/agents", "/v1/agents/{id}", "/v1/agents/{id}/past", "/v1/agents/{id}/proposal", "/v1/agents/{id}/usage", "/v1/apps",
		"/v1/audit/checkpoint", "/v1/events", "/v1/instances", "/v1/mandates", "/v1/mandates/{id}", "/v1/people/{id}", "/v1/reports"}
	if !cmp.Equal(want, slices.Sorted(maps.Keys(let))) {
		t.Error(cmp.Diff(want, slices.Sorted(maps.Keys(let))))
	}
}

// refusals counts what is on record as refused to an agent, and nothing else of its is there but what it may do.
func (o *sweeper) refusals(id stead.PrincipalID) (n int) {
	if err := o.Store.Settled(o.t.Context(), o.Store.Head().Size); err != nil {
		o.t.Fatal(err)
	}
	all, err := o.Store.Events(o.t.Context(), authority.EventQuery{Actor: id, Limit: 1000})
	if err != nil {
		o.t.Fatal(err)
	}
	done := map[stead.EventKind]bool{}
	for _, e := range all {
		if e.Outcome == stead.OK {
			done[e.Kind] = true
		} else {
			n++
		}
	}
	if want := []stead.EventKind{"instance.beaten", "instance.enrolled", "mandate.asked", "mandate.completed", "mandate.started", "token.issued"}; !cmp.Equal(want, slices.Sorted(maps.Keys(done))) {
		o.t.Error("it did", done)
	}
	return n
}

// standing is all that is known of an agent that others answer for.
func (o *sweeper) standing(id stead.PrincipalID) (r stead.Registration) {
	o.Store.View().Read(func(s *authority.State) {
		if found := s.Agent(id); found != nil {
			r = *found
		}
	})
	return r
}

// wanted are bodies that would make more of an agent than it is.
func (o *sweeper) wanted(r stead.Registration, owner stead.Principal) []string {
	r.Tier, r.Purpose = stead.LowTier, "anything"
	r.Tasks = []stead.Task{task("all", "public.orders", "public.people")}
	return []string{"", `{}`, `{"reason":"as I wish"}`, text(o.t, r), text(o.t, map[string]any{"agent": r, "owner": owner.ID, "groups": []string{"admins"}, "reason": "as I wish"})}
}

// operations are those of the API by some of the methods.
func (o *sweeper) operations(methods ...string) []string {
	s := o.send("GET", "/openapi.json", "", nil)
	raw, err := json.Marshal(s.body["paths"])
	var paths map[string]map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &paths)
	}
	if err != nil || len(paths) < 50 {
		o.t.Fatal(len(paths), err)
	}
	var all []string
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, method := range methods {
			if paths[path][method] != nil {
				all = append(all, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return all
}

// as sends a request as the instance that has a key.
func (o *sweeper) as(run *ecdsa.PrivateKey, method, path, body string) said {
	o.t.Helper()
	o.Clock.Move(time.Second) // as often as one agent may ask
	if o.asked++; o.asked%200 == 1 {
		o.token = o.outside.token(run)
	}
	head := map[string]string{"Authorization": "DPoP " + o.token, "DPoP": o.proves(run, method, path, o.token), "Content-Type": "application/json"}
	return o.send(method, path, body, head)
}
