package house_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house/housetest"
)

// made is an account that somebody makes and has the password and the factor of.
func made(t *testing.T, h *housetest.House, by authority.By, name string, groups ...string) authority.By {
	t.Helper()
	all, err := h.Enroll(t.Context(), by, []authority.NewPerson{{Directory: "staff", Name: name, Groups: groups, Password: housetest.Password, TOTP: housetest.Secret}})
	if err != nil {
		t.Fatal(err)
	}
	h.People["staff/"+name] = all[0]
	return h.Login("staff/"+name, "stead.test")
}

// owns gives an account a factor that nobody else has had.
func owns(t *testing.T, h *housetest.House, who authority.By, name string) {
	t.Helper()
	h.Clock.Move(time.Minute)
	if err := h.SetFactor(t.Context(), who, authority.NewFactor{Secret: other, Code: shows(t, h, other), Proof: h.Code(name)}); err != nil {
		t.Fatal(err)
	}
}

// staged puts up a policy that is not in force.
func staged(t *testing.T, h *housetest.House, by authority.By, note string) string {
	t.Helper()
	files := cedar.Default()
	for name, text := range files {
		if strings.HasSuffix(name, ".cedar") {
			files[name] = text + "\n// " + note + "\n"
			break
		}
	}
	digest, err := h.Stage(t.Context(), by, files)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// foretold sees that what a caller was told before he tried is what he is told then.
func foretold(t *testing.T, told, err error) error {
	t.Helper()
	if (told == nil) != (err == nil) || told != nil && told.Error() != err.Error() {
		t.Errorf("he was told %v, and then %v", told, err)
	}
	return err
}

// halves are the checks of two people in Stead's own matters: what one does, and what the other agrees to.
func halves(t *testing.T, h *housetest.House) map[string]func(one, two authority.By) error {
	ctx, agents := t.Context(), 0
	return map[string]func(one, two authority.By) error{
		"policy": func(one, two authority.By) error {
			digest := staged(t, h, one, "note")
			told := h.Would(two, "policy.apply", "")
			_, err := h.Apply(ctx, two, digest)
			return foretold(t, told, err)
		},
		"factor": func(one, two authority.By) error {
			carla := h.People["staff/carla"].ID
			if _, err := h.AskFactor(ctx, one, carla, "lost"); err != nil {
				t.Fatal(err)
			}
			told := h.Would(two, "factor.allow", string(carla))
			_, err := h.AllowFactor(ctx, two, carla)
			return foretold(t, told, err)
		},
		"clock": func(one, two authority.By) error {
			if _, err := h.TrustClock(ctx, one); err != nil {
				t.Fatal(err)
			}
			n, err := h.TrustClock(ctx, two)
			if err == nil && n > 0 {
				t.Errorf("%d are still needed", n)
			}
			return err
		},
		"agent": func(one, two authority.By) error {
			agents++
			n := authority.NewAgent{Name: "bot" + strings.Repeat("x", agents), Registration: stead.Registration{Kind: stead.Company, Tier: stead.LowTier,
				Owner: h.People["staff/maya"].ID, Purpose: "the monthly report"}}
			r, err := h.Register(ctx, one, n)
			if err != nil {
				t.Fatal(err)
			}
			n.Registration.Build = stead.Build{Model: "two"}
			if _, err := h.ChangeAgent(ctx, one, r.Principal, n); err != nil {
				t.Fatal(err)
			}
			told := h.Would(two, "agent.resume", string(r.Principal))
			_, err = h.ResumeAgent(ctx, two, r.Principal, "")
			return foretold(t, told, err)
		},
	}
}

// Who has two accounts is one person in every check of two, whichever of them comes first (A1, S-I30): he who made the
// second, at the end of a chain, and with two of one hand.
func TestTwoPeople(t *testing.T) {
	for _, check := range []string{"policy", "factor", "clock", "agent"} {
		t.Run(check, func(t *testing.T) {
			h := housetest.New(t)
			ask := halves(t, h)[check]
			root := h.Login("staff/root", "stead.test")
			ann := made(t, h, root, "ann", "admins")
			bob := made(t, h, ann, "bob", "admins")
			cid := made(t, h, root, "cid", "admins")
			if check == "clock" {
				h.Clock.Jump(time.Hour)
			}
			for name, pair := range map[string][2]authority.By{"the maker first": {root, ann}, "the made first": {ann, root}, "a chain": {root, bob},
				"a chain, backwards": {bob, root}, "two of one hand": {ann, cid}} {
				if check == "clock" { // who looked first is kept
					if pair[0] = root; pair[1] == root {
						continue
					}
				}
				wants(t, name, ask(pair[0], pair[1]), stead.ReasonHand)
			}
			if _, err := h.Change(t.Context(), root, ann.Principal, authority.Edit{Deleted: ptr(true)}); err != nil {
				t.Fatal(err)
			}
			wants(t, "a chain without its middle", ask(root, bob), stead.ReasonHand)
			wants(t, "two people", ask(root, h.Login("staff/omar", "stead.test")), "")
		})
	}
}

// named is an account of staff as it is now.
func named(h *housetest.House, name string) (p *stead.Principal) {
	h.Store.View().Read(func(s *authority.State) { p = s.Named("staff", name) })
	return p
}

func ptr[T any](v T) *T { return &v }

// Another vouches, and then it is two: one who had no part in the account, once its owner has a factor of his own (S-I30).
// What is done to the account afterwards counts again.
func TestVouched(t *testing.T) {
	h := housetest.New(t)
	ctx, root, omar := t.Context(), h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test")
	ann, bob := made(t, h, root, "ann", "admins"), made(t, h, root, "bob", "admins")
	vouch := func(by authority.By, why string) error {
		told := h.Would(by, "person.vouch", string(ann.Principal))
		_, err := h.Vouch(ctx, by, ann.Principal, why)
		if strings.TrimSpace(why) == "" {
			return err
		}
		return foretold(t, told, err)
	}
	wants(t, "with a factor from his maker", vouch(omar, "met her"), stead.ReasonSecondFactor)
	owns(t, h, ann, "staff/ann")
	ann = h.Login("staff/ann", "stead.test")
	wants(t, "by the maker", vouch(root, "met her"), stead.ReasonHand)
	wants(t, "by another of the maker's", vouch(bob, "met her"), stead.ReasonHand)
	wants(t, "by herself", vouch(ann, "it is me"), stead.ReasonOwn)
	wants(t, "by who has no role", vouch(h.Login("staff/sam", "stead.test"), "met her"), stead.ReasonNotYours)
	wants(t, "without a word", vouch(omar, " "), stead.ReasonReason)
	_, err := h.Vouch(ctx, omar, "prn_nobody", "met her")
	wants(t, "for nobody", err, stead.ReasonUnknown)
	wants(t, "by another", vouch(omar, "met her"), "")
	if kinds := h.Kinds(1); kinds[0] != "person.vouched" {
		t.Errorf("on record stands %s", kinds)
	}
	h.Shut()
	h.Open()
	if p := named(h, "ann"); len(p.Hands) != 0 || p.Vouched != omar.Principal {
		t.Errorf("%+v", p)
	}
	policy := halves(t, h)["policy"]
	wants(t, "two people", policy(root, ann), "")
	for name, e := range map[string]authority.Edit{"a password": {Password: ptr("another horse")}, "a group": {Groups: ptr([]string{"security"})}} {
		if _, err := h.Change(ctx, root, ann.Principal, e); err != nil {
			t.Fatal(err)
		}
		p := named(h, "ann")
		roles := []string{"staff/admins", "staff/security"}
		if stead.Apart(*p, roles, *named(h, "root"), roles) {
			t.Errorf("%s was given, and it is two people still: %+v", name, p.Hands)
		}
		if _, err := h.Vouch(ctx, omar, ann.Principal, "met her again"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// Nobody vouches for an account without a factor of its own: one that has none, or that waits for another by a link.
func TestVouchedWithoutFactor(t *testing.T) {
	h := housetest.New(t)
	ctx, root, omar := t.Context(), h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test")
	all, err := h.Enroll(ctx, root, []authority.NewPerson{{Directory: "staff", Name: "bare", Password: housetest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Vouch(ctx, omar, all[0].ID, "met her")
	wants(t, "who has none", err, stead.ReasonSecondFactor)
	sam := h.People["staff/sam"].ID
	if _, err := h.AskFactor(ctx, root, sam, "lost"); err != nil {
		t.Fatal(err)
	}
	_, err = h.Vouch(ctx, omar, sam, "met him")
	wants(t, "who has a link and no factor yet", err, stead.ReasonSecondFactor)
}

// The operator is the second person of a company that has none yet.
func TestVouchedHere(t *testing.T) {
	h := housetest.New(t)
	ctx, root := t.Context(), h.Login("staff/root", "stead.test")
	ann := made(t, h, root, "ann", "admins")
	owns(t, h, ann, "staff/ann")
	if _, err := h.VouchHere(ctx, ann.Principal, "she works here"); err != nil {
		t.Fatal(err)
	}
	wants(t, "two people", halves(t, h)["policy"](root, h.Login("staff/ann", "stead.test")), "")
	if p := named(h, "ann"); p.Vouched != stead.Server {
		t.Errorf("%+v", p)
	}
}

// D4, S-I8: an administrator does not agree to his own request by an account that he made, reset or chose for it.
func TestApproverInHand(t *testing.T) {
	h := housetest.New(t)
	ctx, root := t.Context(), h.Login("staff/root", "stead.test")
	groups := []string{"support", "admins"}
	if _, err := h.Change(ctx, h.Login("staff/root", "stead.test"), root.Principal, authority.Edit{Groups: &groups}); err != nil {
		t.Fatal(err)
	}
	m, err := h.Act(root, "staff/root", "customers/dana", stead.Edit)
	if err != nil || m.State != stead.Asked {
		t.Fatalf("%+v, %v", m, err)
	}
	yes := func(by authority.By) error {
		told := h.Would(by, "mandate.approve", string(m.ID))
		_, err := h.Approve(ctx, by, m.ID, m.Digest, "")
		return foretold(t, told, err)
	}
	lead := made(t, h, root, "lead", "team-lead")
	wants(t, "who was made for it", yes(lead), stead.ReasonHand)
	chosen := []string{"support", "team-lead"}
	if _, err := h.Change(ctx, root, h.People["staff/tess"].ID, authority.Edit{Groups: &chosen}); err != nil {
		t.Fatal(err)
	}
	wants(t, "who was put into the group", yes(h.Login("staff/tess", "stead.test")), stead.ReasonHand)
	maya := h.People["staff/maya"].ID
	link, err := h.AskFactor(ctx, root, maya, "lost")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.UseFactorLink(ctx, linked(t, h, link.Link, housetest.Password)); err != nil {
		t.Fatal(err)
	}
	wants(t, "whose factor he gave", yes(h.Login("staff/maya", "stead.test")), stead.ReasonHand)
	if _, err := h.Vouch(ctx, h.Login("staff/omar", "stead.test"), maya, "she stood before me"); err != nil {
		t.Fatal(err)
	}
	wants(t, "for whom another vouched", yes(h.Login("staff/maya", "stead.test")), "")
}

// Both who made a link to a factor stand behind the account: one of them has the link.
func TestLinkHands(t *testing.T) {
	h := housetest.New(t)
	ctx := context.Background()
	root, omar, carla := h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test"), h.People["staff/carla"].ID
	if _, err := h.AskFactor(ctx, root, carla, "lost"); err != nil {
		t.Fatal(err)
	}
	link, err := h.AllowFactor(ctx, omar, carla)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.UseFactorLink(ctx, linked(t, h, link.Link, housetest.Password)); err != nil {
		t.Fatal(err)
	}
	for name, by := range map[string]authority.By{"who asked": root, "who agreed": omar} {
		_, err := h.Apply(ctx, h.Login("staff/carla", "stead.test"), staged(t, h, by, name))
		wants(t, name, err, stead.ReasonHand)
	}
}
