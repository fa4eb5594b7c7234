package housetest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A policy that one node puts in force is in force at the other, which has never seen its files: what it allows goes on
// there, and is not ended.
func TestPolicyElsewhere(t *testing.T) {
	server := pgtest.Start(t)
	one := housetest.New(t, func(o *house.Options) { o.DSN = server.Create(t) })
	two := one.Beside()
	sam, omar, carla := one.Login("staff/sam", "stead.test"), one.Login("staff/omar", "stead.test"), one.Login("staff/carla", "stead.test")
	m, err := one.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(cedar.Default())
	files["people.cedar"] += "\n// as before\n"
	digest, err := one.Stage(t.Context(), omar, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.Apply(t.Context(), carla, digest); err != nil {
		t.Fatal(err)
	}
	latest(t, two)
	if got := two.PolicyDigest(); got != digest {
		t.Fatalf("at the other %s is in force, not %s", got, digest)
	}
	if err := two.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]*housetest.House{"one": one, "two": two} {
		if d, err := h.Decide(t.Context(), h.Question(sam, m, stead.ActionRead, "/orders/7")); err != nil || !d.Allow || d.Policy != digest {
			t.Errorf("at %s: %+v, %v", name, d, err)
		}
	}
}

// What was done at one node is done when Stead's own doors are asked at the other the moment after (S-I17).
func TestDoorsAreUpToDate(t *testing.T) {
	server := pgtest.Start(t)
	one := housetest.New(t, func(o *house.Options) { o.DSN = server.Create(t) })
	two := one.Beside()
	doors, err := two.Doors(house.Site{Origin: "http://stead.test", Listen: "stead.test", Gateway: "orders.test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, token, body string) string {
		r := httptest.NewRequest(method, "http://stead.test"+path, strings.NewReader(body))
		r.RequestURI = path
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		doors.Own.ServeHTTP(w, r)
		return w.Body.String()
	}
	var in struct {
		Token   string
		Session stead.SessionID
	}
	if err := json.Unmarshal([]byte(ask("POST", "/v1/login", "", `{"directory":"staff","name":"sam","password":"`+housetest.Password+`"}`)), &in); err != nil || in.Token == "" {
		t.Fatal(err)
	}
	says := func() string { return ask("GET", "/v1/whoami", in.Token, "") }
	by := authority.By{Session: in.Session, Principal: one.People["staff/sam"].ID, Host: "api", Address: "192.0.2.1"}
	latest(t, one)
	for i := range 20 {
		m, err := one.Act(by, "staff/sam", "customers/dana", stead.ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		if got := says(); !strings.Contains(got, string(m.ID)) {
			t.Fatalf("%d: started at one; the other says %s", i, got)
		}
		if _, err := one.End(t.Context(), by, m.ID); err != nil {
			t.Fatal(err)
		}
		if got := says(); !strings.Contains(got, `"acting":false`) {
			t.Fatalf("%d: ended at one; the other says %s", i, got)
		}
		if err := one.Acknowledge(t.Context(), by); err != nil && stead.KindOf(err) != stead.Conflict {
			t.Fatal(err)
		}
	}
}

// Nodes that begin at once on an empty database all open, and one policy is in force.
func TestBeginAtOnce(t *testing.T) {
	server := pgtest.Start(t)
	o := housetest.New(t).Options
	o.Dir, o.DSN = "", server.Create(t)
	houses := make([]*house.House, 4)
	errs := make([]error, len(houses))
	var all sync.WaitGroup
	for i := range houses {
		all.Go(func() {
			with := o
			with.Node = strings.Repeat("n", i+1)
			houses[i], errs[i] = house.Open(context.Background(), with)
		})
	}
	all.Wait()
	for i, h := range houses {
		if errs[i] != nil {
			t.Fatalf("node %d: %v", i, errs[i])
		}
		if err := h.Store.Latest(t.Context()); err != nil || h.PolicyDigest() == "" || h.PolicyDigest() != houses[0].PolicyDigest() {
			t.Errorf("node %d has policy %q, %v", i, h.PolicyDigest(), err)
		}
	}
	for _, h := range houses {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
