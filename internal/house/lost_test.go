package house_test

import (
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house/housetest"
)

// linked is what somebody with a link fills in.
func linked(t *testing.T, h *housetest.House, link, password string) authority.LinkedFactor {
	return authority.LinkedFactor{Link: link, Password: password, Secret: other, Code: shows(t, h, other), Host: "stead.test", Address: "10.0.0.9", Client: "firefox"}
}

// Who has lost his authenticator gets a link: the old one is worth nothing from then on, his sessions and what he does in
// them end, and the link with his password sets up another one, once.
func TestLostFactor(t *testing.T) {
	h := housetest.New(t)
	ctx, sam := t.Context(), h.Login("staff/sam", "stead.test")
	id, root, omar := sam.Principal, h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test")
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(by authority.By, id stead.PrincipalID, why string) error {
		_, err := h.AskFactor(ctx, by, id, why)
		return err
	}
	wants(t, "by himself", ask(h.Login("staff/sam", "stead.test"), id, "lost"), stead.ReasonNotYours)
	wants(t, "by security alone", ask(omar, id, "lost"), stead.ReasonNotYours)
	wants(t, "without a reason", ask(root, id, " "), stead.ReasonReason)
	wants(t, "for nobody", ask(root, "prn_nobody", "lost"), stead.ReasonUnknown)
	wants(t, "for oneself", ask(root, root.Principal, "lost"), stead.ReasonOwn)
	before := h.Code("staff/sam")
	made, err := h.AskFactor(ctx, root, id, "he stood before me")
	if err != nil || made.Link == "" {
		t.Fatalf("%+v, %v", made, err)
	}
	if kinds := strings.Join(h.Kinds(4), " "); !strings.Contains(kinds, "factor.linked") || !strings.Contains(kinds, "mandate.ended") {
		t.Errorf("on record stands %s", kinds)
	}
	if got, err := h.Mandate(ctx, root, m.ID); err == nil && got.State != stead.Ended {
		t.Errorf("what he did goes on: %s", got.State)
	}
	wants(t, "his session", h.Disarm(ctx, sam), stead.ReasonSignIn)
	h.Clock.Move(3 * time.Minute)
	_, err = h.SignIn(ctx, authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password, Code: before, Host: "stead.test"})
	wants(t, "with the old one", err, stead.ReasonBadProof)

	if who, err := h.FactorLinked(ctx, made.Link); err != nil || who.Account.ID != id || who.Chooses {
		t.Errorf("%+v, %v", who, err)
	}
	with := func(change func(*authority.LinkedFactor)) error {
		in := linked(t, h, made.Link, housetest.Password)
		change(&in)
		return h.UseFactorLink(ctx, in)
	}
	wants(t, "another link", with(func(in *authority.LinkedFactor) { in.Link = "stl_x." + string(id) }), stead.ReasonExpired)
	wants(t, "another's link", with(func(in *authority.LinkedFactor) {
		in.Link = strings.Replace(in.Link, string(id), string(omar.Principal), 1)
	}), stead.ReasonExpired)
	wants(t, "without the password", with(func(in *authority.LinkedFactor) { in.Password = "wrong horse" }), stead.ReasonBadProof)
	wants(t, "before it has arrived", with(func(in *authority.LinkedFactor) { in.Code = "000000" }), stead.ReasonSecondFactor)
	h.Clock.Move(3 * time.Minute)
	if err := with(func(*authority.LinkedFactor) {}); err != nil {
		t.Fatal(err)
	}
	_, err = h.SignIn(ctx, authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password, Code: shows(t, h, other), Host: "stead.test"})
	wants(t, "with the code that set it up", err, stead.ReasonUsed)
	h.Clock.Move(3 * time.Minute)
	wants(t, "a second time", with(func(*authority.LinkedFactor) {}), stead.ReasonExpired)
	signed, err := h.SignIn(ctx, authority.SignIn{Directory: "staff", Name: "sam", Password: housetest.Password, Code: shows(t, h, other), Host: "stead.test"})
	if err != nil || signed.Level != 2 {
		t.Errorf("with the new one: %+v, %v", signed, err)
	}
}

