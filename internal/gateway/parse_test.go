package gateway

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/steadhq/stead"
)

func TestParseRefuses(t *testing.T) {
	app := "apps:\n  - id: a\n    host: a.test\n    upstream: http://127.0.0.1:9\n"
	for text, want := range map[string]string{
		"":                        "EOF",
		"x: 1":                    `line 1: unknown key "x"`,
		"apps: {}":                "cannot unmarshal",
		"apps:\n  - id: a":        "needs a host",
		"apps:\n  - host: a.test": "needs an id",
		app + "    hosst: b":      `line 5: unknown key "hosst": did you mean host?`,
		app + "    rules:\n      - { id: r, iss: read }":                                       `line 6: unknown key "iss": did you mean is?`,
		app + "    rules:\n      - { id: r, is: readd }":                                       `line 6: is: "readd"`,
		app + "    rules:\n      - { is: read }":                                               "line 6: rule 1 needs an id",
		app + "    rules:\n      - { id: default, is: read }":                                  "an id of its own",
		app + "    rules:\n      - { id: r, is: read }\n      - { id: r, is: read }":           "line 7: rule 2 needs an id",
		app + "    rules:\n      - { id: r, is: read, path: [x] }":                             "begins with no /",
		app + "    rules:\n      - { id: r, is: read, method: [get] }":                         "is none",
		app + "    rules:\n      - { id: r, is: read, param: { a: '(' } }":                     "missing closing",
		app + "    default: read":                                                              `line 5: default "read": write or by-method`,
		app + "    default: by-method":                                                         "line 5: default by-method needs because",
		app + "    default: by-method\n    because: ' '":                                       "line 5: default by-method needs because",
		app + "    because: x":                                                                 "line 5: because goes with default: by-method",
		app + "    origin: mine":                                                               `line 5: origin "mine": own or shared`,
		app + "    orign: own":                                                                 `line 5: unknown key "orign": did you mean origin?`,
		app + "    identity: { by_mode: { reed: {} } }":                                        `line 5: unknown key "reed": did you mean read?`,
		app + "    identity: { by_mode: { edit: { heder: X } } }":                              `line 5: unknown key "heder": did you mean header?`,
		app + "    identity:\n      by_mode:\n        edit: {}":                                "line 7: by_mode.edit tells nobody who is there",
		app + "    identity: { by_mode: { edit: { header: Host } } }":                          "is not free",
		app + "    identity: { by_mode: { read: { headers: { A: '{x}' } } } }":                 "is no name that is known here",
		app + "    identity: { header: X-Jwt, assertion: x_jwt }":                              "given twice",
		app + "    identity: { assertion_alg: none }":                                          `assertion_alg "none": EdDSA or ES256`,
		app + "    identity: { assertion: Cookie }":                                            "is not free",
		app + "    identity: { basic: {} }":                                                    "basic needs a user",
		app + "    identity: { basic: { password: x } }":                                       "basic needs a user",
		app + "    identity: { basic: { user: 'a:b' } }":                                       "a colon ends the name",
		app + "    identity: { basic: { user: '{subject}' } }":                                 "is no name that is known here",
		app + "    identity: { basic: { user: a }, header: authorization }":                    "given twice",
		app + "    identity: { basic: { user: a, password: b, password_file: c } }":            "either password or password_file",
		app + "    identity: { basic: { usr: a } }":                                            `unknown key "usr": did you mean user?`,
		app + "    script_cookies: ['a;b']":                                                    `line 5: script_cookies "a;b" is no cookie name`,
		app + "    browser: { replay: [\n      accept-language,\n      user-agent] }":          `line 7: replay "user-agent": accept-language or cookie:NAME`,
		app + "    browser: { replay: ['cookie:'] }":                                           `replay "cookie:"`,
		app + "    browser: { replays: [] }":                                                   `unknown key "replays": did you mean replay?`,
		app + "    whoami: {}":                                                                 "line 5: whoami needs match",
		app + "    whoami: { match: 'x(' }":                                                    "whoami: error parsing",
		app + "    whoami: { match: 'x' }":                                                     "match has 0 groups; one is needed",
		app + "    whoami: { match: '(x)(y)' }":                                                "match has 2 groups",
		app + "    whoami: { match: '(x)', in: xml }":                                          `whoami in "xml": html or json`,
		app + "    whoami: { match: '(x)', fold: Upper }":                                      `fold "Upper": lower, upper or first-upper`,
		app + "    whoami: { mach: '(x)' }":                                                    `unknown key "mach": did you mean match?`,
		app + "    first_visit: never":                                                         `line 5: first_visit "never": refuse, warn or allow`,
		app + "    secrets: ['a(']":                                                            `line 5: secret "a("`,
		app + "    secrets:\n      - a\n      - (a)(b)":                                        `line 7: secret "(a)(b)": one group at most`,
		app + "    secrets: ['(a)\\Kb']":                                                       "one group at most",
		app + "    secrets: ['a\\Kb\\Kc']":                                                     `\K stands once, and in no group`,
		app + "    secrets: ['(?:a\\Kb)']":                                                     `\K stands once, and in no group`,
		app + "    secrets: ['a\\Kb|c']":                                                       `\K goes with no "|" outside of a group`,
		app + "    secrets: ['\\Qa\\E\\Kb']":                                                   `\K goes with no \Q`,
		app + "    secrets: ['x*']":                                                            "it would be found everywhere",
		app + "    at_end: {}":                                                                 `line 5: a step needs get, post or request`,
		app + "    at_end: []":                                                                 `line 5: at_end needs a step`,
		app + "    at_end: { get: logout }":                                                    `get "logout": a path of the application`,
		app + "    at_end: { get: 'http://x/' }":                                               `get "http://x/"`,
		app + "    at_end: { get: /a/../b }":                                                   `get "/a/../b"`,
		app + "    at_end: { gett: /x }":                                                       `unknown key "gett": did you mean get?`,
		app + "    at_end: /logout":                                                            `line 5: keys with values are missing here`,
		app + "    at_end:\n      - /logout":                                                   `line 6: keys with values are missing here`,
		app + "    at_end: { get: /x, post: /x }":                                              `a step is one request`,
		app + "    at_end: { get: /x, request: POST /x }":                                      `in place of get and post`,
		app + "    at_end: { request: delete /x }":                                             `request "delete /x": a method and a target`,
		app + "    at_end: { get: /x, form: { a: b } }":                                        `a GET has no form and no body`,
		app + "    at_end: { post: /x, form: { a: b }, body: x, type: text/plain }":            `either form or body`,
		app + "    at_end: { post: /x, body: x }":                                              `a body needs its media type`,
		app + "    at_end: { post: /x, body: x, type: text }":                                  `a body needs its media type`,
		app + "    at_end: { post: '/x?t={token}' }":                                           `{token}: no step before this one takes it`,
		app + "    at_end:\n      - { get: /x, take: { token: '(a)' } }\n      - { post: /x }": `line 6: take token: no later step uses {token}`,
		app + "    at_end:\n      - { post: /x, form: { t: '{token}' } }\n      - { get: /x, take: { token: '(a)' } }": `line 6: {token}: no step before this one`,
		app + "    at_end: { get: /x, take: { token: '(a' } }":                                                         `take token: error parsing regexp`,
		app + "    at_end: { get: /x, take: { token: 'a' } }":                                                          `the pattern needs one group`,
		app + "    at_end: { get: /x, take: { token: '(a)(b)' } }":                                                     `the pattern needs one group`,
		app + "    at_end: { get: /x, take: { Token: '(a)' } }":                                                        `take "Token": a name is of small letters`,
		app + "    rules:\n      - { id: r, is: read, page: { header: X } }":                                           "line 6: page is a note of its own",
		app + "    rules:\n      - { id: r, page: { header: 'X Y' } }":                                                 `page header "X Y" is no header name`,
		app + "    tests:\n      - { request: GET, is: read }":                                                         `line 6: test "GET": a method and a target`,
		app + "    tests:\n      - { request: GET x, is: read }":                                                       `line 6: test "GET x": it is a 400 before any rule`,
		app + "    tests:\n      - { request: G@T /, is: read }":                                                       `line 6: test "G@T /"`,
		app + "    tests:\n      - { request: GET /, is: red }":                                                        `line 6: is: "red"`,
		app + "    tests:\n      - { request: GET /, is: read, rule: x }":                                              `line 6: there is no rule "x"`,
		app + "    rules: [{ id: show, is: read }]\n    tests:\n      - { request: GET /, is: read, rule: sho }":       `line 7: there is no rule "sho": did you mean show?`,
		app + "    target_allows: ['..']":                                                                              `target_allows ".."`,
		app + "    rights: all":                                                                                        "left-to-app or evaluated",
		app + "    identity: { header: Host }":                                                                         "is not free",
		app + "    identity: { header: X-Stead-Subject }":                                                              "is not free",
		app + "    identity: { header: 'A B' }":                                                                        "no header name",
		app + "    identity: { headers: { A: '{subject.password}' } }":                                                 "is no name that is known here",
		app + "    identity: { headers: { A: \"x\\ny\" } }":                                                            "cannot stand in a header",
		app + "    identity: { headers: { A-B: x, A_B: y } }":                                                          "given twice",
		app + "    realms: [{ id: x, path: y }]":                                                                       "begins with /",
		app + "    realms: [{ id: x, path: /, kind: odd }]":                                                            "realm kind",
		app + "    realms: [{ id: x, path: / }, { id: x, path: /y }]":                                                  "stands here twice",
		app + "  - id: a\n    host: b.test\n    upstream: http://127.0.0.1:9":                                          `line 5: two applications have the id "a"`,
		app + "  - id: b\n    host: A.test\n    upstream: http://127.0.0.1:9":                                          `have the host "a.test"`,
		strings.Replace(app, "http://127.0.0.1:9", "ftp://x", 1):                                                       "give it as http://",
		strings.Replace(app, "http://127.0.0.1:9", "http://x/path", 1):                                                 "nothing else",
		strings.Replace(app, "a.test", "a..test", 1):                                                                   `host "a..test"`,
		app + "---\napps: []\n":                                                                                        "second document",
	} {
		_, err := ParseRules([]byte(text))
		if err == nil || !strings.Contains(told(err), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

// told is what an error says, without the column that stands behind the line.
func told(err error) string {
	return regexp.MustCompile(`, column [1-9][0-9]*: `).ReplaceAllString(err.Error(), ": ")
}

const wholeApp = `
apps:
  - id: wiki
    host: wiki.test
    upstream: http://127.0.0.1:9
    origin: shared
    identity:
      headers: { Remote-User: "{subject.name}" }
      basic: { user: "{subject.name}", password: s3cret }
      assertion: X-Jwt-Assertion
      by_mode:
        edit: { header: X-Editor }
        read: { basic: { user: reader, password_file: reader.pw } }
    script_cookies: [PREFS, "settings-*"]
    browser: { replay: [Accept-Language, cookie:tz] }
    whoami: { match: 'userName":"([^"]+)"', fold: first-upper }
    first_visit: refuse
    secrets: ['atom\?key=\K[0-9a-f]+', 'token-([0-9]+)', 'plain[(\]|]x']
    at_end: { get: "/logout?all=1" }
    default: by-method
    because: " read by Dana "
    rules:
      - { id: title, page: { header: x-page-title } }
`

func TestParseWholeApp(t *testing.T) {
	apps, err := ParseRules([]byte(wholeApp))
	if err != nil {
		t.Fatal(err)
	}
	a := apps[0]
	for _, tc := range []struct {
		what      string
		got, want any
	}{
		{"origin", []bool{a.Shared, a.OriginSaid}, []bool{true, true}},
		{"headers", a.Headers, []Header{{"Remote-User", "{subject.name}"}}},
		{"basic", a.Basic, &Account{User: "{subject.name}", Password: "s3cret"}},
		{"assertion", a.Assertion, "X-Jwt-Assertion"},
		{"by mode", a.ByMode, map[stead.Mode]Identity{
			stead.Edit: {Headers: []Header{{"X-Editor", "{subject.name}"}}}, stead.ReadOnly: {Basic: &Account{User: "reader", File: "reader.pw"}},
		}},
		{"script cookies", a.ScriptCookies, []string{"PREFS", "settings-*"}},
		{"replay", a.Replay, []string{"accept-language", "cookie:tz"}},
		{"whoami", []string{a.Whoami.In, a.Whoami.Match.String(), a.Whoami.Fold}, []string{"html", `userName":"([^"]+)"`, "first-upper"}},
		{"first visit", a.FirstVisit, "refuse"},
		{"secrets", texts(a.Secrets), []string{`atom\?key=([0-9a-f]+)`, `token-([0-9]+)`, `plain[(\]|]x`}},
		{"at end", a.AtEnd, []Step{{Method: "GET", Target: "/logout?all=1"}}},
		{"by method", a.ByMethod, "read by Dana"},
		{"title", a.Title, "X-Page-Title"},
	} {
		if d := cmp.Diff(tc.want, tc.got, cmpopts.IgnoreUnexported(Account{})); d != "" {
			t.Errorf("%s:\n%s", tc.what, d)
		}
	}
	reserved := Reserved(apps) // no client says them, in any mode (A9, S-I25)
	for _, name := range []string{"Remote-User", "x_editor", "X-JWT-Assertion"} {
		if !reserved.Reserved(name) {
			t.Errorf("a client may send %s", name)
		}
	}
}

func TestParseSaysNothingOfOrigin(t *testing.T) {
	for said, want := range map[string][]bool{"": {false, false}, "    origin: own\n": {false, true}, "    origin: shared\n": {true, true}} {
		apps, err := ParseRules([]byte("apps:\n  - id: a\n    host: a.test\n    upstream: http://127.0.0.1:9\n" + said))
		if err != nil {
			t.Fatal(err)
		}
		if a := apps[0]; !slices.Equal([]bool{a.Shared, a.OriginSaid}, want) || a.Basic != nil || a.Whoami != nil || a.ByMode != nil {
			t.Errorf("%q: %+v", said, a)
		}
	}
}

func texts(all []*regexp.Regexp) (out []string) {
	for _, re := range all {
		out = append(out, re.String())
	}
	return out
}

func TestKeep(t *testing.T) {
	for in, want := range map[string]string{
		`a\Kb`: `a(b)`, `ab`: `ab`, `(?:x|y)\K[0-9]+`: `(?:x|y)([0-9]+)`, `[\K|(]\Kz`: `[\K|(](z)`, `[]|(]\Kz`: `[]|(](z)`,
		`[^]|(]\Kz`: `[^]|(](z)`, `[[:alpha:](]\Kz`: `[[:alpha:](](z)`, `\\\Kz`: `\\(z)`, `\(\|\Kz`: `\(\|(z)`, `(?i)a\Kb`: `(?i)a(b)`,
	} {
		if got, err := keep(in); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", in, got, err, want)
		}
	}
}

// FuzzParseRules: whatever the file says, it is refused with a reason or can be used.
func FuzzParseRules(f *testing.F) {
	for _, seed := range []string{someRules, wholeApp, "apps: &a [*a]", "? {a: b}\n: c", "apps: [{<<: {id: x}}]"} {
		f.Add(seed, "/item/7?id=1")
	}
	f.Fuzz(func(t *testing.T, text, target string) {
		apps, err := ParseRules([]byte(text))
		if err != nil {
			if stead.KindOf(err) != stead.Invalid || strings.TrimSpace(err.Error()) == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		RunTests(apps)
		for i := range apps {
			if r := request(t, "GET", target, "", ""); r != nil && strings.HasPrefix(target, "/") {
				apps[i].Classify(r)
			}
			for _, re := range apps[i].Secrets {
				if re.NumSubexp() > 1 {
					t.Fatalf("%s has two groups", re)
				}
			}
		}
	})
}
