package e2e

import (
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house/housetest"
)

// wants checks one answer; kind "" is yes.
func wants(t *testing.T, what string, err error, kind stead.Kind, reason stead.Reason) {
	t.Helper()
	if stead.KindOf(err) != kind || stead.ReasonOf(err) != reason {
		t.Errorf("%s: %s %s (%v), want %s %s", what, stead.KindOf(err), stead.ReasonOf(err), err, kind, reason)
	}
}

// Whatever is wrong has one answer (S-I17), and every answer its event.
func TestSignInRefuses(t *testing.T) {
	h, ids, in := open(t, settings())
	root := in("root", true)
	closed := true
	_, err := h.Change(t.Context(), root, ids["carl"], authority.Edit{Disabled: &closed})
	wants(t, "close", err, "", "")
	for name, s := range map[string]authority.SignIn{
		"nobody":         {Name: "nobody", Password: "right"},
		"no name":        {Password: "right"},
		"wrong password": {Name: "sam", Password: "wrong"},
		"no password":    {Name: "sam"},
		"directory":      {Directory: "customers", Name: "sam", Password: "right"},
		"closed":         {Name: "carl", Password: "right"},
		"wrong code":     {Name: "sam", Password: "right", Code: "abc"},
	} {
		s.Address = name
		before := h.events(t, "session.start.refused")
		_, err := h.SignIn(t.Context(), s)
		wants(t, name, err, stead.Refused, stead.ReasonBadProof)
		if h.events(t, "session.start.refused") != before+1 {
			t.Errorf("%s left no event", name)
		}
	}
	code := h.fresh()
	_, err = h.SignIn(t.Context(), authority.SignIn{Name: "sam", Password: "right", Code: code})
	wants(t, "a fresh code", err, "", "")
	_, err = h.SignIn(t.Context(), authority.SignIn{Name: "sam", Password: "right", Code: code})
	wants(t, "the same code again", err, stead.Conflict, stead.ReasonUsed) // S-I15
}

// Guessing is slowed for who guesses, and for nobody else.
func TestGuessing(t *testing.T) {
	h, _, _ := open(t, settings())
	var err error
	for range 7 {
		_, err = h.SignIn(t.Context(), authority.SignIn{Name: "sam", Password: "wrong", Address: "there"})
	}
	wants(t, "the seventh guess", err, stead.Refused, stead.ReasonTooMany)
	_, err = h.SignIn(t.Context(), authority.SignIn{Name: "sam", Password: "right", Address: "here"})
	wants(t, "sam himself, from elsewhere", err, "", "")
	h.seconds.Add(31)
	_, err = h.SignIn(t.Context(), authority.SignIn{Name: "sam", Password: "right", Address: "there"})
	wants(t, "half a minute later", err, "", "")
}

