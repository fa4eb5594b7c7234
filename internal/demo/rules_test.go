package demo_test

import (
	"testing"

	"github.com/steadhq/stead/internal/demo"
	"github.com/steadhq/stead/internal/gateway"
)

// The rules of the demonstration say what their tests say, and a test reaches each of them.
func TestRulesHoldTheirTests(t *testing.T) {
	apps, err := gateway.ParseRules(demo.Rules("orders.test", "http://127.0.0.1:9"))
	if err != nil {
		t.Fatal(err)
	}
	if r := gateway.RunTests(apps); r.Err() != nil || len(r.Tests) == 0 || len(r.Unreached) > 0 {
		t.Errorf("%v, not reached: %v", r.Err(), r.Unreached)
	}
}
