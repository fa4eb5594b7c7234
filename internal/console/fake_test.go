package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// noon is when every test happens.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// verbs stands for the authority: it answers what a test put there, and notes what it was asked.
type verbs struct {
	asked    []string
	people   map[stead.PrincipalID]stead.Principal
	me       stead.PrincipalID
	session  error // of Present
	st       authority.Status
	roles    []authority.Role
	found    []stead.Principal
	never    bool // no rule lets him act for anybody
	mandates map[stead.MandateID]stead.Mandate
	events   []authority.StoredEvent
	short    uint64           // where a search is given up; 0: nowhere
	counts   authority.Counts // empty: of the events
	why      authority.Reasoning
	sessions []stead.Session
	no       map[string]error // by verb
	desk
	agency
	laws
}

func (a *verbs) note(verb string, args ...any) error {
	a.asked = append(a.asked, strings.TrimSpace(verb+" "+strings.TrimSuffix(fmt.Sprintln(args...), "\n")))
	return a.no[verb]
}

func (a *verbs) Present(_ context.Context, p authority.Presented) (authority.By, error) {
	if p.Secret == "" && a.session == nil {
		return authority.By{}, stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
	}
	return authority.By{Session: "ses_1", Principal: a.me, Host: p.Host, Client: p.Client, Address: p.Address}, a.session
}

func (a *verbs) Rotate(_ context.Context, by authority.By) (authority.Signed, error) {
	return authority.Signed{By: by, Secret: "stp_new"}, a.note("rotate")
}

func (a *verbs) Sessions(context.Context, authority.By) ([]stead.Session, error) {
	return a.sessions, a.no["sessions"]
}

func (a *verbs) EndSession(_ context.Context, _ authority.By, id stead.SessionID) error {
	return a.note("end-session", id)
}

func (a *verbs) Seen(authority.By) {}

func (a *verbs) Arm(_ context.Context, _ authority.By, code string) (time.Time, error) {
	return noon.Add(5 * time.Minute), a.note("arm", code)
}
func (a *verbs) Disarm(context.Context, authority.By) error { return a.note("disarm") }
func (a *verbs) Status(context.Context, authority.By) (authority.Status, error) {
	return a.st, a.no["status"]
}

func (a *verbs) Hand(_ context.Context, _ authority.By, host string) (string, error) {
	return "one-time", a.note("hand", host)
}

func (a *verbs) MayAct(context.Context, authority.By) bool { return !a.never }

func (a *verbs) Find(_ context.Context, _ authority.By, l authority.Lookup) ([]stead.Principal, error) {
	return a.found, a.note("find", l.Name, l.Directory, l.Attributes)
}

func (a *verbs) Ask(_ context.Context, _ authority.By, w authority.Ask) (stead.Mandate, error) {
	return a.mandates["man_1"], a.note("ask", w.Subject, w.App, w.Mode, w.For, w.Purpose.Reason, w.Purpose.Ticket, w.Target)
}

func (a *verbs) Claim(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	return a.mandates[id], a.note("claim", id)
}

func (a *verbs) Start(_ context.Context, _ authority.By, id stead.MandateID, code string) (stead.Mandate, error) {
	return a.mandates[id], a.note("start", id, code)
}

func (a *verbs) Withdraw(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	return a.mandates[id], a.note("withdraw", id)
}

func (a *verbs) Extend(_ context.Context, _ authority.By, id stead.MandateID, reason, code string) (stead.Mandate, error) {
	return a.mandates[id], a.note("extend", id, reason, code)
}

func (a *verbs) End(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	return a.mandates[id], a.note("end", id)
}

func (a *verbs) Revoke(_ context.Context, _ authority.By, id stead.MandateID, reason string) (stead.Mandate, error) {
	return a.mandates[id], a.note("revoke", id, reason)
}
func (a *verbs) Acknowledge(context.Context, authority.By) error { return a.note("acknowledge") }

func (a *verbs) Mandates(_ context.Context, _ authority.By, all bool) ([]stead.Mandate, error) {
	var out []stead.Mandate
	for _, id := range []stead.MandateID{"man_1", "man_2", "man_3", "man_4"} {
		if m, ok := a.mandates[id]; ok {
			out = append(out, m)
		}
	}
	return out, a.note("mandates", all)
}

func (a *verbs) Mandate(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	m, ok := a.mandates[id]
	if !ok {
		return m, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
	}
	return m, nil
}

func (a *verbs) Approve(_ context.Context, _ authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error) {
	return a.mandates[id], a.note("approve", id, digest, comment)
}

func (a *verbs) Refuse(_ context.Context, _ authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error) {
	return a.mandates[id], a.note("refuse", id, digest, comment)
}

func (a *verbs) Comment(_ context.Context, _ authority.By, id stead.MandateID, text string) (stead.Mandate, error) {
	return a.mandates[id], a.note("comment", id, text)
}