// A pass counts at its host, from its client, until it is exchanged or its session ends (B2, S-I11, S-I12).
func TestPasses(t *testing.T) {
	h, _, _ := open(t, settings())
	first, err := h.SignIn(t.Context(), authority.SignIn{Name: "sam", Password: "right", Host: "a", Client: "c", Address: "x"})
	wants(t, "sign in", err, "", "")
	show := func(secret, host, client string) error {
		_, err := h.Present(t.Context(), authority.Presented{Secret: secret, Host: host, Client: client})
		return err
	}
	wants(t, "at home", show(first.Secret, "a", "c"), "", "")
	wants(t, "no pass", show("", "a", "c"), stead.Refused, stead.ReasonSignIn)
	wants(t, "unknown pass", show("guess", "a", "c"), stead.Refused, stead.ReasonSignIn)
	wants(t, "another host", show(first.Secret, "b", "c"), stead.Refused, stead.ReasonSignIn)
	wants(t, "another client", show(first.Secret, "a", "d"), stead.Refused, stead.ReasonOtherClient)
	if h.events(t, "session.present.refused") != 1 {
		t.Error("a stolen pass leaves an event")
	}
	second, err := h.Rotate(t.Context(), first.By)
	wants(t, "rotate", err, "", "")
	wants(t, "the old pass", show(first.Secret, "a", "c"), stead.Refused, stead.ReasonSignIn)
	wants(t, "the new pass", show(second.Secret, "a", "c"), "", "")

	code, err := h.Hand(t.Context(), first.By, "b")
	wants(t, "hand", err, "", "")
	for name, p := range map[string]authority.Presented{
		"another host": {Secret: code, Host: "z", Client: "c"}, "another client": {Secret: code, Host: "b", Client: "d"},
		"another code": {Secret: code + "A", Host: "b", Client: "c"}, "no code": {Host: "b", Client: "c"},
	} {
		_, err := h.Redeem(t.Context(), p)
		wants(t, "redeem: "+name, err, stead.Refused, stead.ReasonBadProof)
	}
	there, err := h.Redeem(t.Context(), authority.Presented{Secret: code, Host: "b", Client: "c"})
	wants(t, "redeem", err, "", "")
	wants(t, "there", show(there.Secret, "b", "c"), "", "")
	_, err = h.Redeem(t.Context(), authority.Presented{Secret: code, Host: "b", Client: "c"})
	wants(t, "redeem twice", err, stead.Conflict, stead.ReasonUsed)
	code, err = h.Hand(t.Context(), first.By, "b")
	wants(t, "hand again", err, "", "")
	h.seconds.Add(60)
	_, err = h.Redeem(t.Context(), authority.Presented{Secret: code, Host: "b", Client: "c"})
	wants(t, "a minute later", err, stead.Expired, stead.ReasonExpired)

	h.seconds.Add(30 * 60)
	wants(t, "idle", show(second.Secret, "a", "c"), stead.Refused, stead.ReasonSessionIdle)
	third, err := h.SignIn(t.Context(), authority.SignIn{Name: "sam", Password: "right", Host: "a", Client: "c", Address: "x"})
	wants(t, "sign in", err, "", "")
	wants(t, "sign out", h.SignOut(t.Context(), third.By), "", "")
	wants(t, "signed out", show(third.Secret, "a", "c"), stead.Refused, stead.ReasonSignIn)
	_, err = h.Rotate(t.Context(), third.By)
	wants(t, "rotate after", err, stead.Refused, stead.ReasonSignIn)
	_, err = h.Hand(t.Context(), third.By, "b")
	wants(t, "hand after", err, stead.Refused, stead.ReasonSignIn)
	_, err = h.Status(t.Context(), third.By)
	wants(t, "status after", err, stead.Refused, stead.ReasonSignIn)
}

// Whoever lacks the role, or acts for somebody, gets nothing from the verbs of the house (R6, S-I3).
func TestRoles(t *testing.T) {
	h, ids, in := open(t, settings())
	root, sam, olga := in("root", true), in("sam", true), in("olga", true)
	ctx := t.Context()
	for name, verb := range map[string]func(by authority.By) error{
		"enroll": func(by authority.By) error {
			_, err := h.Enroll(ctx, by, []authority.NewPerson{{Directory: "staff", Name: "new-" + string(by.Session)}})
			return err
		},
		"change":    func(by authority.By) error { _, err := h.Change(ctx, by, ids["carl"], authority.Edit{}); return err },
		"people":    func(by authority.By) error { _, err := h.People(ctx, by, authority.Lookup{}); return err },
		"person":    func(by authority.By) error { _, err := h.Person(ctx, by, ids["carl"]); return err },
		"mandates":  func(by authority.By) error { _, err := h.Mandates(ctx, by, true); return err },
		"may admin": func(by authority.By) error { return h.May(by, authority.Admin) },
		"stage":     func(by authority.By) error { _, err := h.Stage(ctx, by, map[string]string{"x.cedar": "a"}); return err },
	} {
		wants(t, name+" by an admin", verb(root), "", "")
		wants(t, name+" by support", verb(sam), stead.Missing, stead.ReasonNotYours)
		wants(t, name+" by nobody", verb(authority.By{}), stead.Refused, stead.ReasonSignIn)
	}
	wants(t, "trust the clock by support", second(h.TrustClock(ctx, sam)), stead.Missing, stead.ReasonNotYours)
	wants(t, "trust the clock", second(h.TrustClock(ctx, olga)), "", "")
	wants(t, "another's session", h.EndSession(ctx, sam, olga.Session), stead.Missing, stead.ReasonNotYours)
	wants(t, "no session", h.EndSession(ctx, root, "ses_none"), stead.Missing, stead.ReasonNotYours)
	mine, err := h.Sessions(ctx, sam)
	if wants(t, "my sessions", err, "", ""); len(mine) != 1 || mine[0].Passes != nil {
		t.Errorf("%+v", mine)
	}
	if all, err := h.Sessions(ctx, olga); err != nil || len(all) != 3 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
	wants(t, "security ends it", h.EndSession(ctx, olga, sam.Session), "", "")
	_, err = h.Sessions(ctx, sam)
	wants(t, "it has ended", err, stead.Refused, stead.ReasonSignIn)
}

