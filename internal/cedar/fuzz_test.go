package cedar

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// What an annotation says is read or refused, never guessed: what was read reads the same again.
func FuzzAnnotation(f *testing.F) {
	for _, s := range []string{"staff/lead:1; staff/security:2", "a,b", ":", ";", "a:0", "a:-1", "10m", "-1s", "^x$", "^($", "read-only",
		"second-factor, reason", "", " , ", "a:99999999999999999999",
		"a:2 within 2h then b, c within 90m then d; e within 1h", "a then b", "a within", "a within 2h then", "then a", "a within 1h within 2h"} {
		for _, key := range []string{"id", "owner", "advice", "requires", "ticket", "approval", "notify", "max", "mode", "reason", "other"} {
			f.Add(key, s)
		}
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		var d duties
		if err := d.readAnnotation(key, value); err != nil {
			return
		}
		for _, s := range d.approvals {
			if s.Count < 1 || len(s.Groups) == 0 {
				t.Fatalf("%q gives a stage that nobody must agree to: %+v", value, s)
			}
		}
		if d.max < 0 || (key == annMax && d.max == 0) || (key == annRequires && len(d.requires) == 0) {
			t.Fatalf("%s(%q): %+v", key, value, d)
		}
		if key == annApproval && !strings.ContainsAny(value, "\x00") {
			again, err := readStages(stagesText(d.approvals))
			if err != nil || stagesText(again) != stagesText(d.approvals) {
				t.Fatalf("%q is read as %q and then %q (%v)", value, stagesText(d.approvals), stagesText(again), err)
			}
		}
	})
}

func FuzzTestFile(f *testing.F) {
	for _, text := range Default() {
		f.Add(text)
	}
	f.Add("cases: [ { who: a/b, do: act, app: x, expect: deny, max: 5m } ]\npeople: { a/b: {} }")
	f.Add("never: [ { who: \"*\", for: any, do: act, app: x } ]\npeople: { a/b: , c/d: {} }")
	f.Add("--- {}\n--- {}")
	f.Add("now: yesterday")
	k := New()
	b, _ := compile(map[string]string{"a.cedar": Default()["people.cedar"]}, k.supplied)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		r := Report{}
		runTests(b, map[string]string{"tests/a.yaml": text}, &r)
		for _, p := range r.Problems {
			if p.Text == "" || p.File == "" {
				t.Fatalf("a problem without a place: %+v", p)
			}
		}
	})
}

// Whatever the files are, checking them ends with a digest or with an invalid.
func FuzzCheck(f *testing.F) {
	for name, text := range Default() {
		f.Add(text, "")
		f.Add("", text)
		_ = name
	}
	f.Add("permit(principal,action,resource)when{1};", "entity User;")
	f.Fuzz(func(t *testing.T, rules, schema string) {
		if len(rules)+len(schema) > 4096 {
			return
		}
		files := map[string]string{"a.cedar": rules}
		if schema != "" {
			files["a.cedarschema"] = schema
		}
		k := New()
		digest, err := k.Check(files)
		if err != nil && stead.KindOf(err) != stead.Invalid {
			t.Fatal(err)
		}
		if err == nil {
			k.Judge(digest, samForDana())
			if _, err := k.Why(digest, samForDana(), authority.Overseer); err != nil && stead.KindOf(err) != stead.Invalid {
				t.Fatal(err)
			}
		}
	})
}
