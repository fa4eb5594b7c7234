package api

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// A desk answers as the verbs would, from a few fixed people, and keeps what it was asked: the door's part is to ask
// the right thing. Whole stories run against the real program in e2e.
type desk struct {
	mu     sync.Mutex
	slow   bool // reports of HTML take their time
	asked  []string
	ask    authority.Ask
	signIn authority.SignIn
	new    []authority.NewPerson
	csv    string // that was to be imported
	edit   authority.Edit
	armed  time.Time
	err    error  // what the next verb says
	over   bool   // every session is over
	short  uint64 // where a search is given up before it has found anything; 0: nowhere
	trail  []authority.StoredEvent
	query  authority.EventQuery
	files  map[string]string
	list   authority.MandateQuery
	made   stead.State       // of the mandate that was asked for
	done   uint64            // where what is asked was done before
	tied   authority.Proviso // of the last verb that tells it
	agent  authority.NewAgent
	run    authority.NewInstance
	task   authority.TaskAsk
	staged stead.Bundle
	counts authority.Counting
	fleet  []string // agents beside the one
}

var (
	sam   = stead.Principal{ID: "prn_sam", Version: 1, Kind: stead.Person, Directory: "staff", Name: "sam", Shown: "Sam", Groups: []string{"support"}}
	dana  = stead.Principal{ID: "prn_dana", Version: 3, Kind: stead.Person, Directory: "customers", Name: "dana", Shown: "Dana"}
	dana2 = stead.Principal{ID: "prn_dana2", Version: 1, Kind: stead.Person, Directory: "partners", Name: "dana", Shown: "Dana"}
	roles = map[string][]authority.Role{
		"stp_sam": nil, "stp_ada": {authority.Admin}, "stp_aud": {authority.Auditor}, "stp_sec": {authority.Security},
	}
	digest = strings.Repeat("ab", 32)
)

func (d *desk) note(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, what)
	return d.err
}

func (d *desk) SignIn(_ context.Context, in authority.SignIn) (authority.Signed, error) {
	d.signIn = in
	err := d.note("sign-in")
	if in.Password != "right" {
		err = stead.E(stead.Refused, stead.ReasonBadProof, "name or password is wrong")
	}
	return authority.Signed{By: authority.By{Session: "ses_1"}, Secret: "stp_sam", Until: noon.Add(time.Hour), Level: 2}, err
}

func (d *desk) Present(_ context.Context, p authority.Presented) (authority.By, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, known := roles[p.Secret]
	if !known || d.over {
		return authority.By{}, stead.E(stead.Refused, stead.ReasonSignIn, "sign in first")
	}
	return authority.By{Session: "ses_1", Principal: stead.PrincipalID("prn_" + p.Secret[4:]), Host: p.Host, Client: p.Client}, nil
}

func (d *desk) SignOut(context.Context, authority.By) error { return d.note("sign-out") }

func (d *desk) May(by authority.By, any ...authority.Role) error {
	for _, have := range roles["stp_"+strings.TrimPrefix(string(by.Principal), "prn_")] {
		if slices.Contains(any, have) {
			return nil
		}
	}
	return stead.E(stead.Missing, stead.ReasonNotYours, "there is no such thing")
}

func (d *desk) TurnAway(_ context.Context, _ authority.By, _ string, no error) error { return no }

func (d *desk) Arm(_ context.Context, _ authority.By, code string) (time.Time, error) {
	return noon.Add(time.Minute), d.note("arm " + code)
}

func (d *desk) Find(_ context.Context, _ authority.By, l authority.Lookup) ([]stead.Principal, error) {
	if err := d.note("find " + l.Directory + "/" + l.Name); err != nil {
		return nil, err
	}
	var found []stead.Principal
	for _, p := range []stead.Principal{dana, dana2} {
		if l.Name == p.Name && (l.Directory == "" || l.Directory == p.Directory) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil, stead.E(stead.Missing, stead.ReasonUnknown, "nobody by that name may be acted for")
	}
	return found, nil
}

func (d *desk) Ask(_ context.Context, by authority.By, w authority.Ask) (stead.Mandate, error) {
	d.ask = w
	m := mandate(stead.Approved)
	if w.Mode == stead.Edit {
		m.State = stead.Asked
	}
	return m, d.noted("ask", by)
}