func (a *verbs) Events(_ context.Context, _ authority.By, q authority.EventQuery) ([]authority.StoredEvent, error) {
	events := slices.DeleteFunc(slices.Clone(a.events), func(e authority.StoredEvent) bool { return e.Number() <= q.After })
	if err := a.note("events", q.Mandate, q.Actor, q.Subject, q.Kinds, q.Outcome, strings.Join(append(q.Words, q.Text), ""), q.Before); err != nil || a.short == 0 || q.Within == 0 {
		return events[:min(len(events), max(q.Limit, 1))], err
	}
	return events, &authority.Short{At: a.short}
}

func (a *verbs) Counted(_ context.Context, _ authority.By, q authority.EventQuery, c authority.Counting) (authority.Counts, error) {
	n := a.counts
	n.Whole = n.Whole || n.Total == 0
	if n.Total == 0 && len(a.events) > 0 {
		n = authority.Counts{Total: uint64(len(a.events)), First: a.events[0].Number(), Last: a.events[len(a.events)-1].Number(),
			Since: noon.Add(-time.Hour), Until: noon, Whole: true}
		if c.Bars > 0 {
			n.Width, n.Bars = time.Hour, []authority.Bar{{From: noon.Add(-time.Hour), To: noon, N: n.Total, Refused: 1}, {From: noon, To: noon.Add(time.Hour)}}
		}
	}
	if c.Newer > n.Total && c.Bars > 0 && c.Newer > 1<<60 {
		n.Newer, c.Newer = 0, 0 // the newest page
	}
	return n, a.note("counted", q.Words, q.Before, c.Newer)
}

func (a *verbs) Export(_ context.Context, _ authority.By, x authority.Exporting) error {
	return a.note("export", x.Query, x.Form, x.Rows, x.First, x.Last)
}

func (a *verbs) Why(_ context.Context, _ authority.By, id stead.DecisionID) (authority.Reasoning, error) {
	return a.why, a.note("why", id)
}

func (a *verbs) People(_ context.Context, _ authority.By, l authority.Lookup) ([]stead.Principal, error) {
	return a.found, a.note("people", l.Name, l.Directory)
}

func (a *verbs) Name(id stead.PrincipalID) (shown, account string) {
	if p, ok := a.people[id]; ok {
		return p.DisplayName(), p.String()
	}
	return string(id), string(id)
}

func (a *verbs) May(_ authority.By, any ...authority.Role) error {
	if no := a.no["may"]; no != nil {
		return no
	}
	for _, have := range a.roles {
		if slices.Contains(any, have) {
			return nil
		}
	}
	return stead.E(stead.Missing, stead.ReasonNotYours, "there is no such thing, or it is not yours to know")
}

const (
	sam   = stead.PrincipalID("prn_sam")
	dana  = stead.PrincipalID("prn_dana")
	dana2 = stead.PrincipalID("prn_dana2")
	omar  = stead.PrincipalID("prn_omar")
)

// house is a small one: Sam may act for Dana.
func house() *verbs {
	a := &verbs{me: sam, no: map[string]error{}, people: map[stead.PrincipalID]stead.Principal{
		sam:   {ID: sam, Kind: stead.Person, Directory: "staff", Name: "sam", Shown: "Sam Okafor", Groups: []string{"support"}},
		dana:  {ID: dana, Kind: stead.Person, Directory: "customers", Name: "dana", Shown: "Dana Reyes", Attributes: map[string]string{"city": "Leeds", "customer": "C-1007"}},
		dana2: {ID: dana2, Kind: stead.Person, Directory: "staff", Name: "dana", Shown: "Dana Whitfield", Attributes: map[string]string{"team": "Warehouse"}},
		omar:  {ID: omar, Kind: stead.Person, Directory: "staff", Name: "omar", Shown: "Omar Haddad", Groups: []string{"security"}},
	}}
	a.found = []stead.Principal{a.people[dana], a.people[dana2]}
	a.st = authority.Status{Actor: a.people[sam], Level: 2, SessionUntil: noon.Add(8 * time.Hour), SessionIdleAt: noon.Add(time.Hour),
		Until: noon.Add(time.Hour), WarnAt: noon.Add(59 * time.Minute), WarnsOf: "session-idle"}
	a.mandates = map[stead.MandateID]stead.Mandate{"man_1": wanted(stead.Approved)}
	return a
}

func wanted(s stead.State) stead.Mandate {
	m := stead.Mandate{ID: "man_1", State: s, Actor: sam, Subject: dana, Session: "ses_1",
		Purpose: stead.Purpose{Reason: "The total of order 7 is wrong", Ticket: "SUP-4711"}, Mode: stead.ReadOnly,
		Scope: stead.Scope{Apps: []stead.AppID{"orders"}}, Target: "/orders/7",
		Bounds: stead.Bounds{Length: stead.Duration(10 * time.Minute), Extensions: 3}, Digest: strings.Repeat("0f1e2d3c", 8),
		Rules:   []stead.RuleRef{{ID: "support-views-customers", Hash: "ab"}},
		AskedAt: noon.Add(-2 * time.Minute), StartBy: noon.Add(13 * time.Minute)}
	switch s {
	case stead.Asked:
		m.Stages = []stead.Stage{{Groups: []string{"staff/security", "staff/managers"}, Count: 1}}
	case stead.Active, stead.Suspended:
		m.StartedAt, m.Until = noon.Add(-time.Minute), noon.Add(9*time.Minute)
	case stead.Ended:
		m.StartedAt, m.Until, m.EndedAt, m.Why = noon.Add(-9*time.Minute), noon.Add(time.Minute), noon, stead.ReasonCompleted
	}
	return m
}

