package e2e

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// A bundle whose schema knows none of the actions would lock everybody out by mistake: it is refused when it is staged.
func TestEmptySchemaIsNotStaged(t *testing.T) {
	h := housetest.New(t)
	_, err := h.Stage(t.Context(), h.Login("staff/root", "stead.test"), map[string]string{"s.cedarschema": "", "a.cedar": ""})
	if wants(t, "an empty schema", err, stead.Invalid, stead.ReasonRequest); err != nil && !strings.Contains(err.Error(), "s.cedarschema: the schema does not say") {
		t.Error(err)
	}
}

// Roles come from the configuration, never from the policy: whatever is in force, two people put another in its place.
func TestPolicyLocksNobodyOutOfStead(t *testing.T) {
	h := housetest.New(t, func(o *house.Options) {
		o.Files = map[string]string{"a.cedar": `@id("no") @owner("x") forbid (principal, action, resource);`}
	})
	root, omar := h.Login("staff/root", "stead.test"), h.Login("staff/omar", "stead.test")
	read := func(by authority.By) bool {
		d, err := h.Decide(t.Context(), h.Question(by, stead.Mandate{}, stead.ActionRead, "/"))
		return err == nil && d.Allow
	}
	if read(root) {
		t.Error("the policy is not in force")
	}
	digest, err := h.Stage(t.Context(), omar, cedar.Default())
	wants(t, "stage", err, "", "")
	wants(t, "apply", second(h.Apply(t.Context(), root, digest)), "", "")
	if !read(root) {
		t.Error("the other policy is not in force")
	}
}

// The last who administers Stead is not disabled, deleted, erased or taken out of the group: not by himself either.
func TestLastAdminStays(t *testing.T) {
	h := housetest.New(t)
	root := h.Login("staff/root", "stead.test")
	id, yes := h.People["staff/root"].ID, true
	for what, e := range map[string]authority.Edit{"out of the group": {Groups: &[]string{"support"}}, "disable": {Disabled: &yes}, "delete": {Deleted: &yes}} {
		wants(t, what, second(h.Change(t.Context(), root, id, e)), stead.Conflict, stead.ReasonState)
	}
	wants(t, "erase", h.Erase(t.Context(), root, id), stead.Conflict, stead.ReasonState)
	wants(t, "another group too", second(h.Change(t.Context(), root, id, authority.Edit{Groups: &[]string{"admins", "support"}})), "", "")
	wants(t, "another admin", second(h.Change(t.Context(), root, h.People["staff/maya"].ID, authority.Edit{Groups: &[]string{"admins"}})), "", "")
	wants(t, "now", second(h.Change(t.Context(), root, id, authority.Edit{Groups: &[]string{"support"}})), "", "")
	wants(t, "the other is the last", second(h.Change(t.Context(), h.Login("staff/maya", "stead.test"), h.People["staff/maya"].ID, authority.Edit{Disabled: &yes})), stead.Conflict, stead.ReasonState)
}
