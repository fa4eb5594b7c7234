package authzen_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/login"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// G2, A4: what ends at one node is refused by the door of the other from the very next question on.
func TestOtherNode(t *testing.T) {
	server := pgtest.Start(t)
	one := housetest.New(t, func(o *house.Options) {
		o.DSN = server.Create(t)
		o.Settings.Evaluators = []stead.Evaluator{{ID: "service:desk", Apps: []stead.AppID{"orders"}, Level: 1}}
	})
	two := one.Beside()
	doors, err := two.Doors(house.Site{Origin: "https://stead.test", Listen: "stead.test", Gateway: "orders.test", Log: slog.New(slog.DiscardHandler),
		Directories: []login.Directory{{ID: "staff"}}, Callers: []authzen.Caller{{ID: "service:desk", Sum: sha256.Sum256([]byte(desk))}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{House: two, t: t, own: doors.Own}
	for i := range 10 {
		by := one.Login("staff/sam", "orders.test")
		m, err := one.Act(by, "staff/sam", "customers/dana", stead.ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		acts := fmt.Sprintf(`{"mandate":%q,"act":{"sub":"staff/sam"}}`, m.ID)
		if s := w.one(desk, "user:customers/dana", "read", "path:orders/x", acts); !s.yes() {
			t.Fatalf("%d: started at one node, and at the other %+v", i, s)
		}
		if _, err := one.End(t.Context(), by, m.ID); err != nil {
			t.Fatal(err)
		}
		if s := w.one(desk, "user:customers/dana", "read", "path:orders/x", acts); s.yes() {
			t.Fatalf("%d: ended at one node, and at the other %+v", i, s)
		}
		if err := one.SignOut(t.Context(), by); err != nil {
			t.Fatal(err)
		}
	}
}

// Another configuration counts from the next question on: whose secret is gone is nobody, and whose right is gone is told no.
func TestCallersRenewed(t *testing.T) {
	h := housetest.New(t, func(o *house.Options) {
		o.Settings.Evaluators = []stead.Evaluator{{ID: "service:desk", Apps: []stead.AppID{"orders"}, Level: 1}, {ID: "service:kiosk", Apps: []stead.AppID{"orders"}, Level: 1}}
	})
	site := house.Site{Origin: "https://stead.test", Listen: "stead.test", Gateway: "orders.test", Log: slog.New(slog.DiscardHandler),
		Directories: []login.Directory{{ID: "staff"}}, Callers: []authzen.Caller{
			{ID: "service:desk", Sum: sha256.Sum256([]byte(desk))}, {ID: "service:kiosk", Sum: sha256.Sum256([]byte(kiosk))}}}
	doors, err := h.Doors(site)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{House: h, t: t, own: doors.Own}
	for _, secret := range []string{desk, kiosk} {
		if s := w.one(secret, "user:staff/sam", "read", "path:orders/x", ""); !s.yes() {
			t.Fatalf("%+v", s)
		}
	}
	set := *h.Options.Settings
	set.Evaluators = []stead.Evaluator{{ID: "service:desk", Apps: []stead.AppID{"wiki"}, Level: 1}}
	site.Callers = site.Callers[:1]
	if err := h.Renew(context.Background(), doors, site, &set, func(*authority.Authority) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if s := w.one(desk, "user:staff/sam", "read", "path:orders/x", ""); s.yes() || s.Context.Reason != "" {
		t.Errorf("its right is gone: %+v", s)
	}
	if a := w.send(kiosk, evaluation, fine); a.code != http.StatusUnauthorized {
		t.Errorf("its secret is gone: %d", a.code)
	}
}

// G5, I5: a policy counts from the moment it is applied, for things of an application's own too.
func TestPolicyApplied(t *testing.T) {
	w := recordsWorld(t)
	if s := w.one(desk, "user:alice", "read", "record:record-1", ""); !s.yes() {
		t.Fatalf("%+v", s)
	}
	var in stead.Bundle
	w.Store.View().Read(func(s *authority.State) { in = *s.Bundle(authority.PolicyBundle) })
	files := map[string]string{}
	for name, text := range in.Files {
		files[name] = text
	}
	files["entities/records.json"] = strings.Replace(records, `"status":"active"`, `"status":"archived"`, 1)
	ctx := t.Context()
	w.enroll(authority.NewPerson{Directory: "staff", Name: "root2", Groups: []string{"admins"}, Password: housetest.Password, TOTP: housetest.Secret})
	digest, err := w.Stage(ctx, w.Login("staff/root", "stead.test"), files)
	if err == nil {
		_, err = w.Apply(ctx, w.Login("staff/omar", "stead.test"), digest)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s := w.one(desk, "user:alice", "read", "record:record-1", ""); s.yes() {
		t.Errorf("%+v", s)
	}
	files["entities/records.json"] = `[{"uid":{"type":"User","id":"staff/eve"},"attrs":{},"parents":[]}]`
	if _, err := w.Stage(ctx, w.Login("staff/root", "stead.test"), files); stead.KindOf(err) != stead.Invalid {
		t.Errorf("nobody is made by a file: %v", err)
	}
}

// Other methods and addresses are nothing here, and a body that never ends costs what a body may.
func TestBeside(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{evaluation, evaluations, "/access/v1/search/subject"} {
		if r := w.get(path); r.code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, r.code)
		}
	}
	if r := w.send(desk, "/access/v1/nothing", fine); r.code != http.StatusNotFound {
		t.Errorf("%d", r.code)
	}
	r := httptest.NewRequest("POST", "http://stead.test"+evaluation, io.LimitReader(endless{}, 1<<30))
	r.RequestURI = evaluation
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+desk)
	rec := httptest.NewRecorder()
	w.own.ServeHTTP(rec, r)
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", rec.Code)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
