package stead_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/steadhq/stead"
)

func aSession() Session {
	return Session{ID: "ses_1", Version: 1, Principal: "prn_sam", Person: "per_sam", AMR: []string{"pwd"}, Level: 1, Since: noon,
		Proved: noon, IdleAfter: Duration(30 * time.Minute), Until: noon.Add(8 * time.Hour)}
}

// I10, S-I16: idle and absolute ends, to the tick.
func TestSessionOver(t *testing.T) {
	ended := aSession().Close(ReasonSessionOver, noon)
	for _, c := range []struct {
		name      string
		s         Session
		now, seen time.Time
		want      Reason
	}{
		{"fresh", aSession(), noon, time.Time{}, ReasonNone},
		{"none", Session{}, noon, noon, ReasonSignIn},
		{"never seen counts from the sign-in", aSession(), noon.Add(30*time.Minute - 1), time.Time{}, ReasonNone},
		{"never seen, idle", aSession(), noon.Add(30 * time.Minute), time.Time{}, ReasonSessionIdle},
		{"seen", aSession(), noon.Add(59 * time.Minute), noon.Add(30 * time.Minute), ReasonNone},
		{"seen, idle", aSession(), noon.Add(time.Hour), noon.Add(30 * time.Minute), ReasonSessionIdle},
		{"absolute end, though seen", aSession(), noon.Add(8 * time.Hour), noon.Add(8 * time.Hour), ReasonSessionOver},
		{"ended", ended, noon, noon, ReasonSessionOver},
		{"no idle time is no time", Session{ID: "s", Since: noon, Until: noon.Add(time.Hour)}, noon, noon, ReasonSessionIdle},
	} {
		if got := c.s.Over(c.now, c.seen); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if ended.Live() || len(ended.Passes) > 0 || ended.Armed(noon) || ended.Version != 2 {
		t.Errorf("closed: %+v", ended)
	}
}

// S-I11: a pass replaces the one its host had, and a copy of the session keeps its own.
func TestWithPass(t *testing.T) {
	a := aSession().WithPass(Pass{Host: "h", Hash: "1"}).WithPass(Pass{Host: "api", Hash: "2"})
	b := a.WithPass(Pass{Host: "h", Hash: "3"})
	if diff := cmp.Diff([]Pass{{Host: "api", Hash: "2"}, {Host: "h", Hash: "3"}}, b.Passes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Pass{{Host: "h", Hash: "1"}, {Host: "api", Hash: "2"}}, a.Passes); diff != "" {
		t.Errorf("the version before was changed: %s", diff)
	}
}

// R10.
func TestArm(t *testing.T) {
	s, err := Arm(aSession(), nil, 2*time.Minute, noon)
	if err != nil || !s.Armed(noon.Add(2*time.Minute-1)) || s.Armed(noon.Add(2*time.Minute)) || s.Version != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if s.Level != 2 || s.Proved != noon || !cmp.Equal(s.AMR, []string{"pwd", "otp"}) {
		t.Errorf("arming proves the second factor: %+v", s)
	}
	if again, err := Arm(s, nil, time.Minute, noon); err != nil || !cmp.Equal(again.AMR, s.AMR) {
		t.Errorf("armed twice: %+v, %v", again, err)
	}
	if s, _ := Arm(aSession(), nil, 24*time.Hour, noon); s.ArmedTill != s.Until {
		t.Errorf("armed beyond the session's end: %s", s.ArmedTill)
	}
	if got, err := Arm(aSession(), &Mandate{State: Active}, time.Minute, noon); KindOf(err) != Conflict || ReasonOf(err) != ReasonChain || got.Armed(noon) {
		t.Errorf("armed while acting: %v", err) // C4, I7
	}
	if s, err := Disarm(s); err != nil || s.Armed(noon) || s.Version != 3 {
		t.Errorf("disarmed: %+v, %v", s, err)
	}
	if s := (Session{Level: 3}).Prove(noon); s.Level != 3 {
		t.Error("proving a factor lowers no level")
	}
}

func TestProveKeepsTheVersionBefore(t *testing.T) {
	s := aSession()
	s.AMR = append(make([]string, 0, 8), "pwd")
	a, b := s.Prove(noon), s.Prove(noon)
	a.AMR[1] = "x"
	if b.AMR[1] != "otp" || len(s.AMR) != 1 {
		t.Errorf("versions share their list: %v %v", b.AMR, s.AMR)
	}
}

func TestDuration(t *testing.T) {
	var d struct{ D Duration }
	if err := json.Unmarshal([]byte(`{"D":"1h30m"}`), &d); err != nil || d.D != Duration(90*time.Minute) {
		t.Fatal(d, err)
	}
	if b, err := json.Marshal(d); err != nil || string(b) != `{"D":"1h30m0s"}` {
		t.Errorf("%s %v", b, err)
	}
	for _, bad := range []string{"", "10", "ten minutes", "1d"} {
		if err := d.D.UnmarshalText([]byte(bad)); KindOf(err) != Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
