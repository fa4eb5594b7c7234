package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/web"
)

const (
	deputies  = 97   // people who act
	customers = 3571 // people they act for
	running   = 900  // mandates, of them some that are still asked for
	boss      = "staff/boss"
)

// A town is a house with a million events of its own people, three months of them, and its doors open on a port.
type town struct {
	*housetest.House
	origin string
	cookie string // its name
	began  time.Time
	actors []stead.Principal
	served []stead.Principal

	decision stead.DecisionID
	agent    stead.PrincipalID // one that works
	server   *pgtest.Server    // nil: SQLite
}

func newTown(b *testing.B, change ...func(*house.Options)) *town {
	b.Helper()
	h := housetest.New(b, change...)
	t := &town{House: h, began: h.Clock.Wall()}
	t.peopled(b)
	for n := 0; n < rows(); {
		var some []stead.Change
		for ; len(some) < 1000 && n < rows(); n++ {
			some = append(some, stead.Change{Event: t.event(uint64(n))})
		}
		t.append(b, some)
	}
	h.Clock.Move(time.Duration(rows())*8*time.Second + time.Hour)
	var live []stead.Change
	for n := range running {
		live = append(live, t.mandate(n))
	}
	t.append(b, live)
	t.works(b)
	for n := range deputies {
		who := t.actors[n]
		h.Clock.Move(3 * time.Second) // so many from one address would be slowed
		by := h.Login(who.Directory+"/"+who.Name, "orders.test")
		d, err := h.Decide(b.Context(), h.Question(by, stead.Mandate{}, stead.ActionRead, "/orders/7"))
		if err != nil {
			b.Fatal(err)
		}
		t.decision = d.ID
	}
	if err := h.Store.Settled(b.Context(), h.Store.Head().Size); err != nil {
		b.Fatal(err)
	}
	t.open(b)
	return t
}

func (t *town) append(b *testing.B, some []stead.Change) {
	b.Helper()
	if _, err := t.Store.Append(context.Background(), authority.Entry{Changes: some}); err != nil {
		b.Fatal(err)
	}
}

// peopled enrols those who act, those they act for, and somebody who may see everything.
func (t *town) peopled(b *testing.B) {
	b.Helper()
	root := t.strong(b, "staff/root", "stead.test")
	people := []authority.NewPerson{{Directory: "staff", Name: "boss", Shown: "The Boss", Groups: []string{"admins", "security"}, Password: housetest.Password, TOTP: housetest.Secret}}
	for n := range deputies {
		people = append(people, authority.NewPerson{Directory: "staff", Name: fmt.Sprintf("deputy%d", n), Shown: fmt.Sprintf("Deputy %d", n), Groups: []string{"support"}, Password: housetest.Password})
	}
	for n := range customers {
		people = append(people, authority.NewPerson{Directory: "customers", Name: fmt.Sprintf("c%d", n), Shown: fmt.Sprintf("Customer %d", n), Groups: []string{"customers", fmt.Sprintf("town%d", n%50)}, Password: housetest.Password})
	}
	for begin := 0; begin < len(people); begin += 100 {
		made, err := t.Enroll(b.Context(), root.By, people[begin:min(begin+100, len(people))])
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range made {
			t.People[p.Directory+"/"+p.Name] = p
		}
	}
	for n := range deputies {
		t.actors = append(t.actors, t.People[fmt.Sprintf("staff/deputy%d", n)])
	}
	for n := range customers {
		t.served = append(t.served, t.People[fmt.Sprintf("customers/c%d", n)])
	}
}

// event is one of the log, by people who are there.
func (t *town) event(n uint64) stead.Event {
	e := shown(n, t.began)
	mandate := n % 4001
	actor, subject := t.actors[mandate%deputies], t.served[mandate%customers]
	if e.Actor != "prn_rare" {
		e.Actor = actor.ID
	}
	e.Subject, e.ActorPerson, e.SubjectPerson = subject.ID, actor.Person, subject.Person
	return e
}

// mandate is one that is active, or asked for.
func (t *town) mandate(n int) stead.Change {
	now := t.Clock.Wall()
	m := mandate(10_000+n, now)
	actor, subject := t.actors[n%deputies], t.served[n%customers]
	m.Actor, m.Subject, m.People, m.Until = actor.ID, subject.ID, []stead.PersonKey{actor.Person, subject.Person}, now.Add(time.Hour)
	kind := stead.EventKind("mandate.started")
	if n%10 == 0 {
		m.State, m.StartedAt, m.Until, kind = stead.Asked, time.Time{}, time.Time{}, "mandate.asked"
	}
	return stead.Change{Event: stead.Event{Kind: kind, At: now, Mandate: m.ID, Actor: actor.ID, ActorPerson: actor.Person, Subject: subject.ID,
		SubjectPerson: subject.Person, App: "orders", Outcome: stead.OK}, Records: []stead.Record{m}}
}

// strong signs somebody in with both factors.
func (t *town) strong(b *testing.B, who, host string) authority.Signed {
	b.Helper()
	p := t.People[who]
	in, err := t.SignIn(b.Context(), authority.SignIn{Directory: p.Directory, Name: p.Name, Password: housetest.Password, Host: host,
		Address: "127.0.0.1", Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {agent}}})})
	if err == nil && who == boss || who == "staff/root" {
		in, err = t.StepUp(b.Context(), in.By, t.Code(who))
	}
	if err != nil {
		b.Fatal(err)
	}
	return in
}

// open opens Stead's own door on a port.
func (t *town) open(b *testing.B) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	host := l.Addr().String()
	apps, err := gateway.ParseRules(fmt.Appendf(nil, rules, "orders.test", "127.0.0.1:9"))
	if err != nil {
		b.Fatal(err)
	}
	doors, err := t.Doors(house.Site{Origin: "http://" + host, Listen: host, Gateway: "orders.test", Apps: apps, Ring: newRing(b, t.House),
		Log: slog.New(slog.DiscardHandler), Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	s := web.NewServer(doors.Own, slog.New(slog.DiscardHandler))
	go func() { _ = s.Serve(web.Listener(l, nil)) }()
	b.Cleanup(func() {
		_ = s.Close()
		_ = doors.Gateway.Close(context.Background())
	})
	t.origin, t.cookie = "http://"+host, web.NewCookie("stead", host, false).Name
}