func second[T any](_ T, err error) error { return err }

// Whom no rule lets act for anybody learns nothing of who there is, however he asks (S-I17).
func TestWhoMayNotActFindsNobody(t *testing.T) {
	h := housetest.New(t)
	dana := h.Login("customers/dana", "stead.test")
	for what, l := range map[string]authority.Lookup{"there": {Name: "erin"}, "not there": {Name: "zoe"}, "himself": {Name: "dana"}, "by id": {Name: string(h.People["staff/sam"].ID)}} {
		_, err := h.Find(t.Context(), dana, l)
		wants(t, what, err, stead.Refused, stead.ReasonPolicy)
	}
	if h.MayAct(t.Context(), dana) || !h.MayAct(t.Context(), h.Login("staff/sam", "stead.test")) {
		t.Error("who may act is another one")
	}
}

func TestLookups(t *testing.T) {
	h, ids, in := open(t, settings())
	root := in("root", true)
	_, err := h.Enroll(t.Context(), root, []authority.NewPerson{
		{Directory: "partners", Name: "dana", Shown: "Dana P.", Groups: []string{"customer"}, Attributes: map[string]string{"city": "Graz"}}})
	wants(t, "another Dana", err, "", "")
	_, err = h.Enroll(t.Context(), root, []authority.NewPerson{{Directory: "staff", Name: "x"}, {Directory: "partners", Name: "dana"}})
	wants(t, "the same name", err, stead.Conflict, stead.ReasonExists)
	_, err = h.Enroll(t.Context(), root, []authority.NewPerson{{Directory: "staff", Name: "x"}, {Directory: "staff", Name: "x"}})
	wants(t, "one name for two, in one breath", err, stead.Conflict, stead.ReasonExists)
	_, err = h.Enroll(t.Context(), root, []authority.NewPerson{{Name: "x"}})
	wants(t, "no directory", err, stead.Invalid, stead.ReasonRequest)
	for _, p := range []authority.NewPerson{
		{Directory: "staff", Name: "x "}, {Directory: "staff", Name: "x\x00"}, {Directory: "staff", Name: "x\u202ey"}, {Directory: "staff", Name: "\xff"},
		{Directory: "staff/x", Name: "x"}, {Directory: " staff", Name: "x"}, {Directory: "staff", Name: "x", Shown: "x\ny"},
	} {
		_, err = h.Enroll(t.Context(), root, []authority.NewPerson{p})
		wants(t, p.Directory+"/"+p.Name, err, stead.Invalid, stead.ReasonRequest)
	}
	hidden := "Root\u202e"
	_, err = h.Change(t.Context(), root, ids["dana"], authority.Edit{Shown: &hidden})
	wants(t, "a name that hides something", err, stead.Invalid, stead.ReasonRequest)
	wants(t, "seed again", second(h.Seed(t.Context(), cast())), stead.Refused, stead.ReasonExists)
	if p, err := h.People(t.Context(), root, authority.Lookup{Name: "x", Directory: "staff"}); err != nil || len(p) != 0 {
		t.Errorf("all or none: %v, %v", p, err)
	}
	sam := in("sam", true)
	find := func(l authority.Lookup) (int, error) { p, err := h.Find(t.Context(), sam, l); return len(p), err }
	_, err = find(authority.Lookup{Name: "dana"})
	wants(t, "not armed", err, stead.Refused, stead.ReasonNotArmed)
	wants(t, "arm", second(h.Arm(t.Context(), sam, h.fresh())), "", "")
	for _, c := range []struct {
		l authority.Lookup
		n int
	}{
		{authority.Lookup{Name: "dana"}, 2}, {authority.Lookup{Name: "DANA p."}, 1}, {authority.Lookup{Name: "dana", Directory: "customers"}, 1},
		{authority.Lookup{Name: "dana", Attributes: map[string]string{"city": "Graz"}}, 1}, {authority.Lookup{Name: string(ids["dana"])}, 1},
	} {
		if n, err := find(c.l); n != c.n || err != nil {
			t.Errorf("%+v: %d, %v", c.l, n, err)
		}
	}
	for _, l := range []authority.Lookup{{Name: "dan"}, {Name: " "}, {}, {Name: "dana", Attributes: map[string]string{"city": "Linz"}}} {
		_, err := find(l)
		wants(t, "find "+l.Name, err, stead.Missing, stead.ReasonUnknown)
	}
	if h.events(t, "person.searched") != 5 || h.events(t, "person.search.refused") != 5 {
		t.Error("searches are recorded (R34)")
	}
	if p, err := h.Person(t.Context(), sam, sam.Principal); err != nil || p.Name != "sam" {
		t.Errorf("%+v, %v", p, err)
	}
	wants(t, "no such person", second(h.Person(t.Context(), root, "prn_none")), stead.Missing, stead.ReasonNotYours)
	for id, want := range map[stead.PrincipalID]string{ids["sam"]: "person:staff/sam", stead.Server: "stead", "prn_none": "prn_none"} {
		if _, account := h.Name(id); account != want {
			t.Errorf("%s is named %s", id, account)
		}
	}
}

