package stead_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

// oracle reads a record as encoding/json does.
func oracle(kind RecordKind, plain []byte) (Record, error) {
	switch kind {
	case KindPrincipal:
		return byJSON[Principal](plain)
	case KindCredentials:
		return byJSON[Credentials](plain)
	case KindSession:
		return byJSON[Session](plain)
	case KindMandate:
		return byJSON[Mandate](plain)
	case KindAgent:
		return byJSON[Registration](plain)
	case KindInstance:
		return byJSON[Instance](plain)
	}
	return byJSON[Bundle](plain)
}

func byJSON[R Record](plain []byte) (Record, error) {
	var r R
	return r, json.Unmarshal(plain, &r)
}

var kinds = []RecordKind{KindPrincipal, KindCredentials, KindSession, KindMandate, KindBundle, KindAgent, KindInstance}

// agrees makes sure that both readers read the same, with and without a memory, or both refuse.
func agrees(t interface{ Fatalf(string, ...any) }, d *Decoder, kind RecordKind, plain []byte) {
	want, wrong := oracle(kind, plain)
	for _, read := range []func(RecordKind, []byte) (Record, error){DecodeRecord, d.Record} {
		got, err := read(kind, bytes.Clone(plain))
		if (err == nil) != (wrong == nil) {
			t.Fatalf("%s %q: %v, the oracle says %v", kind, plain, err, wrong)
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Fatalf("%s %q: %s", kind, plain, diff)
		}
	}
}

// samples are one of each kind with nothing left out.
func samples() []Record {
	at := time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)
	return []Record{
		Principal{ID: "prn_1", Version: 2, Kind: Person, Directory: "staff", Name: "sam", Shown: "Sam Okafor", Person: "per_1",
			Groups: []string{"support"}, Attributes: map[string]string{"team": "a"}, Disabled: true, Deleted: true},
		Credentials{Principal: "prn_1", Person: "per_1", Version: 1, Password: "$argon2id$", TOTP: "sealed"},
		Session{ID: "ses_1", Version: 3, Principal: "prn_1", Person: "per_1", AMR: []string{"pwd", "otp"}, Level: 2, Realm: "shop",
			Since: at, Proved: at, IdleAfter: Duration(time.Minute), Until: at, ArmedTill: at, Passes: []Pass{{Host: "h", Hash: "x", Client: "c"}, {}},
			Unseen: Unseen{Mandate: "man_1", Apps: []AppID{"orders"}}, Ended: at, Why: ReasonEnded},
		Mandate{ID: "man_1", Version: 4, State: Suspended, Actor: "prn_1", Subject: "prn_2", People: []PersonKey{"per_1", "per_2"},
			Session: "ses_1", Claimed: true, Key: "k", Parent: "man_0", MaxDepth: 1, Task: "monthly", Purpose: Purpose{Reason: "wrong total", Ticket: "SUP-1"},
			Scope: Scope{Apps: []AppID{"orders"}, Realms: []RealmID{"shop"}, Actions: []Action{"read"}, Conditions: map[string][]string{"a": {"1", "2"}, "b": nil, "c": {}},
				Grants: []Entitlement{{System: "crm", Action: "read", Resource: "t", Columns: []string{"a", "b"}, Rows: "x > 1"}, {}}},
			Mode: Edit, Bounds: Bounds{Length: Duration(time.Hour), Extensions: 3, Total: Duration(2 * time.Hour), Idle: 1, Start: 2, Budget: map[string]int64{"rows": -5, "calls": 7}},
			Target: "/orders/7", Rules: []RuleRef{{ID: "r", Hash: "h", Reason: "low"}}, Digest: "d",
			Stages:    []Stage{{Groups: nil, Count: 2}, {Groups: []string{"security"}, Within: 1, Then: []Step{{Groups: []string{"lead"}, Within: 2}, {}}}},
			Comments:  []Comment{{By: "prn_3", Text: "why?", At: at}, {}},
			Approvals: []Approval{{By: "prn_3", Person: "per_3", Stage: 1, Yes: true, Digest: "d", Comment: "fine", At: at}}, Notify: []string{"x"},
			AskedAt: at, StartBy: at, StartedAt: at, Until: at, Extended: 1, EndedAt: at, Why: ReasonEnded, EndedBy: "stead"},
		Bundle{ID: "policies", Version: 1, Digest: "d", Files: map[string]string{"a.cedar": "permit"}, Author: "prn_1", At: at},
		Registration{Principal: "prn_1", Version: 1, Person: "per_1", Kind: Company, Owner: "prn_2", Sponsor: "prn_3", Purpose: "p", Tier: LowTier,
			Segment: "s", Build: Build{Model: "m"}, Keys: []AgentKey{{Thumbprint: "t", JWK: "{}"}}, Tasks: []Task{{ID: "monthly"}}, Suspended: true, Retired: true},
		Instance{ID: "ins_1", Version: 1, Agent: "prn_1", Person: "per_1", Key: AgentKey{Thumbprint: "t"}, Beat: 1, Since: at, Until: at, Ended: at, Why: ReasonGone},
		Principal{}, Session{}, Mandate{}, Registration{}, Instance{},
	}
}

