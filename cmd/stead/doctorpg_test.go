package main

import (
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/store"
)

// What the doctor says of servers and clocks that no test has: old ones, and those that go wrong.
func TestDoctorOfCondition(t *testing.T) {
	for _, c := range []struct {
		found        finding
		result, says string
	}{
		{serverOf(store.Condition{Version: 140009, Named: "14.9", Host: "db"}), "fail", "PostgreSQL 14.9 at db: it is too old"},
		{serverOf(store.Condition{Version: 150000, Named: "15.0", Host: "db"}), "ok", "PostgreSQL 15.0 at db"},
		{databaseClock(store.Condition{Skew: skewWarns}), "ok", "within 5.001s"},
		{databaseClock(store.Condition{Skew: skewWarns + time.Millisecond}), "warn", "off by 5.001s"},
		{databaseClock(store.Condition{Skew: -skewWarns - time.Millisecond}), "warn", "off by 5.001s"},
		{databaseClock(store.Condition{Skew: skewFails}), "warn", "off by 1m0s"},
		{databaseClock(store.Condition{Skew: skewFails + time.Millisecond}), "fail", "off by 1m0.001s"},
		{databaseClock(store.Condition{Skew: -skewFails - time.Millisecond}), "fail", "would refuse"},
	} {
		if c.found.Result != c.result || !strings.Contains(c.found.Says, c.says) || (c.found.Next == "") != (c.result == "ok") {
			t.Errorf("%+v, not %s: %s", c.found, c.result, c.says)
		}
	}
}