// Policy is applied by another human than its author, by the digest he has seen (S-I8).
func TestPolicyTakesTwo(t *testing.T) {
	h, _, in := open(t, settings())
	root, omar, too := in("root", true), in("omar", true), in("omar-too", true)
	ctx := t.Context()
	apply := func(by authority.By, digest string) error { return second(h.Apply(ctx, by, digest)) }
	wants(t, "nothing staged", apply(root, "x"), stead.Missing, stead.ReasonState)
	wants(t, "found a bad one", h.Found(ctx, map[string]string{"x.cedar": "bad"}), stead.Invalid, stead.ReasonRequest)
	wants(t, "found", h.Found(ctx, map[string]string{"x.cedar": "0"}), "", "")
	wants(t, "found again", h.Found(ctx, map[string]string{"x.cedar": "1"}), stead.Refused, stead.ReasonExists)
	wants(t, "stage a bad one", second(h.Stage(ctx, omar, map[string]string{"x.cedar": "bad"})), stead.Invalid, stead.ReasonRequest)
	digest, err := h.Stage(ctx, omar, map[string]string{"x.cedar": "1"})
	wants(t, "stage", err, "", "")
	wants(t, "by its author", apply(omar, digest), stead.Refused, stead.ReasonAuthor)
	wants(t, "by its author's other account", apply(too, digest), stead.Refused, stead.ReasonAuthor)
	wants(t, "by another digest", apply(root, "other"), stead.Conflict, stead.ReasonVoid)
	if force, staged, err := h.Policies(ctx, root); err != nil || force.Version != 1 || staged.Digest != digest {
		t.Errorf("%+v, %+v, %v", force, staged, err)
	}
	wants(t, "by another", apply(root, digest), "", "")
	wants(t, "again", apply(root, digest), stead.Conflict, stead.ReasonExists)
	wants(t, "compile what is stored", h.Compile(), "", "")
}

