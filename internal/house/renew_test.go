package house_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

// Two configurations, neither of which lets sam read secrets for somebody: the first closes them by a rule, the second by
// the level that its realm asks for. The realm of the first with the rules of the second would.
const (
	byRule = `
apps:
  - { id: orders, host: %[1]q, upstream: %[2]q, privileged: [staff/admins], aware: true, realms: [{ id: shop, path: /, acting: true }],
      rules: [{ id: secrets, is: closed, path: ["/secret/**"] }, { id: look, is: read, path: ["/look/**"] }] }
  - { id: wiki, host: wiki.test, upstream: %[2]q, privileged: [staff/admins], realms: [{ id: shop, path: /, acting: true }],
      rules: [{ id: look, is: read, path: ["/look/**"] }] }
`
	byRealm = `
apps:
  - { id: orders, host: %[1]q, upstream: %[2]q, privileged: [staff/admins], aware: true, realms: [{ id: shop, path: /, acting: true, actor_level: 3 }],
      rules: [{ id: secrets, is: read, path: ["/secret/**"] }, { id: look, is: read, path: ["/look/**"] }] }
  - { id: wiki, host: wiki.test, upstream: %[2]q, privileged: [staff/admins], realms: [{ id: shop, path: /, acting: true }],
      rules: [{ id: look, is: read, path: ["/look/**"] }] }
`
)

// A shop is a house that serves, whose configuration changes while it does.
type shop struct {
	*housetest.House
	t        *testing.T
	host, up string
	ring     *keys.Ring
	doors    *house.Doors
	in       authority.Signed
}

func newShop(t *testing.T, app http.HandlerFunc) *shop {
	t.Helper()
	up := httptest.NewServer(app)
	t.Cleanup(up.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, host: l.Addr().String(), up: up.URL}
	s.House = housetest.New(t, func(o *house.Options) { o.Settings = s.settings(byRule) })
	s.ring = ring(t, s.House)
	if s.doors, err = s.Doors(s.site(byRule)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- s.Run(ctx, slog.New(slog.DiscardHandler), s.doors, []house.Listening{{Name: "gateway", Listener: l, Handler: s.doors.Apps}})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.Open() // for who closes it
	})
	s.in = s.enter("sam")
	return s
}

func (s *shop) enter(who string) authority.Signed {
	s.t.Helper()
	in, err := s.SignIn(s.t.Context(), authority.SignIn{Directory: "staff", Name: who, Password: housetest.Password, Host: s.host, Address: "127.0.0.1",
		Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {"stead-test/1"}}})})
	if err != nil {
		s.t.Fatal(err)
	}
	return in
}

func (s *shop) apps(text string) []gateway.App {
	s.t.Helper()
	apps, err := gateway.ParseRules(fmt.Appendf(nil, text, s.host, s.up))
	if err != nil {
		s.t.Fatal(err)
	}
	return apps
}

func (s *shop) settings(text string) *authority.Settings {
	set := housetest.Settings()
	set.Apps = nil
	for _, a := range s.apps(text) {
		set.Apps = append(set.Apps, a.App)
	}
	return set
}

func (s *shop) site(text string) house.Site {
	return house.Site{Origin: "http://stead.test", Listen: "stead.test", Gateway: s.host, Apps: s.apps(text), Ring: s.ring, Log: slog.New(slog.DiscardHandler)}
}

func (s *shop) renew(text string, gone ...stead.AppID) error {
	return s.Renew(context.Background(), s.doors, s.site(text), s.settings(text), func(a *authority.Authority) error {
		return a.Reloaded(context.Background(), authority.By{}, authority.Reload{Keys: []string{"apps.orders.rules"}, Gone: gone})
	})
}

// ask sends one request by a connection of its own.
func (s *shop) ask(path, more string, in authority.Signed) (*bufio.Reader, error) {
	c, err := net.Dial("tcp", s.host)
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() { _ = c.Close() })
	_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: stead-test/1\r\nCookie: %s=%s\r\n%s\r\n", path, s.host, s.doors.Gateway.Cookie.Name, in.Secret, more)
	return bufio.NewReader(c), err
}

