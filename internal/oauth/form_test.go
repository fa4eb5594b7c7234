package oauth

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/steadhq/stead"
)

const urlencoded = "application/x-www-form-urlencoded"

// F1: what is too long, twice or of another kind is refused, and what has no value is not there.
func TestParseForm(t *testing.T) {
	got, err := parseForm([]string{urlencoded + "; charset=UTF-8"}, []byte("a=1&b=&c=%C3%A4+x"))
	if err != nil || len(got) != 2 || got["a"] != "1" || got["c"] != "ä x" {
		t.Error(got, err)
	}
	for name, r := range map[string]struct {
		kind []string
		body string
		code string
	}{
		"no type": {nil, "a=1", "invalid_request"}, "two types": {[]string{urlencoded, urlencoded}, "a=1", "invalid_request"},
		"JSON": {[]string{"application/json"}, "{}", "invalid_request"}, "twice": {[]string{urlencoded}, "a=1&a=1", "invalid_request"},
		"twice, once empty": {[]string{urlencoded}, "a=1&a=", "invalid_request"}, "two resources": {[]string{urlencoded}, "resource=a&resource=b", "invalid_target"},
		"no form": {[]string{urlencoded}, "a=%zz", "invalid_request"}, "semicolon": {[]string{urlencoded}, "a=1;b=2", "invalid_request"},
		"no text": {[]string{urlencoded}, "a=%ff", "invalid_request"}, "long": {[]string{urlencoded}, "a=" + strings.Repeat("x", mostField+1), "invalid_request"},
	} {
		got, err := parseForm(r.kind, []byte(r.body))
		var f *fault
		if !errors.As(err, &f) || f.code != r.code || got != nil {
			t.Error(name, got, err)
		}
	}
}

// F1: whatever is posted, a form is refused or has one reading, the one that net/url has.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "a=1", "grant_type=client_credentials&client_id=x", "a=1&a=2", "%", "a=%ff", "resource=a&resource=b", "&&==", "a;b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := parseForm([]string{urlencoded}, []byte(body))
		if err != nil {
			if errors.As(err, new(*fault)) && got == nil {
				return
			}
			t.Fatal(got, err)
		}
		values, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal("it is no form, and was taken")
		}
		for name, v := range got {
			if v == "" || values.Get(name) != v || len(values[name]) != 1 || !utf8.ValidString(v) {
				t.Fatalf("%q is %q", name, v)
			}
		}
	})
}

// What is told in error_description has the characters that may stand there (RFC 6749, 5.2).
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"", "no", "ä\n\"\\", "\x00\x7f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, b := range []byte(plain(stead.E(stead.Refused, stead.ReasonRequest, "%s", text))) {
			if b < 0x20 || b > 0x7e || b == '"' || b == '\\' {
				t.Fatalf("%q", b)
			}
		}
	})
}

// Every no of a verb has a word of OAuth's, or is our fault.
func TestFaultOf(t *testing.T) {
	for want, all := range map[string][]error{
		"invalid_client":      {stead.E(stead.Refused, stead.ReasonSignIn, "x")},
		"invalid_grant":       {stead.E(stead.Missing, stead.ReasonNotYours, "x"), stead.E(stead.Expired, stead.ReasonExpired, "x"), stead.E(stead.Conflict, stead.ReasonState, "x")},
		"invalid_target":      {stead.E(stead.Invalid, stead.ReasonNoRoute, "x"), stead.E(stead.Refused, stead.ReasonScope, "x")},
		"invalid_request":     {stead.E(stead.Invalid, stead.ReasonRequest, "x")},
		"unauthorized_client": {stead.E(stead.Refused, stead.ReasonSuspended, "x"), stead.E(stead.Refused, stead.ReasonOwnerless, "x"), stead.E(stead.Refused, stead.ReasonDisabled, "x")},
		"":                    {stead.E(stead.Broken, stead.ReasonBroken, "x"), stead.E(stead.Refused, stead.ReasonClock, "x"), errors.New("x")},
	} {
		for _, err := range all {
			got := ""
			if f := faultOf(err); f != nil {
				got = f.code
			}
			if got != want {
				t.Errorf("%v: %q, want %q", stead.ReasonOf(err), got, want)
			}
		}
	}
}
