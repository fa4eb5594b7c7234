package agents

import (
	"testing"

	"github.com/steadhq/stead"
)

// A login that was refused before it was made was not shown: once the reason is gone it is given.
func TestLeaseAgain(t *testing.T) {
	w, _, _ := connected(t)
	by, m := w.working("k1")
	w.apply(map[string]string{"no.cedar": `@id("no-crm") @owner("x") forbid (principal, action == Action::"read", resource is Realm) when { resource.app == "crm" };`})
	_, err := w.Lease(t.Context(), by, m.ID)
	w.no(err, stead.ReasonPolicy)
	w.apply(nil)
	w.enter(by, m.ID)
}
