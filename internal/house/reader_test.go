package house_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

const plainOnly = `
@id("act") @owner("o") permit (principal, action == Action::"act", resource);
@id("self") @owner("o") permit (principal, action == Action::"read", resource) when { context.capacity == "self" };
@id("plain-only") @owner("o") @advice("ask a lead") permit (principal in Group::"staff/team-lead", action == Action::"read", resource)
when { context.capacity == "for-other" && principal.name == "maya" && context.level >= 3
	&& context has subject && context.subject has vip && !context.subject.vip && context.subject.name == "erin" };`

// Why a request was refused is told to all whose business it is, and to each only what he may know: who acted learns nothing of
// whom he acted for, and the other way round; who oversees reads everything.
func TestReaders(t *testing.T) {
	h := housetest.New(t, func(o *house.Options) { o.Files = map[string]string{"a.cedar": plainOnly} })
	ctx, sam, root := t.Context(), h.Login("staff/sam", "stead.test"), h.Login("staff/root", "stead.test")
	vip := map[string]string{"vip": "true"}
	if _, err := h.Change(ctx, root, h.People["customers/dana"].ID, authority.Edit{Attributes: &vip}); err != nil {
		t.Fatal(err)
	}
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.Decide(ctx, h.Question(sam, m, stead.ActionRead, "/orders/7"))
	if err != nil || d.Allow {
		t.Fatalf("%+v, %v", d, err)
	}
	const him, her = "something about who acts, which is not yours to know", "something about whom it is for, which is not yours to know"
	who := []string{`principal in Group::"staff/team-lead"`, `principal.name == "maya" (principal.name is "sam")`, `context.level >= 3 (context.level is 2)`}
	whom := []string{`!context.subject.vip (context.subject.vip is true)`, `context.subject.name == "erin" (context.subject.name is "dana")`}
	for reader, want := range map[string][]string{
		"staff/sam":      append(who, her),
		"customers/dana": append([]string{him}, whom...),
		"staff/omar":     append(who, whom...),
	} {
		by := sam
		if reader != "staff/sam" {
			by = h.Login(reader, "stead.test")
		}
		r, err := h.Why(ctx, by, d.ID)
		if err != nil || r.Explanation.Nearest == nil {
			t.Fatalf("%s: %+v, %v", reader, r, err)
		}
		n := r.Explanation.Nearest
		if diff := cmp.Diff(want, n.Failed); diff != "" || n.ID != "plain-only" || n.Advice != "ask a lead" {
			t.Errorf("%s: %+v\n%s", reader, n, diff)
		}
	}
}

// The policy is read by whom it may let act and by those who oversee; by nobody else who is signed in.
func TestPolicyReaders(t *testing.T) {
	h := housetest.New(t)
	for who, want := range map[string]struct {
		no     stead.Reason
		author bool
	}{"staff/sam": {}, "staff/root": {author: true}, "staff/omar": {author: true}, "customers/dana": {no: stead.ReasonNotYours}} {
		now, _, err := h.Policies(t.Context(), h.Login(who, "stead.test"))
		wants(t, who, err, want.no)
		if (len(now.Files) > 0) != (want.no == "") || (now.Author != "") != want.author {
			t.Errorf("%s reads %d files by %q", who, len(now.Files), now.Author)
		}
	}
}