// acts puts Sam to work for Dana.
func (a *verbs) acts() *verbs {
	m := wanted(stead.Active)
	a.mandates["man_1"] = m
	a.st.Acting, a.st.Mandate, a.st.Subject, a.st.ExtensionsLeft = true, m, a.people[dana], 3
	a.st.Until, a.st.WarnAt, a.st.WarnsOf = m.Until, m.Until.Add(-time.Minute), "mandate"
	return a
}

func (a *verbs) is(id stead.PrincipalID, roles ...authority.Role) *verbs {
	a.me, a.st.Actor, a.roles = id, a.people[id], roles
	return a
}

func (a *verbs) armed() *verbs {
	a.st.Armed = noon.Add(4 * time.Minute)
	return a
}

func story1() []authority.StoredEvent {
	at := noon.Add(-9 * time.Minute)
	var out []authority.StoredEvent
	add := func(kind stead.EventKind, o stead.Outcome, d stead.DecisionID, r stead.Reason, what stead.Fields, status int, size int64) {
		at = at.Add(41 * time.Second)
		out = append(out, authority.StoredEvent{Index: uint64(len(out) + 100), Event: stead.Event{ID: "evt_1", Kind: kind, At: at, Actor: sam,
			Subject: dana, Mandate: "man_1", Decision: d, Outcome: o, Reason: r, App: "orders", What: what, Status: status, Size: size}})
	}
	add("mandate.asked", stead.OK, "", "", stead.Fields{"reason": "The total of order 7 is wrong", "ticket": "SUP-4711"}, 0, 0)
	add("mandate.started", stead.OK, "", "", nil, 0, 0)
	add("request.allowed", stead.OK, "dec_1", "", stead.Fields{"method": "GET", "path": "/orders/7"}, 0, 0)
	add("request.served", stead.OK, "dec_1", "", stead.Fields{"path": "/orders/7", "title": "Order 7 · Acme Orders"}, 200, 18432)
	add("request.allowed", stead.OK, "dec_2", "", stead.Fields{"method": "GET", "path": "/orders/7/items"}, 0, 0)
	add("request.denied", stead.No, "dec_3", stead.ReasonReadOnly, stead.Fields{"method": "POST", "path": "/orders/7"}, 0, 0)
	add("mandate.ended", stead.OK, "", stead.ReasonCompleted, nil, 0, 0)
	return out
}

func (a *verbs) console() *Console {
	return &Console{Authority: a, Catalogue: shelf{}, Origin: "http://127.0.0.1:8420", Record: &log{}, Rules: book{a}, Look: a.look, Factors: secrets{}, Readings: func() FileRead { return a.read }, Cookie: web.Cookie{Name: "stead_8420"}, Now: func() time.Time { return noon },
		Apps: []App{{ID: "orders", Label: "Acme Orders", Origin: "http://127.0.0.1:8421"}},
		Place: func(stead.AppID, stead.MandateID) (host, origin string, err error) {
			return "127.0.0.1:8421", "http://127.0.0.1:8421", nil
		},
		Directories: []Directory{{"staff", "Staff"}, {"customers", "Customers"}}}
}

// serve is the whole door as cmd would mount it: front parser, cross-site check, routes.
func serve(t testing.TB, c *Console) http.Handler {
	t.Helper()
	var routes web.Routes
	c.Mount(&routes)
	mux := http.NewServeMux()
	d := web.Door{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Form: []string{"http://127.0.0.1:8421"}}
	if err := routes.Mount(mux, d); err != nil {
		t.Fatal(err)
	}
	mux.Handle("GET "+web.StaticPath, d.Serve(web.Static))
	front := web.Front{NewID: func() string { return "req_1" }, Refuse: d.Refuse, Trusted: []netip.Prefix{}}
	return front.Before(web.CrossSite{}.Before(mux, d.Refuse))
}

// A request as a browser on Stead's own pages sends it.
func browse(method, target string, form url.Values) *http.Request {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://127.0.0.1:8420"+target, body)
	r.RequestURI = target
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("User-Agent", "Mozilla/5.0 test")
	r.AddCookie(&http.Cookie{Name: "stead_8420", Value: "stp_old"})
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://127.0.0.1:8420")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func answer(h http.Handler, r *http.Request) (*http.Response, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	b, _ := io.ReadAll(res.Body)
	return res, string(b)
}