// Who has no password chooses one by the link, and counts by no other from then on; a link is asked for his password the
// next time.
func TestFirstPassword(t *testing.T) {
	h := housetest.New(t)
	ctx, root := t.Context(), h.Login("staff/root", "stead.test")
	bare, err := h.Enroll(ctx, root, []authority.NewPerson{{Directory: "staff", Name: "bare"}, {Directory: "staff", Name: "coded", TOTP: other}})
	if err != nil {
		t.Fatal(err)
	}
	const chosen = "battery staple"
	for _, p := range bare {
		link, err := h.AskFactor(ctx, root, p.ID, "new here")
		if err != nil {
			t.Fatal(err)
		}
		if who, err := h.FactorLinked(ctx, link.Link); err != nil || who.Account.ID != p.ID || !who.Chooses {
			t.Errorf("%+v, %v", who, err)
		}
		wants(t, "a short one", h.UseFactorLink(ctx, linked(t, h, link.Link, "battery")), stead.ReasonRequest)
		if err := h.UseFactorLink(ctx, linked(t, h, link.Link, chosen)); err != nil {
			t.Fatal(err)
		}
		h.Clock.Move(3 * time.Minute)
		signed, err := h.SignIn(ctx, authority.SignIn{Directory: "staff", Name: p.Name, Password: chosen, Code: shows(t, h, other), Host: "stead.test"})
		if err != nil || signed.Level != 2 {
			t.Errorf("%+v, %v", signed, err)
		}
		if link, err = h.AskFactor(ctx, root, p.ID, "lost"); err != nil {
			t.Fatal(err)
		}
		if who, err := h.FactorLinked(ctx, link.Link); err != nil || who.Chooses {
			t.Errorf("%+v, %v", who, err)
		}
		wants(t, "another one by a link", h.UseFactorLink(ctx, linked(t, h, link.Link, "another battery")), stead.ReasonBadProof)
	}
}