// A password changed ends every session of its owner; a name used again inherits nothing (C13).
func TestPeopleChange(t *testing.T) {
	h, ids, in := open(t, settings())
	root, sam, ctx := in("root", true), in("sam", true), t.Context()
	wants(t, "arm", second(h.Arm(ctx, sam, h.fresh())), "", "")
	m := h.ready(t, sam, ids["dana"], stead.ReadOnly)
	wants(t, "start", second(h.Start(ctx, sam, m.ID, "")), "", "")
	st, err := h.Status(t.Context(), sam)
	if err != nil || !st.Acting || st.Subject.ID != ids["dana"] || st.WarnsOf != "mandate-idle" || st.ExtensionsLeft != 2 || !st.WarnAt.Equal(st.Until.Add(-time.Minute)) {
		t.Errorf("%+v, %v", st, err)
	}
	q := stead.Question{Session: sam.Session, Actor: sam.Principal, Subject: ids["dana"], Mandate: m.ID, Action: stead.ActionRead,
		Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/"}}
	d, err := h.Decide(ctx, q)
	if err != nil || !d.Allow {
		t.Fatalf("%+v, %v", d, err)
	}
	h.Served(q, d, authority.Outcome{Status: 200, Title: "Orders", Assets: 2})
	h.Flush()
	if h.events(t, "request.served") != 1 {
		t.Error("the outcome is not on record")
	}
	fresh, totp := "new", "other"
	_, err = h.Change(ctx, root, ids["sam"], authority.Edit{Password: &fresh, TOTP: &totp})
	wants(t, "new password", err, "", "")
	if d, err := h.Decide(ctx, q); err != nil || d.Allow {
		t.Errorf("after the password changed: %+v, %v", d, err)
	}
	_, err = h.SignIn(ctx, authority.SignIn{Name: "sam", Password: "right", Address: "x"})
	wants(t, "the old password", err, stead.Refused, stead.ReasonBadProof)
	gone := true
	wants(t, "delete", second(h.Change(ctx, root, ids["sam"], authority.Edit{Deleted: &gone})), "", "")
	again, err := h.Enroll(ctx, root, []authority.NewPerson{{Directory: "staff", Name: "sam", Password: "right"}})
	if wants(t, "the name again", err, "", ""); again[0].ID == ids["sam"] || again[0].Person == "" {
		t.Errorf("%+v", again)
	}
	by := in("sam", false)
	if all, err := h.Mandates(ctx, by, false); err != nil || len(all) != 0 {
		t.Errorf("inherited %v, %v", all, err)
	}
	wants(t, "the old one's mandate", second(h.Mandate(ctx, by, m.ID)), stead.Missing, stead.ReasonNotYours)
	wants(t, "no such account", second(h.Change(ctx, root, "prn_none", authority.Edit{})), stead.Missing, stead.ReasonUnknown)
}

// What a mandate may cost is counted with every request, and the last unit is the last (S-I14).
func TestOrdinaryTraffic(t *testing.T) {
	set := settings()
	set.Ordinary = "allow"
	h, _, in := open(t, set)
	sam := in("sam", false)
	q := stead.Question{Session: sam.Session, Actor: sam.Principal, Subject: sam.Principal, Action: stead.ActionWrite,
		Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/"}, Activity: true}
	if d, err := h.Decide(t.Context(), q); err != nil || !d.Allow {
		t.Errorf("%+v, %v", d, err)
	}
	h.Flush()
	if h.events(t, "request.allowed") != 1 {
		t.Error("an ordinary request is recorded all the same")
	}
	refused := 0
	for range 250 { // refusing must not become a weapon: it stops costing commits
		q := q
		q.Resource.App = "none"
		if d, err := h.Decide(t.Context(), q); err != nil || d.Allow {
			t.Fatalf("%+v, %v", d, err)
		} else if d.Reason == stead.ReasonTooMany {
			refused++
		}
	}
	h.Flush()
	if denied := h.events(t, "request.denied"); refused == 0 || denied+refused != 250 {
		t.Errorf("%d recorded, %d held back", denied, refused)
	}
}

// After a restore every right is over.
func TestEndAll(t *testing.T) {
	h, ids, in := open(t, settings())
	sam := in("sam", true)
	wants(t, "arm", second(h.Arm(t.Context(), sam, h.fresh())), "", "")
	h.ready(t, sam, ids["dana"], stead.ReadOnly)
	wants(t, "end all", h.EndAll(t.Context()), "", "")
	if s := h.still(); len(s.Sessions)+len(s.Mandates) != 0 {
		t.Errorf("left: %+v", s)
	}
}
