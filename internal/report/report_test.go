package report_test

import (
	"bytes"
	"crypto/ed25519"
	comma "encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/report"
)

// An office is a house in which somebody has acted, and the desk that reports on it.
type office struct {
	*housetest.House
	desk     *report.Desk
	verifier string
	mandates []stead.Mandate
}

func newOffice(t *testing.T) *office {
	h := housetest.New(t)
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	signer, err := ledger.NewSigner("stead.test/log", key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ledger.VerifierKey("stead.test/log", key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	o := &office{House: h, verifier: text}
	o.desk = &report.Desk{Record: h.Store, Sign: signer.State, Now: h.Now, Zone: time.UTC, Maker: "stead test",
		Person: func(id stead.PrincipalID) (p stead.Principal) {
			h.Store.View().Read(func(s *authority.State) {
				if found := s.Principal(id); found != nil {
					p = *found
				}
			})
			return p
		}}
	return o
}

// acts lets somebody act for dana: two pages, one refused change.
func (o *office) acts(t *testing.T, who, subject string) {
	t.Helper()
	by := o.Login(who, "stead.test")
	m, err := o.Act(by, who, subject, stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []stead.Action{stead.ActionRead, stead.ActionRead, stead.ActionWrite} {
		q := o.Question(by, m, a, "/")
		if r, ok := o.Settings.App("orders").RealmAt("/"); ok {
			q.Resource.Realm = r.ID
		}
		if _, err := o.Decide(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if m, err = o.End(t.Context(), by, m.ID); err != nil {
		t.Fatal(err)
	}
	o.mandates = append(o.mandates, m)
}

func (o *office) make(t *testing.T, w authority.ReportWish) report.File {
	t.Helper()
	f, err := o.desk.Make(t.Context(), o.People["staff/omar"].ID, w.Within(o.Now().Add(time.Second)), func(int, float64) {})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (o *office) checks(t *testing.T, file []byte) (map[string]string, error) {
	t.Helper()
	body, signed, err := report.Split(file)
	if err != nil {
		return nil, err
	}
	v, err := ledger.Verifier(o.verifier)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ledger.OpenStatement(report.StatementForm, signed, v)
	if err != nil {
		return nil, err
	}
	return report.Check(body, text)
}

// The same sessions in three forms: as many rows as it says, as many events as the query finds, and signed.
func TestForms(t *testing.T) {
	o := newOffice(t)
	o.acts(t, "staff/sam", "customers/dana")
	o.acts(t, "staff/tess", "customers/erin")
	if err := o.Store.Settled(t.Context(), o.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	found, err := o.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"mandate.", "request."}, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"html", "csv", "jsonl"} {
		f := o.make(t, authority.ReportWish{Kind: "acting-by-person", Form: form})
		if f.Made.Rows != 2 || f.Made.Events != len(found) {
			t.Errorf("%s: %d rows of %d events, the trail has %d", form, f.Made.Rows, f.Made.Events, len(found))
		}
		said, err := o.checks(t, f.Bytes)
		if err != nil || said["rows"] != "2" || said["form"] != form || said["report"] != "acting-by-person" {
			t.Errorf("%s: %v %v", form, said, err)
		}
		for i, b := range f.Bytes { // one bit anywhere
			if i%7 != 0 {
				continue
			}
			f.Bytes[i] = b ^ 1
			if _, err := o.checks(t, f.Bytes); err == nil {
				t.Fatalf("%s: byte %d changed, and it still holds", form, i)
			}
			f.Bytes[i] = b
		}
	}
}

func TestRows(t *testing.T) {
	o := newOffice(t)
	o.acts(t, "staff/sam", "customers/dana")
	f := o.make(t, authority.ReportWish{Kind: "acting-by-subject", Form: "jsonl"})
	body, _, err := report.Split(f.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := report.Rows(body)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	r := rows[0]
	if r.Actor != "Sam Okafor" || r.SubjectAccount != "customers/dana" || r.Requests != 2 || r.Refused != 1 || r.Changes != 0 || r.Reason == "" ||
		r.Mandate != o.mandates[0].ID || r.Why != stead.ReasonCompleted || r.Apps != "orders" {
		t.Errorf("%+v", r)
	}
	csv := o.make(t, authority.ReportWish{Kind: "acting-by-subject", Form: "csv"})
	body, _, err = report.Split(csv.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := comma.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil || len(lines) != 2 || lines[1][0] != string(r.Mandate) || lines[1][1] != "Sam Okafor" {
		t.Errorf("%q %v", lines, err)
	}
}

// My data was viewed: purposes and times always, names only where that is asked for.
func TestMyData(t *testing.T) {
	o := newOffice(t)
	o.acts(t, "staff/sam", "customers/dana")
	o.acts(t, "staff/tess", "customers/erin")
	dana := o.People["customers/dana"].ID
	for names, want := range map[string]string{"": "staff: support", authority.ByRole: "staff: support", authority.ByPseudonym: "person 1", authority.ByName: "Sam Okafor"} {
		f := o.make(t, authority.ReportWish{Kind: "my-data", Form: "html", Person: dana, Names: names})
		page := string(f.Bytes)
		if f.Made.Rows != 1 || !strings.Contains(page, want+" → Dana Reyes") || strings.Contains(page, "Erin") {
			t.Errorf("%q: %d rows, %q is not on the page, or somebody else is", names, f.Made.Rows, want)
		}
		if names != authority.ByName && strings.Contains(page, "Sam Okafor") {
			t.Errorf("%q names who acted", names)
		}
	}
}

// What is wished for must be one thing that can be had.
func TestRefused(t *testing.T) {
	o := newOffice(t)
	for name, w := range map[string]authority.ReportWish{
		"no such report":  {Kind: "everything", Form: "html"},
		"no such form":    {Kind: "acting-by-person", Form: "xlsx"},
		"about whom":      {Kind: "my-data", Form: "html"},
		"ends too early":  {Kind: "acting-by-person", Form: "html", From: o.Now(), To: o.Now().Add(-time.Hour)},
		"lasts no moment": {Kind: "acting-by-person", Form: "html", From: o.Now(), To: o.Now()},
	} {
		if _, err := o.desk.Make(t.Context(), "prn_x", w.Within(o.Now()), func(int, float64) {}); err == nil {
			t.Errorf("%s: was made", name)
		}
	}
	f := o.make(t, authority.ReportWish{Kind: "acting-by-app", Form: "html"})
	if f.Made.Rows != 0 || !strings.Contains(string(f.Bytes), "Nobody acted for anybody") {
		t.Error("a report of nothing does not say so")
	}
	if _, _, err := report.Split([]byte("<html></html>")); err == nil {
		t.Error("what is no report was taken for one")
	}
}

// Nobody waits for a page until a long record is read: its sessions are counted when the report is made.
func TestPreviewOfMany(t *testing.T) {
	o := newOffice(t)
	w := authority.ReportWish{Kind: "acting-by-person", Form: "csv"}.Within(o.Now().Add(time.Minute))
	o.acts(t, "staff/sam", "customers/dana")
	m, err := o.desk.Preview(t.Context(), o.People["staff/omar"].ID, w.Within(o.Now().Add(time.Second)))
	if err != nil || m.Rows != 1 || m.Events < 5 {
		t.Errorf("of few: %d rows of %d events, %v", m.Rows, m.Events, err)
	}
	var many []stead.Change
	for range 1001 {
		many = append(many, stead.Change{Event: stead.Event{Kind: "request.allowed", At: o.Now(), Actor: o.mandates[0].Actor, Mandate: o.mandates[0].ID, Outcome: stead.OK}})
	}
	if _, err := o.Store.Append(t.Context(), authority.Entry{Changes: many}); err != nil {
		t.Fatal(err)
	}
	if err := o.Store.Settled(t.Context(), o.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	m, err = o.desk.Preview(t.Context(), o.People["staff/omar"].ID, w)
	if err != nil || m.Rows != -1 || m.Events <= 1001 {
		t.Errorf("of many: %d rows of %d events, %v", m.Rows, m.Events, err)
	}
	w.From, w.To = w.To, w.From
	if _, err = o.desk.Preview(t.Context(), o.People["staff/omar"].ID, w); stead.KindOf(err) != stead.Invalid {
		t.Errorf("a period that ends before it begins: %v", err)
	}
}
