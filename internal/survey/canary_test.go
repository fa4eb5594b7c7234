package survey

import (
	"regexp"
	"strings"
	"testing"
)

// R26: only an entry of its own that names the actor proves that an application knows him.
func TestTrace(t *testing.T) {
	by := func(entry string) Trace {
		return Trace{Actor: "sam", Subject: "dana", Entry: regexp.MustCompile(entry)}
	}
	const line = `(?s)<li>[^<]*c4n4ry.*?</li>`
	for name, tc := range map[string]struct {
		trace Trace
		body  string
		level string
		says  string
	}{
		"both":                {by(line), "<li>c4n4ry <b>Sam</b> for Dana</li>", OK, "names sam and dana"},
		"actor":               {by(line), "<li>c4n4ry by SAM.</li>", OK, "names sam, but not for whom"},
		"subject":             {by(line), "<li>c4n4ry by dana</li>", Bad, "names dana alone"},
		"neither":             {by(line), "<li>c4n4ry by root</li>", Bad, "names neither sam nor dana"},
		"part of a word":      {by(line), "<li>c4n4ry, the same, by dana</li>", Bad, "names dana alone"},
		"in the menu":         {by(line), "<p>sam</p><li>c4n4ry by dana</li><p>sam</p>", Bad, "names dana alone"},
		"not there":           {by(line), "<li>another by sam</li>", Bad, "0 new entries"},
		"new, with no canary": {by(`<li>[^<]*</li>`), "<li>dana changed it</li>", Bad, "names dana alone"},
		"nothing new":         {by(`<li>[^<]*</li>`), "", Bad, "0 new entries"},
		"two are new":         {by(`<li>[^<]*</li>`), "<li>sam changed it</li><li>dana changed it</li>", Bad, "2 new entries"},
		"far too much":        {by(`(?s)<p>.*c4n4ry.*</p>`), "<p>sam" + strings.Repeat(" ", 3000) + "c4n4ry</p>", Bad, "more than an entry has"},
		"under another name": {Trace{Actor: "sam", Subject: "dana", Entry: regexp.MustCompile(line), Names: regexp.MustCompile("Okafor")},
			"<li>c4n4ry by S. Okafor</li>", OK, "names sam"},
	} {
		f := tc.trace.Look([]byte("<li>sam was here</li>"), []byte("<li>sam was here</li>"+tc.body))
		if f.Level != tc.level || !strings.HasPrefix(f.Found, tc.says) && !strings.Contains(f.Found, tc.says) || (f.Write == "aware: true") != (f.Level == OK) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
