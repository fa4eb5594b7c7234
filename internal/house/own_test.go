package house_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house/housetest"
)

const other = "NB2W45DFOIZA2DBNB2W45DFOIZA2DBN2"

// shows is what an authenticator with a secret shows now.
func shows(t *testing.T, h *housetest.House, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, h.Clock.Wall())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func wants(t *testing.T, what string, err error, r stead.Reason) {
	t.Helper()
	if stead.ReasonOf(err) != r {
		t.Errorf("%s: %v, want %q", what, err, r)
	}
}

// A second factor is replaced by who proves the old one, and only then; from then on the new one counts alone.
func TestSetFactor(t *testing.T) {
	h := housetest.New(t)
	ctx, sam := t.Context(), h.Login("staff/sam", "stead.test")
	set := func(secret, code, proof string) error {
		return h.SetFactor(ctx, sam, authority.NewFactor{Secret: secret, Code: code, Proof: proof})
	}
	wants(t, "without the old one", set(other, shows(t, h, other), ""), stead.ReasonSecondFactor)
	wants(t, "with the password instead", set(other, shows(t, h, other), housetest.Password), stead.ReasonBadProof)
	wants(t, "before it has arrived", set(other, "000000", h.Code("staff/sam")), stead.ReasonSecondFactor)
	wants(t, "without a code of the new one", set(other, "", h.Code("staff/sam")), stead.ReasonSecondFactor)
	wants(t, "with what is no secret", set("!", "000000", h.Code("staff/sam")), stead.ReasonRequest)
	h.Clock.Move(3 * time.Minute) // every guess is there again
	used := h.Code("staff/sam")
	if _, err := h.Arm(ctx, sam, used); err != nil {
		t.Fatal(err)
	}
	wants(t, "with a code that was used", set(other, shows(t, h, other), used), stead.ReasonBadProof)
	proof := h.Code("staff/sam")
	if err := set(other, shows(t, h, other), proof); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Arm(ctx, sam, h.Code("staff/sam")); err == nil {
		t.Error("the old one counts still")
	}
	h.Clock.Move(time.Minute)
	if _, err := h.Arm(ctx, sam, shows(t, h, other)); err != nil {
		t.Error(err)
	}
	m, err := h.Ask(ctx, sam, authority.Ask{Subject: h.People["customers/dana"].ID, App: "orders", Purpose: stead.Purpose{Reason: "x", Ticket: "SUP-1"}})
	if err == nil {
		_, err = h.Start(ctx, sam, m.ID, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(time.Minute)
	wants(t, "while acting", set(housetest.Secret, shows(t, h, housetest.Secret), shows(t, h, other)), stead.ReasonChain)
}

// Who has no second factor proves his password again: a session that was found open gives nobody one.
func TestFirstFactor(t *testing.T) {
	h := housetest.New(t)
	ctx, root := t.Context(), h.Login("staff/root", "stead.test")
	made, err := h.Enroll(ctx, root, []authority.NewPerson{{Directory: "staff", Name: "kim", Password: housetest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	h.People["staff/kim"] = made[0]
	kim := h.Login("staff/kim", "stead.test")
	if who, err := h.Human(ctx, kim, kim.Principal); err != nil || who.Code || !who.Password {
		t.Fatalf("%+v, %v", who, err)
	}
	set := func(proof string) error {
		return h.SetFactor(ctx, kim, authority.NewFactor{Secret: other, Code: shows(t, h, other), Proof: proof})
	}
	wants(t, "with a wrong password", set("wrong horse"), stead.ReasonBadProof)
	if err := set(housetest.Password); err != nil {
		t.Fatal(err)
	}
	if who, err := h.Human(ctx, kim, kim.Principal); err != nil || !who.Code {
		t.Errorf("%+v, %v", who, err)
	}
	wants(t, "the password again", set(housetest.Password), stead.ReasonBadProof)
	for range 8 {
		err = set("000000")
	}
	wants(t, "too many guesses", err, stead.ReasonTooMany)
}

// A password is replaced by who knows the one before: what is done in his other sessions ends, and the old one opens
// nothing.
func TestSetPassword(t *testing.T) {
	h := housetest.New(t)
	ctx, here, there := t.Context(), h.Login("staff/sam", "stead.test"), h.Login("staff/sam", "stead.test")
	m, err := h.Act(there, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	const chosen = "battery staple"
	set := func(by authority.By, old, fresh string) error {
		return h.SetPassword(ctx, by, authority.NewPassword{Old: old, New: fresh})
	}
	wants(t, "without the old one", set(here, "", chosen), stead.ReasonBadProof)
	wants(t, "with a wrong one", set(here, chosen, chosen), stead.ReasonBadProof)
	wants(t, "a short one", set(here, housetest.Password, "battery"), stead.ReasonRequest)
	wants(t, "the same one", set(here, housetest.Password, housetest.Password), stead.ReasonRequest)
	h.Clock.Move(3 * time.Minute) // every guess is there again
	wants(t, "while acting", set(there, housetest.Password, chosen), stead.ReasonChain)
	wants(t, "with the password alone", set(here, housetest.Password, chosen), stead.ReasonLevel)
	stronger, err := h.StepUp(ctx, here, h.Code("staff/sam"))
	if err != nil {
		t.Fatal(err)
	}
	here = stronger.By
	if err := set(here, housetest.Password, chosen); err != nil {
		t.Fatal(err)
	}
	if kinds := strings.Join(h.Kinds(3), " "); !strings.Contains(kinds, "password.set") || !strings.Contains(kinds, "mandate.ended") {
		t.Errorf("on record stands %s", kinds)
	}
	wants(t, "the other session", h.Disarm(ctx, there), stead.ReasonSignIn)
	if got, err := h.Mandate(ctx, here, m.ID); err == nil && got.State != stead.Ended {
		t.Errorf("what is done in it goes on: %s", got.State)
	}
	if err := h.Disarm(ctx, here); err != nil {
		t.Errorf("the one that he is in: %v", err)
	}
	h.Clock.Move(time.Minute)
	sign := func(password string) error {
		_, err := h.SignIn(ctx, authority.SignIn{Directory: "staff", Name: "sam", Password: password, Code: h.Code("staff/sam"), Host: "stead.test"})
		return err
	}
	wants(t, "the old one", sign(housetest.Password), stead.ReasonBadProof)
	if err := sign(chosen); err != nil {
		t.Error(err)
	}
	h.Clock.Move(3 * time.Minute)
	prover := h.Authority.Prover
	h.Authority.Prover = meddler{prover, func() {
		h.Authority.Prover = prover
		if err := set(here, chosen, "quicker horse"); err != nil {
			t.Error(err)
		}
	}}
	wants(t, "changed meanwhile", set(here, chosen, "slower horse"), stead.ReasonState)
	for range 8 {
		err = set(here, "guess", chosen)
	}
	wants(t, "too many guesses", err, stead.ReasonTooMany)
}

// A concern is for who was acted for to raise, and for security to read; who acted is not told.
func TestRaise(t *testing.T) {
	h := housetest.New(t)
	ctx, sam := t.Context(), h.Login("staff/sam", "stead.test")
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	dana, erin, omar := h.Login("customers/dana", "stead.test"), h.Login("customers/erin", "stead.test"), h.Login("staff/omar", "stead.test")
	wants(t, "by nobody's business", h.Raise(ctx, erin, m.ID, "who?"), stead.ReasonNotYours)
	wants(t, "by who acts", h.Raise(ctx, sam, m.ID, "me"), stead.ReasonNotYours)
	wants(t, "without a word", h.Raise(ctx, dana, m.ID, " \n"), stead.ReasonReason)
	wants(t, "with too many", h.Raise(ctx, dana, m.ID, strings.Repeat("x", 4097)), stead.ReasonRequest)
	if err := h.Raise(ctx, dana, m.ID, "I asked nobody\r\nfor this"); err != nil {
		t.Fatal(err)
	}
	if err := h.Store.Settled(ctx, h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	for who, n := range map[*authority.By]int{&omar: 1, &dana: 1, &sam: 0, &erin: 0} {
		got, err := h.Events(ctx, *who, authority.EventQuery{Kinds: []string{"concern.raised"}, Mandate: m.ID})
		if err != nil || len(got) != n {
			t.Errorf("%s reads %d, want %d (%v)", who.Principal, len(got), n, err)
		}
	}
	got, err := h.Events(ctx, omar, authority.EventQuery{Kinds: []string{"concern.raised"}})
	if err != nil || got[0].What["reason"] != "I asked nobody\r\nfor this" || got[0].App != "orders" {
		t.Errorf("%+v, %v", got, err)
	}
}

// A preview tells what Ask would give, is on record, and leaves no mandate.
func TestPreview(t *testing.T) {
	h := housetest.New(t)
	ctx, sam := t.Context(), h.Login("staff/sam", "stead.test")
	wish := authority.Ask{Subject: h.People["customers/dana"].ID, App: "orders", For: time.Hour, Purpose: stead.Purpose{Reason: "wrong total", Ticket: "SUP-4711"}}
	_, err := h.Preview(ctx, sam, wish)
	wants(t, "before arming", err, stead.ReasonNotArmed)
	if _, err := h.Arm(ctx, sam, h.Code("staff/sam")); err != nil {
		t.Fatal(err)
	}
	look, err := h.Preview(ctx, sam, wish)
	if err != nil || !look.Code || !look.Fresh.After(h.Now()) || time.Duration(look.Bounds.Length) != 10*time.Minute {
		t.Fatalf("%+v, %v", look, err)
	}
	if all, err := h.Mandates(ctx, sam, false); err != nil || len(all) != 0 {
		t.Errorf("%d mandates, %v", len(all), err)
	}
	m, err := h.Ask(ctx, sam, wish)
	if err != nil || m.Bounds.Length != look.Bounds.Length || len(m.Stages) != len(look.Stages) || m.Mode != look.Mode {
		t.Errorf("asked %+v, previewed %+v, %v", m, look, err)
	}
	_, err = h.Preview(ctx, sam, wish)
	wants(t, "beside another", err, stead.ReasonActing)
	wish.Subject = h.People["staff/root"].ID
	_, err = h.Preview(ctx, sam, wish)
	wants(t, "for an administrator", err, stead.ReasonPrivileged) // C1
	if err := h.Store.Settled(ctx, h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	said := map[stead.EventKind]int{}
	got, err := h.Events(ctx, h.Login("staff/omar", "stead.test"), authority.EventQuery{Kinds: []string{"mandate.preview"}, Actor: sam.Principal})
	for _, e := range got {
		said[e.Kind]++
	}
	if err != nil || said["mandate.previewed"] != 1 || said["mandate.preview.refused"] != 3 {
		t.Errorf("%v, %v", said, err)
	}
}

// A plan names who may act for others no more, and the mandates that would end, and ends none.
func TestPlan(t *testing.T) {
	h := housetest.New(t)
	ctx, sam := t.Context(), h.Login("staff/sam", "stead.test")
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	root, omar := h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test")
	_, err = h.Plan(ctx, omar)
	wants(t, "of nothing", err, stead.ReasonState)
	_, err = h.Plan(ctx, h.Login("customers/dana", "stead.test"))
	wants(t, "by nobody's business", err, stead.ReasonNotYours)
	now, _, err := h.Policies(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(now.Files)
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasPrefix(name, "tests/") })
	files["people.cedar"] = strings.ReplaceAll(files["people.cedar"], `principal in Group::"staff/support"`, `principal in Group::"staff/team-lead"`)
	if _, err := h.Stage(ctx, root, files); err != nil {
		t.Fatal(err)
	}
	p, err := h.Plan(ctx, omar)
	if err != nil || p.Problem != "" || len(p.Ends) != 1 || p.Ends[0].ID != m.ID {
		t.Fatalf("%+v, %v", p, err)
	}
	if p.Loses != 2 || p.Gains != 1 || p.Lose[0].Name != "sam" || p.Gain[0].Name != "maya" {
		t.Errorf("gains %d %v, loses %d %v", p.Gains, p.Gain, p.Loses, p.Lose)
	}
	if still, err := h.Mandate(ctx, sam, m.ID); err != nil || still.State != stead.Active {
		t.Errorf("%+v, %v", still, err)
	}
	d, err := h.Decide(ctx, h.Question(sam, m, stead.ActionRead, "/orders/7"))
	if err != nil || !d.Allow {
		t.Errorf("planning has changed what counts: %+v, %v", d, err)
	}
}

// If-Match for the timers is compared where they are changed.
func TestTimersTied(t *testing.T) {
	h := housetest.New(t)
	ctx, root := t.Context(), h.Login("staff/root", "stead.test")
	tied := func(tags string) authority.By {
		by := root
		by.Proviso = authority.Proviso{Kind: stead.KindBundle, ID: authority.TimersBundle, Tags: tags}
		return by
	}
	w := authority.TimersSet{Timers: []authority.TimerText{{Group: "staff/support", MaxDuration: stead.Duration(2 * time.Minute)}}, Reason: "audit"}
	_, err := h.SetTimers(ctx, tied("7,none"), w)
	wants(t, "another version", err, stead.ReasonChanged)
	for i, tag := range []string{"0,none", "1,none", "*"} {
		set, err := h.SetTimers(ctx, tied(tag), w)
		if err != nil || set.Version != uint64(i+1) {
			t.Fatalf("%s: %+v, %v", tag, set, err)
		}
	}
	_, err = h.SetTimers(ctx, tied("2,none"), w)
	wants(t, "a late one", err, stead.ReasonChanged)
	rows, err := h.TermsFor(ctx, root, h.People["staff/sam"].ID, "orders", "shop")
	if err != nil || rows[1].Value != "2m0s" || rows[1].From != "staff/support" {
		t.Errorf("%+v, %v", rows, err)
	}
	_, err = h.TermsFor(ctx, h.Login("staff/sam", "stead.test"), root.Principal, "orders", "shop")
	wants(t, "for whom it is not", err, stead.ReasonNotYours)
}

// People are found by group and state, and a human with all his accounts.
func TestPeopleFound(t *testing.T) {
	h := housetest.New(t)
	ctx, root := t.Context(), h.Login("staff/root", "stead.test")
	yes, no := true, false
	if _, err := h.Change(ctx, root, h.People["customers/erin"].ID, authority.Edit{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		q    authority.PeopleQuery
		want string
	}{
		"group":    {authority.PeopleQuery{Group: "staff/security"}, "carla omar"},
		"of any":   {authority.PeopleQuery{Group: "customers"}, "dana erin sam.private"},
		"active":   {authority.PeopleQuery{Group: "customers", Closed: &no}, "dana sam.private"},
		"disabled": {authority.PeopleQuery{Closed: &yes}, "erin"},
		"page":     {authority.PeopleQuery{Directory: "staff", After: "staff/omar"}, "root sam tess"},
	} {
		c.q.Limit = 50
		found, more, err := h.PeoplePage(ctx, root, c.q)
		var names []string
		for _, p := range found {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != c.want || more || err != nil {
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, err)
		}
	}
	who, err := h.Human(ctx, root, h.People["staff/sam"].ID)
	if err != nil || len(who.Others) != 1 || who.Others[0].Name != "sam.private" {
		t.Errorf("%+v, %v", who, err)
	}
	_, err = h.Human(ctx, h.Login("staff/sam", "stead.test"), h.People["staff/omar"].ID)
	wants(t, "somebody else", err, stead.ReasonNotYours)
	groups, err := h.Groups(ctx, root)
	if err != nil || len(groups) != 6 || groups[0] != (authority.GroupCount{Group: "customers/customers", N: 2}) {
		t.Errorf("%+v, %v", groups, err)
	}
}