func (d *desk) Status(context.Context, authority.By) (authority.Status, error) {
	return authority.Status{Actor: sam, Armed: d.armed, Level: 2, SessionUntil: noon.Add(time.Hour)}, d.err
}

func mandate(s stead.State) stead.Mandate {
	return stead.Mandate{ID: "man_1", Version: 2, State: s, Actor: sam.ID, Subject: dana.ID, Digest: digest,
		Scope:  stead.Scope{Apps: []stead.AppID{"orders"}},
		Bounds: stead.Bounds{Length: stead.Duration(10 * time.Minute), Extensions: 2}}
}

func (d *desk) move(what string, s stead.State) (stead.Mandate, error) {
	return mandate(s), d.note(what)
}

func (d *desk) Start(_ context.Context, _ authority.By, id stead.MandateID, code string) (stead.Mandate, error) {
	return d.move("start "+string(id)+" "+code, stead.Active)
}
func (d *desk) Extend(_ context.Context, _ authority.By, id stead.MandateID, reason, code string) (stead.Mandate, error) {
	return d.move("extend "+string(id)+" "+reason+" "+code, stead.Active)
}
func (d *desk) End(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	return d.move("end "+string(id), stead.Ended)
}
func (d *desk) Withdraw(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	return d.move("withdraw "+string(id), stead.Ended)
}
func (d *desk) Approve(_ context.Context, _ authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error) {
	return d.move("approve "+string(id)+" "+digest[:4]+" "+comment, stead.Approved)
}
func (d *desk) Refuse(_ context.Context, _ authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error) {
	return d.move("refuse "+string(id)+" "+digest[:4]+" "+comment, stead.Ended)
}
func (d *desk) Comment(_ context.Context, _ authority.By, id stead.MandateID, text string) (stead.Mandate, error) {
	return d.move("comment "+string(id)+" "+text, stead.Asked)
}
func (d *desk) Revoke(_ context.Context, _ authority.By, id stead.MandateID, reason string) (stead.Mandate, error) {
	return d.move("revoke "+string(id)+" "+reason, stead.Ended)
}
func (d *desk) Suspend(_ context.Context, _ authority.By, id stead.MandateID, reason string) (stead.Mandate, error) {
	return d.move(strings.TrimSpace("suspend "+string(id)+" "+reason), stead.Suspended)
}
func (d *desk) Resume(_ context.Context, _ authority.By, id stead.MandateID, reason string) (stead.Mandate, error) {
	return d.move(strings.TrimSpace("resume "+string(id)+" "+reason), stead.Active)
}
func (d *desk) MandatePage(_ context.Context, _ authority.By, q authority.MandateQuery) ([]stead.Mandate, authority.Place, error) {
	d.list = q
	if q.All {
		return []stead.Mandate{mandate(stead.Active)}, authority.Place{At: noon, ID: "man_1"}, d.note("mandates all")
	}
	return nil, authority.Place{}, d.note("mandates")
}
func (d *desk) Done(authority.By) (uint64, error) { return d.done, nil }
func (d *desk) StepUp(_ context.Context, by authority.By, code string) (authority.Signed, error) {
	return authority.Signed{By: by, Secret: "stp_new", Level: 2}, d.note("step-up " + code)
}
func (d *desk) Disarm(_ context.Context, by authority.By) error { return d.noted("disarm", by) }
func (d *desk) Acknowledge(_ context.Context, by authority.By) error {
	return d.noted("acknowledge", by)
}
func (d *desk) Claim(_ context.Context, by authority.By, id stead.MandateID) (stead.Mandate, error) {
	return mandate(stead.Approved), d.noted("claim "+string(id), by)
}
func (d *desk) noted(what string, by authority.By) error {
	d.tied = by.Proviso
	return d.note(what)
}
func (d *desk) Mandate(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	if id != "man_1" {
		return stead.Mandate{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
	}
	return d.move("mandate", cmp.Or(d.made, stead.Asked))
}
func session() stead.Session {
	return stead.Session{ID: "ses_1", Version: 4, Principal: sam.ID, IdleAfter: stead.Duration(time.Hour)}
}
func (d *desk) SessionPage(_ context.Context, _ authority.By, _ stead.PrincipalID, after authority.Place, _ int) ([]stead.Session, authority.Place, error) {
	return []stead.Session{session()}, after, d.note("sessions")
}
func (d *desk) Session(_ context.Context, _ authority.By, id stead.SessionID) (stead.Session, error) {
	return session(), d.note("session " + string(id))
}
func (d *desk) EndSession(_ context.Context, by authority.By, id stead.SessionID) error {
	return d.noted("end-session "+string(id), by)
}
func (d *desk) PeoplePage(_ context.Context, _ authority.By, q authority.PeopleQuery) ([]stead.Principal, bool, error) {
	return []stead.Principal{sam, dana}[:min(q.Limit, 2)], q.Limit < 2, d.note("people " + q.Name + q.After)
}
func (d *desk) Human(_ context.Context, _ authority.By, id stead.PrincipalID) (authority.Human, error) {
	return authority.Human{Principal: dana, Others: []stead.Principal{dana2}, Password: true,
		Holders: []authority.Holder{{Principal: sam}, {Principal: stead.Principal{ID: "prn_gone"}, Mark: "vip"}}, Voucher: stead.Principal{ID: stead.Server}}, d.note("person " + string(id))
}
func (d *desk) Enroll(_ context.Context, _ authority.By, all []authority.NewPerson) ([]stead.Principal, error) {
	d.new = all
	return make([]stead.Principal, len(all)), d.note("enroll")
}
func (d *desk) Change(_ context.Context, by authority.By, id stead.PrincipalID, e authority.Edit) (stead.Principal, error) {
	d.edit = e
	return dana, d.noted("change "+string(id), by)
}
func (d *desk) Erase(_ context.Context, by authority.By, id stead.PrincipalID) error {
	return d.noted("erase "+string(id), by)
}
func (d *desk) Vouch(_ context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Principal, error) {
	return dana, d.noted("vouch "+string(id)+" "+reason, by)
}
func (d *desk) Stage(_ context.Context, by authority.By, files map[string]string) (string, error) {
	d.files = files
	return digest, d.noted("stage", by)
}
func (d *desk) Apply(_ context.Context, _ authority.By, got string) (stead.Bundle, error) {
	return stead.Bundle{ID: authority.PolicyBundle, Digest: got, Version: 2}, d.note("apply")
}
func (d *desk) Policies(_ context.Context, by authority.By) (inForce, staged stead.Bundle, err error) {
	inForce = d.Bundle(authority.PolicyBundle)
	if d.May(by, authority.Onlookers()...) != nil {
		inForce.Author, inForce.Applied = "", ""
		return inForce, staged, nil
	}
	return inForce, d.Bundle(authority.StagedBundle), nil
}
func (d *desk) Why(_ context.Context, _ authority.By, id stead.DecisionID) (authority.Reasoning, error) {
	return authority.Reasoning{Explanation: authority.Explanation{Nearest: &authority.RuleTrace{ID: "support-acts", Effect: "permit"}}}, d.note("why " + string(id))
}
func (d *desk) Preview(_ context.Context, _ authority.By, w authority.Ask) (authority.Preview, error) {
	d.ask = w
	return authority.Preview{Mandate: stead.Mandate{Actor: "prn_sam", Subject: w.Subject, State: stead.Asked}, Code: true}, d.note("preview " + string(w.Subject))
}
func (d *desk) SetPassword(_ context.Context, by authority.By, w authority.NewPassword) error {
	return d.noted("password "+w.Old+" "+w.New, by)
}
func (d *desk) SetFactor(_ context.Context, by authority.By, w authority.NewFactor) error {
	return d.noted("factor "+w.Secret+" "+w.Code+" "+w.Proof, by)
}
func (d *desk) AskFactor(_ context.Context, by authority.By, id stead.PrincipalID, reason string) (authority.FactorLink, error) {
	return authority.FactorLink{}, d.noted("ask-factor "+string(id)+" "+reason, by)
}
func (d *desk) AllowFactor(_ context.Context, by authority.By, id stead.PrincipalID) (authority.FactorLink, error) {
	return authority.FactorLink{Link: "stl_1.prn_dana"}, d.noted("allow-factor "+string(id), by)
}
func (d *desk) Raise(_ context.Context, by authority.By, id stead.MandateID, text string) error {
	return d.noted("concern "+string(id)+" "+text, by)
}
func (d *desk) Groups(context.Context, authority.By) ([]authority.GroupCount, error) {
	return []authority.GroupCount{{Group: "staff/support", N: 2}}, d.note("groups")
}
func (d *desk) TrustClock(context.Context, authority.By) (int, error) { return 1, d.note("trust") }

func (d *desk) Events(_ context.Context, q authority.EventQuery) ([]authority.StoredEvent, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.Limit != 1 {
		d.query = q
	}
	if q.Within > 0 && d.short > 0 && (q.Before == 0 || q.Before > d.short) {
		return nil, &authority.Short{At: d.short}
	}
	var found []authority.StoredEvent
	for _, e := range d.trail {
		if e.Number() > q.After && (q.Before == 0 || e.Number() < q.Before) {
			found = append(found, e)
		}
	}
	if q.Newest {
		for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
			found[i], found[j] = found[j], found[i]
		}
	}
	return found[:min(len(found), q.Limit)], nil
}

