package authzen_test

import (
	"testing"

	"github.com/steadhq/stead"
)

// A request that was revoked before anybody agreed is not called approved.
func TestFallenRequest(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agreedRules})
	w.job()
	no := w.ask(desk, evaluation, orders(`"id"`, "k1", "", ""))
	if no.Context.Access == nil {
		t.Fatalf("%+v", no)
	}
	asked := w.task(w.send(desk, requests, orders(`"id"`, "k1", "", denial(no))), 202, "pending")
	if _, err := w.Revoke(t.Context(), w.Login("staff/root", "stead.test"), stead.MandateID(asked.Task.ID), ""); err != nil {
		t.Fatal(err)
	}
	if out := w.task(w.get(requests+"/"+asked.Task.ID, desk), 200, "cancelled"); out.Result != nil {
		t.Errorf("%+v", out)
	}
}
