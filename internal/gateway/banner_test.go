package gateway

import (
	"fmt"
	"strings"
	"testing"
)

func bannerRules(lines string) []byte {
	return []byte("apps:\n  - id: wiki\n    host: wiki.test\n    upstream: http://127.0.0.1:9\n    aware: true\n" + lines)
}

func TestParseBanner(t *testing.T) {
	for lines, want := range map[string]Banner{
		"": {Way: Rewrite},
		"    banner: { position: bottom, csp: rewrite }\n": {Way: Rewrite},
		"    banner: { position: top, csp: frame }\n":      {Way: Framed, Top: true},
		"    banner: { csp: header_only }\n":               {Way: HeaderOnly},
		"    banner: { keys: { end: control+shift+f9, extend: Alt+7 } }\n": {Way: Rewrite,
			End: Shortcut{Ctrl: true, Shift: true, Key: "F9"}, Extend: Shortcut{Alt: true, Key: "7"}},
	} {
		apps, err := ParseRules(bannerRules(lines))
		if err != nil || apps[0].Banner != want {
			t.Errorf("%s %+v, %v", lines, apps, err)
		}
	}
	if b := (Banner{}); b.end().String() != "Alt+Shift+E" || b.extend().String() != "Alt+Shift+X" {
		t.Errorf("the usual keys are %s and %s", b.end(), b.extend())
	}
	k := Shortcut{Ctrl: true, Alt: true, Shift: true, Key: "7"}
	if k.String() != "Ctrl+Alt+Shift+7" || k.aria() != "Control+Alt+Shift+7" || k.code() != "Digit7" || (Shortcut{Key: "F9"}).code() != "F9" || (Shortcut{Key: "Q"}).code() != "KeyQ" {
		t.Errorf("%s %s %s", k, k.aria(), k.code())
	}
}

// Nonsense is refused with its line.
func TestParseBannerRefuses(t *testing.T) {
	for lines, want := range map[string]string{
		"    banner: { positon: top }\n":                              `did you mean position`,
		"    banner: { position: left }\n":                            `line 6: banner position "left": bottom or top`,
		"    banner: { csp: iframe }\n":                               `banner csp "iframe": rewrite, frame or header_only`,
		"    banner: { keys: { ende: Alt+E } }\n":                     `did you mean end`,
		"    banner:\n      keys:\n        end: E\n":                  `line 8: banner keys end "E": Ctrl, Alt or Meta must be held`,
		"    banner: { keys: { end: Shift+E } }\n":                    "pressed in typing",
		"    banner: { keys: { end: Alt+Alt+E } }\n":                  "each once",
		"    banner: { keys: { end: Hyper+E } }\n":                    "may be held",
		"    banner: { keys: { end: Alt+Shift } }\n":                  "the last must be a letter",
		"    banner: { keys: { end: \"Alt+\" } }\n":                   "the last must be a letter",
		"    banner: { keys: { end: Alt+É } }\n":                      "the last must be a letter",
		"    banner: { keys: { end: Alt+F13 } }\n":                    "the last must be a letter",
		"    banner: { keys: { end: Ctrl+Alt+E } }\n":                 "hold Shift too",
		"    banner: { keys: { end: Ctrl+Shift+W } }\n":               "browsers keep it",
		"    banner: { keys: { end: Alt+Shift+X } }\n":                "end and extend are both Alt+Shift+X",
		"    banner: { keys: { extend: Shift+Alt+e } }\n":             "end and extend are both Alt+Shift+E",
		"    banner: { csp: header_only, position: top }\n":           "draws nothing, so position and keys",
		"    banner: { csp: header_only, keys: { end: Alt+E } }\n":    "draws nothing, so position and keys",
		"    origin: shared\n    banner: { csp: frame }\n":            "needs a host for each mandate",
		"    banner: { csp: frame }\n    banner: { csp: frame }\n":    "banner",
		"    banner: { csp: frame }\n    capture: { clicks: true }\n": "only a script of ours in the page sees them",
		"    banner: [frame]\n":                                       "line 6",
	} {
		_, err := ParseRules(bannerRules(lines))
		if err == nil || !strings.Contains(told(err), want) {
			t.Errorf("%s is refused with %v, want %s", lines, err, want)
		}
	}
	unaware := strings.Replace(string(bannerRules("    banner: { csp: header_only }\n")), "aware: true", "aware: false", 1)
	if _, err := ParseRules([]byte(unaware)); err == nil || !strings.Contains(err.Error(), "needs aware: true") {
		t.Errorf("an application that draws nothing: %v", err)
	}
	behind := strings.Replace(string(bannerRules("    banner: { position: top }\n")), "upstream: http://127.0.0.1:9", "forward_auth: true", 1)
	if _, err := ParseRules([]byte(behind)); err == nil || !strings.Contains(err.Error(), "header_only, or nothing") {
		t.Errorf("behind a proxy of its own: %v", err)
	}
}

// Where no mandate has a host of its own, no frame is opened.
func TestFrameNeedsHosts(t *testing.T) {
	for acting, want := range map[string]string{"": "needs a host for each mandate", "act.test": "<nil>"} {
		apps, err := ParseRules(bannerRules("    banner: { csp: frame }\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint((&Gateway{Apps: apps, Acting: acting}).settle()); !strings.Contains(got, want) {
			t.Errorf("%q: %s", acting, got)
		}
	}
}

func FuzzShortcut(f *testing.F) {
	for _, s := range []string{"Alt+Shift+E", "ctrl+F9", "+", "", "Alt+É", "Meta+Shift+7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, why := readShortcut(text)
		if why != "" {
			return
		}
		again, why := readShortcut(s.String())
		if why != "" || again != s || s.code() == "" {
			t.Errorf("%q is read as %s, which is read as %s %s", text, s, again, why)
		}
	})
}