func (d *desk) Settled(ctx context.Context, number uint64) error {
	d.mu.Lock()
	there := number == 0 || len(d.trail) > 0 && d.trail[len(d.trail)-1].Number() >= number
	d.mu.Unlock()
	if there {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (d *desk) Checkpoint(context.Context) ([]byte, error) { return []byte("note\n"), nil }
func (d *desk) Key() string                                { return "log+0+key" }
func (d *desk) Prove(_ context.Context, i uint64) ([]byte, []byte, error) {
	if i > 5 {
		return nil, nil, stead.E(stead.Missing, stead.ReasonRequest, "there is no event %d", i)
	}
	return []byte(`{"v":1}`), []byte("proof"), nil
}
func (d *desk) Principal(id stead.PrincipalID) stead.Principal {
	for _, p := range []stead.Principal{sam, dana, dana2} {
		if p.ID == id {
			return p
		}
	}
	return stead.Principal{}
}
func (d *desk) Named(dir, name string) stead.PrincipalID {
	for _, p := range []stead.Principal{sam, dana, dana2} {
		if p.Directory == dir && p.Name == name {
			return p.ID
		}
	}
	return ""
}
func (d *desk) Bundle(id string) stead.Bundle {
	if id == authority.StagedBundle {
		return d.staged
	}
	return stead.Bundle{ID: id, Version: 1, Digest: digest, Files: map[string]string{"a.cedar": "one\ntwo\n", "b.cedar": "b\n"}}
}

// judge answers for policy. It is not the desk: Why has another meaning there.
type judge struct{ asked authority.Case }

func (j *judge) Check(files map[string]string) (string, error) {
	if _, bad := files["bad.cedar"]; bad {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "bad.cedar:3: no rule")
	}
	return digest, nil
}
func (j *judge) Judge(string, authority.Case) stead.Verdict {
	return stead.Verdict{Allow: true, Obligations: stead.Obligations{Requires: []string{"ticket"}, Max: 20 * time.Minute, Winners: map[string]string{"max": "short"}}}
}
func (j *judge) Why(_ string, c authority.Case, _ authority.Reader) (authority.Explanation, error) {
	j.asked = c
	return authority.Explanation{Allow: true}, nil
}

type rig struct {
	desk  *desk
	judge *judge
	api   *API
	mux   http.Handler
	rows  []web.Route
}

func newRig(t *testing.T, change ...func(*API)) *rig {
	t.Helper()
	d, j := &desk{}, &judge{}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	a := &API{
		Verbs: d, Leases: d, Systems: d, Notices: pinboard{d}, Importer: d, Trail: d, Log: book{d}, Reports: shelf{d}, Register: d, Rules: j, Bundles: d,
		Apps:   []stead.App{{ID: "orders", Hosts: []string{"orders.test"}, Realms: []stead.Realm{{ID: "all", Path: "/", Acting: true}}}},
		Door:   web.Door{Log: log},
		Cookie: web.Cookie{Name: "stead_8420"}, Public: "http://stead.test", Version: "test",
		Now:     func() time.Time { return noon },
		Advance: func(_ context.Context, by time.Duration) (time.Time, error) { return noon.Add(by), nil },
	}
	for _, f := range change {
		f(a)
	}
	var routes web.Routes
	if err := a.Routes(&routes); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := routes.Mount(mux, a.Door); err != nil {
		t.Fatal(err)
	}
	front := web.Front{NewID: func() string { return "req_1" }, Refuse: a.Door.Refuse}
	return &rig{desk: d, judge: j, api: a, mux: front.Before(mux), rows: routes.List()}
}

// do sends a request; token "" sends none.
func (r *rig) do(method, target, token, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "http://stead.test"+target, strings.NewReader(body))
	req.RequestURI = target
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.mux.ServeHTTP(w, req)
	return w
}
