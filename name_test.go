package stead

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// What an account may be called is one rule for every door: what cannot be told from another by looking, or read in two
// ways, is nobody's name. // S-I17
func TestWrong(t *testing.T) {
	fine := Principal{Directory: "staff", Name: "j.müller+2", Shown: "Jörg Müller 👩", Groups: []string{"support"}, Attributes: map[string]string{"Cost center": "a/b = c"}}
	if text := fine.Wrong(); text != "" {
		t.Fatal(text)
	}
	long := strings.Repeat("x", 129)
	var hidden []string // what shows nothing
	names := []string{"", "a/b", "/", "a b", " a", "a ", "a\x00", "a\tb", "a\nb", "\x7f", "a\u202eb", "a\u200bb", "a\u00a0b", "\xff", long}
	for _, r := range "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\ufe00\ufe0f\u180b\U000e0100\U000e01ef" {
		names = append(names, string(r), "a"+string(r))
		hidden = append(hidden, string(r), "a"+string(r), "a"+string(r)+" b")
	}
	texts := append(hidden, " a", "a ", "a\x00", "a\nb", "a\u202eb", "a\u2028b", "\xff", strings.Repeat("x", 1025))
	with := func(change func(p *Principal)) Principal {
		p := fine
		p.Groups, p.Attributes = slices.Clone(p.Groups), maps.Clone(p.Attributes)
		change(&p)
		return p
	}
	for _, v := range names {
		for what, p := range map[string]Principal{
			"directory": with(func(p *Principal) { p.Directory = v }),
			"account":   with(func(p *Principal) { p.Name = v }),
			"group":     with(func(p *Principal) { p.Groups = append(p.Groups, v) }),
		} {
			if text := p.Wrong(); !strings.Contains(text, what) || !printable(text) {
				t.Errorf("%s %q: %q", what, v, text)
			}
		}
	}
	for _, v := range texts {
		for what, p := range map[string]Principal{
			"name to show":   with(func(p *Principal) { p.Shown = v }),
			"attribute Team": with(func(p *Principal) { p.Attributes["Team"] = v }),
		} {
			if text := p.Wrong(); !strings.Contains(text, what) {
				t.Errorf("%s %q: %q", what, v, text)
			}
		}
	}
	for _, v := range []string{"", "a=b", "a\nb", "\xff", long} {
		if text := with(func(p *Principal) { p.Attributes[v] = "x" }).Wrong(); !strings.Contains(text, "is no name for an attribute") {
			t.Errorf("attribute %q: %q", v, text)
		}
	}
	if text := with(func(p *Principal) { p.Groups = slices.Repeat([]string{"g"}, 257) }).Wrong(); !strings.Contains(text, "at most 256 groups") {
		t.Error(text)
	}
	for what, p := range map[string]Principal{
		"directory":    with(func(p *Principal) { p.Directory = long[:65] }),
		"name to show": with(func(p *Principal) { p.Shown = strings.Repeat("x", 257) }),
	} {
		if text := p.Wrong(); !strings.Contains(text, "too long") {
			t.Errorf("%s: %q", what, text)
		}
	}
}