func (s *shop) get(path string, as authority.Signed) int {
	in, err := s.ask(path, "Connection: close\r\n", as)
	if err != nil {
		return 0
	}
	status, _, err := read(in)
	if err != nil {
		return 0
	}
	return status
}

// Under load the configuration changes again and again, and half of the changes are refused. No request fails for it, and
// none is decided by half of each (S-I30 holds for what is refused: the old stays).
func TestRenewUnderLoad(t *testing.T) {
	s := newShop(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") })
	if _, err := s.Act(s.in.By, "staff/sam", "customers/dana", stead.ReadOnly); err != nil {
		t.Fatal(err)
	}
	carla := s.enter("carla")
	var stop atomic.Bool
	var looked, kept atomic.Int64
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for !stop.Load() {
				if i%2 == 0 {
					if status := s.get("/look/a", carla); status != http.StatusOK {
						t.Errorf("a look: %d", status)
						return
					}
					looked.Add(1)
					continue
				}
				if status := s.get("/secret/a", s.in); status != http.StatusForbidden && status != http.StatusTooManyRequests {
					t.Errorf("a secret: %d", status)
					return
				}
				kept.Add(1)
			}
		})
	}
	no := errors.New("this is not agreed to")
	for i := range 40 {
		next := []string{byRealm, byRule}[i%2]
		if err := s.renew(next); err != nil {
			t.Error(err)
		}
		other := []string{byRealm, byRule}[(i+1)%2]
		if err := s.Renew(context.Background(), s.doors, s.site(other), s.settings(other), func(*authority.Authority) error { return no }); !errors.Is(err, no) {
			t.Errorf("refused: %v", err)
		}
		if got := s.Ruling().Settings.Apps[0].Realms[0].ActorLevel; got != []int{3, 0}[i%2] {
			t.Errorf("after %d and a refused one: %v", i, got)
		}
	}
	stop.Store(true)
	all.Wait()
	if looked.Load() == 0 || kept.Load() == 0 {
		t.Errorf("%d looks, %d secrets", looked.Load(), kept.Load())
	}
	t.Logf("%d looks and %d secrets under 40 changes and 40 refused ones", looked.Load(), kept.Load())
}

// What is under way goes on under the rules that it began with; the next request has the new ones. A stream stays.
func TestRenewLeavesWhatRuns(t *testing.T) {
	begun, release := make(chan struct{}, 2), make(chan struct{})
	s := newShop(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "one")
		_ = http.NewResponseController(w).Flush()
		begun <- struct{}{}
		<-release
		_, _ = io.WriteString(w, " two")
	})
	m, err := s.Act(s.in.By, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.ask("/look/a", "Accept: text/event-stream\r\n", s.in)
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := s.renew(strings.Replace(byRule, `{ id: look, is: read, path: ["/look/**"] }]`, `{ id: look, is: closed, path: ["/look/**"] }]`, 1)); err != nil {
		t.Fatal(err)
	}
	if status := s.get("/look/a", s.in); status != http.StatusForbidden {
		t.Errorf("the next request: %d", status)
	}
	time.AfterFunc(500*time.Millisecond, func() { close(release) }) // two looks of who cuts streams
	if status, body, err := read(answer); status != http.StatusOK || body != "one two" || err != nil {
		t.Errorf("under way: %d %q %v", status, body, err)
	}
	if st, err := s.Status(t.Context(), s.in.By); err != nil || st.Mandate.ID != m.ID || !st.Acting {
		t.Errorf("the mandate: %+v %v", st, err)
	}
}