// A link is good for an hour, and each takes the place of the one before. Guessing at it is slowed down.
func TestFactorLinkEnds(t *testing.T) {
	h := housetest.New(t)
	ctx, root, sam := t.Context(), h.Login("staff/root", "stead.test"), h.People["staff/sam"].ID
	one, err := h.AskFactor(ctx, root, sam, "lost")
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.AskFactor(ctx, root, sam, "lost the link too")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the one before", h.UseFactorLink(ctx, linked(t, h, one.Link, housetest.Password)), stead.ReasonExpired)
	h.Clock.Move(time.Hour)
	wants(t, "too late", h.UseFactorLink(ctx, linked(t, h, two.Link, housetest.Password)), stead.ReasonExpired)
	for range 8 {
		err = h.UseFactorLink(ctx, linked(t, h, two.Link, "guess"))
	}
	wants(t, "guessing", err, stead.ReasonTooMany)
	yes := true
	root = h.Login("staff/root", "stead.test")
	if _, err := h.Change(ctx, root, sam, authority.Edit{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	_, err = h.AskFactor(ctx, root, sam, "lost")
	wants(t, "a closed account", err, stead.ReasonDisabled)
}

// One administrator does not become another one: a link for who has a role in Stead takes two people (S-I30).
func TestFactorOfTwo(t *testing.T) {
	h := housetest.New(t)
	ctx, root, omar := t.Context(), h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test")
	carla := h.People["staff/carla"].ID
	secret := other
	_, err := h.Change(ctx, root, carla, authority.Edit{TOTP: &secret})
	wants(t, "past the link", err, stead.ReasonPrivileged)
	_, err = h.AllowFactor(ctx, omar, carla)
	wants(t, "what nobody asked for", err, stead.ReasonState)
	wish, err := h.AskFactor(ctx, root, carla, "lost")
	if err != nil || wish.Link != "" {
		t.Fatalf("%+v, %v", wish, err)
	}
	if asked, err := h.FactorAsked(ctx, omar, carla); err != nil || asked.By != root.Principal || asked.Made {
		t.Errorf("%+v, %v", asked, err)
	}
	h.Login("staff/carla", "stead.test") // the old one counts until there is a link
	_, err = h.AllowFactor(ctx, root, carla)
	wants(t, "by who asked", err, stead.ReasonOwn)
	_, err = h.AllowFactor(ctx, h.Login("staff/carla", "stead.test"), carla)
	wants(t, "by whom it is for", err, stead.ReasonOwn)
	_, err = h.AllowFactor(ctx, h.Login("staff/tess", "stead.test"), carla)
	wants(t, "by who has no role", err, stead.ReasonNotYours)
	made, err := h.AllowFactor(ctx, omar, carla)
	if err != nil || made.Link == "" {
		t.Fatalf("%+v, %v", made, err)
	}
	_, err = h.AllowFactor(ctx, omar, carla)
	wants(t, "twice", err, stead.ReasonState)
	if asked, err := h.FactorAsked(ctx, omar, carla); err != nil || !asked.Made {
		t.Errorf("%+v, %v", asked, err)
	}
	if err := h.UseFactorLink(ctx, linked(t, h, made.Link, housetest.Password)); err != nil {
		t.Fatal(err)
	}
	if asked, err := h.FactorAsked(ctx, omar, carla); err != nil || asked != (authority.FactorAsked{}) {
		t.Errorf("%+v, %v", asked, err)
	}
	if _, err := h.AskFactor(ctx, root, carla, "again"); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(24 * time.Hour)
	_, err = h.AllowFactor(ctx, h.Login("staff/omar", "stead.test"), carla)
	wants(t, "a day later", err, stead.ReasonExpired)
}

// Who gives himself another factor ends his other sessions, with what is done in them: whoever found one of them open is
// out. The one that he is in goes on.
func TestSetFactorEndsOthers(t *testing.T) {
	h := housetest.New(t)
	ctx, here, there := t.Context(), h.Login("staff/sam", "stead.test"), h.Login("staff/sam", "stead.test")
	m, err := h.Act(there, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(time.Minute)
	if err := h.SetFactor(ctx, here, authority.NewFactor{Secret: other, Code: shows(t, h, other), Proof: h.Code("staff/sam")}); err != nil {
		t.Fatal(err)
	}
	wants(t, "the other one", h.Disarm(ctx, there), stead.ReasonSignIn)
	if got, err := h.Mandate(ctx, here, m.ID); err == nil && got.State != stead.Ended {
		t.Errorf("what is done in it goes on: %s", got.State)
	}
	if all, err := h.Sessions(ctx, here); err != nil || len(all) != 1 || all[0].ID != here.Session {
		t.Errorf("%+v, %v", all, err)
	}
}

// A link opens nothing for a closed account, ends what was signed in with the password alone meanwhile, and leaves alone what
// somebody changed while it was being proved.
func TestFactorLinkMeanwhile(t *testing.T) {
	h := housetest.New(t)
	ctx, root, sam := t.Context(), h.Login("staff/root", "stead.test"), h.People["staff/sam"].ID
	link := func(of stead.PrincipalID) string {
		made, err := h.AskFactor(ctx, root, of, "lost")
		if err != nil || made.Link == "" {
			t.Fatalf("%+v, %v", made, err)
		}
		return made.Link
	}
	tess := h.People["staff/tess"].ID
	closed := link(tess)
	if _, err := h.Change(ctx, root, tess, authority.Edit{Disabled: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	_, err := h.FactorLinked(ctx, closed)
	wants(t, "of a closed account", err, stead.ReasonExpired)
	wants(t, "used for a closed account", h.UseFactorLink(ctx, linked(t, h, closed, housetest.Password)), stead.ReasonExpired)

	one := link(sam)
	weak := h.Login("staff/sam", "stead.test")
	if err := h.UseFactorLink(ctx, linked(t, h, one, housetest.Password)); err != nil {
		t.Fatal(err)
	}
	wants(t, "a session of the password alone", h.Disarm(ctx, weak), stead.ReasonSignIn)

	h.Clock.Move(3 * time.Minute)
	two := link(sam)
	h.Authority.Prover = meddler{h.Prover, func() {
		if _, err := h.Change(ctx, root, sam, authority.Edit{Password: ptr("another horse")}); err != nil {
			t.Error(err)
		}
	}}
	wants(t, "a password changed meanwhile", h.UseFactorLink(ctx, linked(t, h, two, housetest.Password)), stead.ReasonState)
}

// A meddler does something after a password was found right, before anybody acts on it.
type meddler struct {
	authority.Prover
	meddle func()
}

func (m meddler) Password(c *stead.Credentials, password string) bool {
	defer m.meddle()
	return m.Prover.Password(c, password)
}

// Of an account that is gone nobody can tell whose it was: the other half of its wish is refused.
func TestFactorAskedByTheGone(t *testing.T) {
	h := housetest.New(t)
	ctx, root, omar, carla := t.Context(), h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test"), h.People["staff/carla"].ID
	ann := made(t, h, root, "ann", "admins")
	if _, err := h.AskFactor(ctx, ann, carla, "lost"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Change(ctx, root, ann.Principal, authority.Edit{Disabled: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	if err := h.Erase(ctx, root, ann.Principal); err != nil {
		t.Fatal(err)
	}
	_, err := h.AllowFactor(ctx, omar, carla)
	wants(t, "by who is gone", err, stead.ReasonHand)
}