// TestDecodeSamples reads what is written, cut off anywhere and with any one byte changed.
func TestDecodeSamples(t *testing.T) {
	d := NewDecoder()
	for _, r := range samples() {
		plain, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range kinds {
			agrees(t, d, kind, plain)
		}
		for i := range plain {
			agrees(t, d, r.Ref().Kind, plain[:i])
			for _, b := range []byte("\"{}[],:0-n\\ \x00\xff") {
				bad := bytes.Clone(plain)
				bad[i] = b
				agrees(t, d, r.Ref().Kind, bad)
			}
		}
	}
}

// FuzzDecodeRecord: whatever lies there, both readers say the same of it.
func FuzzDecodeRecord(f *testing.F) {
	for _, r := range samples() {
		plain, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	f.Add([]byte(`{"id":"a","id":"b"}`))
	f.Add([]byte(`{"ID":"a","version":-0,"people":null,"scope":{"apps":[]}}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		d := NewDecoder()
		for _, kind := range kinds {
			agrees(t, d, kind, plain)
		}
	})
}

// TestDecodeAnyMandate writes mandates of all forms and reads them.
func TestDecodeAnyMandate(t *testing.T) {
	d := NewDecoder()
	rapid.Check(t, func(t *rapid.T) {
		any := rapid.String()
		at := time.UnixMicro(rapid.Int64Range(0, 1<<50).Draw(t, "at")).UTC()
		m := Mandate{ID: MandateID(any.Draw(t, "id")), Version: rapid.Uint64Range(0, 1<<60).Draw(t, "version"), State: State(any.Draw(t, "state")),
			Actor: PrincipalID(any.Draw(t, "actor")), Subject: PrincipalID(any.Draw(t, "subject")), Claimed: rapid.Bool().Draw(t, "claimed"),
			Purpose:  Purpose{Reason: any.Draw(t, "reason"), Ticket: any.Draw(t, "ticket")},
			Notify:   rapid.SliceOf(any).Draw(t, "notify"),
			MaxDepth: rapid.Int().Draw(t, "depth"), Bounds: Bounds{Length: Duration(rapid.Int64().Draw(t, "length")),
				Budget: rapid.MapOf(any, rapid.Int64()).Draw(t, "budget")},
			Scope:   Scope{Conditions: rapid.MapOf(any, rapid.SliceOf(any)).Draw(t, "conditions")},
			AskedAt: at, StartBy: at.Add(time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "more")))}
		plain, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("%v", err)
		}
		agrees(t, d, KindMandate, plain)
	})
}

// BenchmarkDecodeRecord compares with encoding/json.
func BenchmarkDecodeRecord(b *testing.B) {
	plain, err := json.Marshal(samples()[3])
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		read func(RecordKind, []byte) (Record, error)
	}{{"here", NewDecoder().Record}, {"encoding-json", oracle}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.read(KindMandate, plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