// A mandate ends with its application, and its streams with it; the actor must see that it ended (R16).
func TestRenewWithoutTheApplication(t *testing.T) {
	begun := make(chan struct{}, 1)
	s := newShop(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one")
		_ = http.NewResponseController(w).Flush()
		begun <- struct{}{}
		<-r.Context().Done()
	})
	m, err := s.Act(s.in.By, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.ask("/look/events", "Accept: text/event-stream\r\n", s.in)
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	tess, err := s.Act(s.Login("staff/tess", "stead.test"), "staff/tess", "customers/erin", stead.Edit)
	if err != nil || tess.State != stead.Asked {
		t.Fatalf("%+v %v", tess, err)
	}
	wiki := byRule[:strings.Index(byRule, "  - { id: orders")] + byRule[strings.Index(byRule, "  - { id: wiki"):]
	if err := s.renew(strings.Replace(wiki, "%[2]q", "%[2]q, hosts: [%[1]q]", 1), "orders"); err != nil {
		t.Fatal(err)
	}
	changed := time.Now()
	if status, body, err := read(answer); err == nil || time.Since(changed) > 3*time.Second {
		t.Errorf("the stream went on for %s: %d %q", time.Since(changed), status, body)
	}
	if err := s.Store.Settled(t.Context(), s.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	over, err := s.Store.Events(t.Context(), authority.EventQuery{Mandate: tess.ID, Kinds: []string{"mandate.ended"}})
	if err != nil || len(over) != 1 || over[0].Reason != stead.ReasonRealm {
		t.Errorf("what was asked for did not end: %v %v", over, err)
	}
	after, err := s.Mandate(t.Context(), s.in.By, m.ID)
	if err != nil || after.State != stead.Ended || after.Why != stead.ReasonRealm {
		t.Errorf("the mandate: %+v %v", after, err)
	}
	st, err := s.Status(t.Context(), s.in.By)
	if err != nil || st.Acting || st.Unseen.Mandate != m.ID {
		t.Errorf("the session: %+v %v", st, err)
	}
	if kinds := s.Kinds(20); !slices.Contains(kinds, "config.reloaded") || !slices.Contains(kinds, "mandate.ended") {
		t.Errorf("on record: %v", kinds)
	}
}

// Another authority is the same one but for its settings: what a field holds must not be forgotten on the way.
func TestUnderCarriesEverything(t *testing.T) {
	h := housetest.New(t)
	set := housetest.Settings()
	a, b := h.Authority, h.Authority.Under(set)
	if b.Settings != set || a.Store != b.Store || a.Policy != b.Policy || a.Prover != b.Prover || a.Clock != b.Clock || a.Node != b.Node || b.NewID == nil || b.Alarm == nil {
		t.Errorf("%+v", b)
	}
	by := h.Login("staff/root", "stead.test")
	for range 1000 { // the brakes of one are those of the other
		if err := a.Reloaded(t.Context(), by, authority.Reload{}); stead.ReasonOf(err) == stead.ReasonTooMany {
			if err := b.Reloaded(t.Context(), by, authority.Reload{}); stead.ReasonOf(err) != stead.ReasonTooMany {
				t.Errorf("the other lets pass: %v", err)
			}
			return
		}
	}
	t.Error("nothing brakes")
}

// Only an administrator lets a server read its configuration again, and what was refused is on record by its keys (S-I30).
func TestReloadIsOnRecord(t *testing.T) {
	h := housetest.New(t)
	for who, want := range map[string]stead.Kind{"staff/sam": stead.Missing, "staff/omar": stead.Missing, "staff/root": ""} {
		by := h.Login(who, "stead.test")
		if err := h.Reloaded(t.Context(), by, authority.Reload{Keys: []string{"acting.idle"}, Waiting: []string{"roles.admin"}}); stead.KindOf(err) != want {
			t.Errorf("%s: %v", who, err)
		}
	}
	why := stead.E(stead.Invalid, stead.ReasonRequest, "line 3: hunter2 is no duration")
	if err := h.ReloadRefused(t.Context(), authority.By{}, []string{"acting.idle"}, why); !errors.Is(err, why) {
		t.Error(err)
	}
	if err := h.Store.Settled(t.Context(), h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	found, err := h.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"config."}})
	if err != nil || len(found) != 4 {
		t.Fatalf("%d events %v", len(found), err)
	}
	count := map[stead.EventKind]int{}
	for _, e := range found {
		count[e.Kind]++
		if !strings.Contains(e.What["keys"]+e.Who["keys"], "acting.idle") && e.Kind == "config.reloaded" {
			t.Errorf("%s says %v %v", e.Kind, e.Who, e.What)
		}
		if text := fmt.Sprint(e.Who, e.What); strings.Contains(text, "hunter2") {
			t.Errorf("a value is on record: %s", text)
		}
	}
	if count["config.reloaded"] != 1 || count["config.reload.refused"] != 3 {
		t.Errorf("on record: %v", count)
	}
}
