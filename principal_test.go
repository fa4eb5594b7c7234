package stead_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/steadhq/stead"
)

func TestPrincipalNames(t *testing.T) {
	p := Principal{Kind: Person, Directory: "staff", Name: "sam"}
	if p.String() != "person:staff/sam" || p.DisplayName() != "sam" {
		t.Errorf("%s, %s", p, p.DisplayName())
	}
	if p.Shown = "Sam S."; p.DisplayName() != "Sam S." {
		t.Error(p.DisplayName())
	}
}

func TestPrincipalActive(t *testing.T) {
	for _, c := range []struct {
		p    Principal
		want bool
	}{
		{Principal{}, false}, {Principal{ID: "p"}, true}, {Principal{ID: "p", Disabled: true}, false}, {Principal{ID: "p", Deleted: true}, false},
	} {
		if c.p.Active() != c.want {
			t.Errorf("%+v", c.p)
		}
	}
}

func TestPrincipalIn(t *testing.T) {
	p := Principal{Groups: []string{"support"}}
	if !p.In("support") || p.In("staff/support") || p.In("") {
		t.Error("a group is known by its own name only")
	}
}

// S-I9: quorum, duties and self-approval count people.
func TestSameHuman(t *testing.T) {
	for _, c := range []struct {
		p, q Principal
		want bool
	}{
		{Principal{ID: "a", Person: "x"}, Principal{ID: "b", Person: "x"}, true},
		{Principal{ID: "a", Person: "x"}, Principal{ID: "b", Person: "y"}, false},
		{Principal{ID: "a"}, Principal{ID: "b"}, false},
		{Principal{ID: "a"}, Principal{ID: "a"}, true},
		{Principal{ID: "a", Person: "x"}, Principal{ID: "a", Person: "y"}, true},
	} {
		if c.p.SameHuman(c.q) != c.want || c.q.SameHuman(c.p) != c.want {
			t.Errorf("%+v and %+v: not %v", c.p, c.q, c.want)
		}
	}
}

// R3: groups of directories and declared groups and attributes.
func TestMarks(t *testing.T) {
	p := Principal{Directory: "staff", Groups: []string{"admin", "a=b"}, Attributes: map[string]string{"vip": "yes", "k": "v=w"}}
	got := p.Marks([]string{"admin", "staff/admin", "customers/admin", "vip=yes", "vip=no", "k=v=w", "", "vip", "Admin"})
	if diff := cmp.Diff([]string{"admin", "staff/admin", "vip=yes", "k=v=w"}, got); diff != "" {
		t.Error(diff)
	}
	if got := p.Marks(nil); got != nil {
		t.Error(got)
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		r     Record
		ref   RecordRef
		about []PersonKey
		live  bool
	}{
		{Principal{ID: "p", Version: 2, Person: "x"}, RecordRef{Kind: KindPrincipal, ID: "p", Version: 2}, []PersonKey{"x"}, true},
		{Principal{ID: "p", Deleted: true}, RecordRef{Kind: KindPrincipal, ID: "p"}, nil, false},
		{Credentials{Principal: "p", Person: "x", Password: "h"}, RecordRef{Kind: KindCredentials, ID: "p"}, []PersonKey{"x"}, true},
		{Credentials{Principal: "p", TOTP: "h"}, RecordRef{Kind: KindCredentials, ID: "p"}, nil, true},
		{Credentials{Principal: "p"}, RecordRef{Kind: KindCredentials, ID: "p"}, nil, false},
		{Session{ID: "s", Person: "x"}, RecordRef{Kind: KindSession, ID: "s"}, []PersonKey{"x"}, true},
		{Session{ID: "s", Ended: noon}, RecordRef{Kind: KindSession, ID: "s"}, nil, false},
		{Mandate{ID: "m", People: []PersonKey{"x", "", "y"}}, RecordRef{Kind: KindMandate, ID: "m"}, []PersonKey{"x", "y"}, true},
		{Mandate{ID: "m", State: Ended}, RecordRef{Kind: KindMandate, ID: "m"}, nil, false},
		{Bundle{ID: "b", Version: 1}, RecordRef{Kind: KindBundle, ID: "b", Version: 1}, nil, true},
	} {
		if diff := cmp.Diff(c.ref, c.r.Ref()); diff != "" {
			t.Errorf("%T: %s", c.r, diff)
		}
		if diff := cmp.Diff(c.about, c.r.About()); diff != "" {
			t.Errorf("%T: %s", c.r, diff)
		}
		if c.r.Live() != c.live {
			t.Errorf("%T %+v: live %v", c.r, c.r, !c.live)
		}
		plain, err := json.Marshal(c.r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRecord(c.ref.Kind, plain)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.r, back); diff != "" {
			t.Errorf("%T came back changed: %s", c.r, diff)
		}
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	for _, c := range []struct {
		kind  RecordKind
		plain string
	}{
		{"ghost", `{}`}, {KindMandate, `{`}, {KindSession, `{"until":"noon"}`}, {KindMandate, `{"bounds":{"length":"soon"}}`},
	} {
		if r, err := DecodeRecord(c.kind, []byte(c.plain)); err == nil || r != nil || KindOf(err) == "" {
			t.Errorf("%s %s: %v, %v", c.kind, c.plain, r, err)
		}
	}
}

func TestHash(t *testing.T) {
	h := Hash{1, 2, 0xff}
	b, err := h.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var back Hash
	if err := back.UnmarshalText(b); err != nil || back != h || string(b) != h.String() {
		t.Errorf("%s came back as %s, %v", h, back, err)
	}
	for _, bad := range []string{"", "00", h.String() + "0", "g" + h.String()[1:]} {
		if err := back.UnmarshalText([]byte(bad)); KindOf(err) != Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
