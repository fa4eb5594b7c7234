package gateway

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

const testHash = "sha384-AAAA"

func testOpening() opening {
	return opening{origin: "https://a.test", leads: []string{"https://own.test"}, puts: []script{{path: barScript, hash: testHash}}}
}

func TestAdmit(t *testing.T) {
	const (
		css  = "https://a.test/.stead/static/bar.css"
		js   = "https://a.test/.stead/static/bar.js"
		ask  = "https://a.test/.stead/status https://a.test/.stead/hidden"
		post = "https://a.test/.stead/ https://own.test/.stead/"
	)
	for in, want := range map[string]string{
		"":                                   "",
		"img-src *":                          "img-src *",
		"default-src 'none'":                 "default-src 'none'; style-src-elem " + css + "; script-src-elem " + js + "; connect-src " + ask,
		"default-src 'self'":                 "default-src 'self'; style-src-elem 'self' " + css + "; script-src-elem 'self' " + js + "; connect-src 'self' " + ask,
		"style-src 'nonce-x'":                "style-src 'nonce-x'; style-src-elem 'nonce-x' " + css,
		"style-src-elem 'none'; style-src x": "style-src-elem " + css + "; style-src x",
		"form-action 'none'":                 "form-action " + post,
		"FORM-ACTION b; form-action 'none'":  "form-action b " + post,
		"script-src 'none'; object-src x":    "script-src 'none'; object-src x; script-src-elem " + js,
		"script-src 'unsafe-inline'":         "script-src 'unsafe-inline'; script-src-elem 'unsafe-inline' " + js,
		"script-src 'nonce-x' 'strict-dynamic'": "script-src 'nonce-x' 'strict-dynamic'; script-src-elem 'nonce-x' 'strict-dynamic' '" +
			testHash + "'",
		"script-src-elem 'none'; script-src 'strict-dynamic'": "script-src-elem " + js + "; script-src 'strict-dynamic'",
		"connect-src":                       "connect-src " + ask,
		"script-src\u00a0'none'; img-src x": "script-src\u00a0'none'; img-src x", // a directive that browsers do not know either
		"frame-ancestors 'none'; sandbox":   "frame-ancestors 'none'; sandbox",
	} {
		for _, name := range []string{policyHeader, reportOnlyHeader} {
			h := http.Header{name: {in}}
			can := testOpening().admit(h)
			boxed := strings.Contains(in, "sandbox") && name == policyHeader
			if got := h[name][0]; got != want || can.forms == boxed || can.script == boxed {
				t.Errorf("%q:\n got %q (%+v)\nwant %q", in, got, can, want)
			}
		}
	}
	h := http.Header{policyHeader: {"default-src 'none', form-action 'none'", "style-src x"}}
	testOpening().admit(h)
	if got := strings.Join(h[policyHeader], "|"); strings.Count(got, css) != 2 || !strings.Contains(got, "form-action https://a.test/.stead/") {
		t.Errorf("%q", got)
	}
	h = http.Header{policyHeader: {"default-src 'none'; script-src 'none'"}}
	opening{origin: "https://a.test"}.admit(h)
	if got := h.Get(policyHeader); got != "default-src 'none'; script-src 'none'; style-src-elem "+css {
		t.Errorf("where no script of ours goes in: %q", got)
	}
}

func TestSandboxes(t *testing.T) {
	for in, want := range map[string]allowed{
		"sandbox":                               {},
		"sandbox allow-scripts":                 {script: true},
		"sandbox allow-forms allow-same-origin": {forms: true},
		"SANDBOX Allow-Scripts allow-forms allow-same-origin":                            {true, true},
		"sandbox allow-scripts allow-forms allow-same-origin, sandbox allow-forms":       {},
		"img-src *; sandbox allow-scripts allow-same-origin; sandbox; script-src 'none'": {script: true},
	} {
		h := http.Header{policyHeader: {in}, reportOnlyHeader: {"sandbox"}}
		if got := testOpening().admit(h); got != want {
			t.Errorf("%q: %+v, want %+v", in, got, want)
		}
		if !strings.Contains(strings.ToLower(h.Get(policyHeader)), "sandbox") {
			t.Errorf("%q: the sandbox is gone", in)
		}
	}
}

// inline tells whether a list of sources lets inline scripts run, and which (CSP3 6.7.3.2).
func inline(sources []string) (all bool, named []string) {
	for _, s := range sources {
		low := strings.ToLower(s)
		switch {
		case low == "'unsafe-inline'":
			all = true
		case low == "'strict-dynamic'" || strings.HasPrefix(low, "'nonce-") || strings.HasPrefix(low, "'sha") && s != "'"+testHash+"'":
			named = append(named, s)
		}
	}
	return all && len(named) == 0 && !slices.Contains(sources, "'"+testHash+"'"), named
}

func effective(list []directive, chain ...string) ([]string, bool) {
	for _, name := range chain {
		if d, there := find(list, name); there {
			return d.sources, true
		}
	}
	return nil, false
}

// FuzzPolicy: whatever the policy, no inline script runs or stops for what we put in, nothing but our own addresses and
// our script's hash is let through besides, and a second time changes nothing (C5).
func FuzzPolicy(f *testing.F) {
	for _, s := range []string{"default-src 'self'", "script-src 'nonce-a' 'strict-dynamic' 'unsafe-inline'", "script-src 'sha256-x'; default-src", ",,;", "sandbox",
		"script-src-elem 'UNSAFE-INLINE'; script-src 'none', default-src *", "script-src\t'none'\n;;script-src *", "default-src 'strict-dynamic'", "\v 00A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, testHash) || strings.Contains(text, "a.test/.stead") || strings.Contains(text, "own.test/.stead") {
			return
		}
		before := strings.Split(text, ",")
		h := http.Header{policyHeader: {text}}
		can := testOpening().admit(h)
		after := strings.Split(h.Get(policyHeader), ",")
		if len(after) != len(before) {
			t.Fatalf("%q became %q", text, after)
		}
		for i := range before {
			unharmed(t, directives(before[i]), directives(after[i]))
		}
		again := http.Header{policyHeader: {h.Get(policyHeader)}}
		if testOpening().admit(again) != can || again.Get(policyHeader) != h.Get(policyHeader) {
			t.Fatalf("again: %q became %q", h.Get(policyHeader), again.Get(policyHeader))
		}
	})
}

func unharmed(t *testing.T, before, after []directive) {
	t.Helper()
	chain := []string{"script-src-elem", "script-src", "default-src"}
	was, bounded := effective(before, chain...)
	is, still := effective(after, chain...)
	all, named := inline(was)
	allNow, namedNow := inline(is)
	if bounded != still || all != allNow || !slices.Equal(named, namedNow) {
		t.Fatalf("inline scripts: %q became %q", was, is)
	}
	for _, name := range []string{"script-src", "script-src-attr", "style-src", "style-src-attr", "default-src", "img-src", "sandbox", "worker-src", "frame-src"} {
		b, hadIt := find(before, name)
		a, hasIt := find(after, name)
		if hadIt != hasIt || !slices.Equal(a.sources, b.sources) {
			t.Fatalf("%s: %q became %q", name, b.sources, a.sources)
		}
	}
	for _, d := range after {
		old, _ := effective(before, d.name, strings.TrimSuffix(d.name, "-elem"), "default-src")
		for _, s := range d.sources {
			ours := s == "'"+testHash+"'" || strings.HasPrefix(s, "https://a.test/.stead/") || s == "https://own.test/.stead/"
			if !ours && !slices.Contains(old, s) {
				t.Fatalf("%s lets %q through", d.name, s)
			}
		}
	}
}
