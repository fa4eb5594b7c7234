package agents

import "testing"

// A login lives no longer than policy lets its holder do what it was given for, though nobody is asked while it is used.
func TestLeaseAndPolicy(t *testing.T) {
	w, server, _ := connected(t)
	by, m := w.working("k1")
	l, _ := w.enter(by, m.ID)
	w.apply(map[string]string{"no.cedar": `@id("no-crm") @owner("x") forbid (principal, action == Action::"read", resource is Realm) when { resource.app == "crm" };`})
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.gone(server, l)
}
