package gateway

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// A Banner is how the pages of an application say for whom somebody acts.
type Banner struct {
	Top         bool // the bar is at the upper edge, where nothing of the page's stands
	Way         BannerWay
	End, Extend Shortcut // none is the usual one
}

// A BannerWay is how the bar comes to the pages.
type BannerWay string

// The ways; "" is rewrite.
const (
	Rewrite    BannerWay = "rewrite"     // it goes into the page, and the page's policies let it in
	Framed     BannerWay = "frame"       // a page of ours stands around, and the page's policies stay as they are
	HeaderOnly BannerWay = "header_only" // the application draws it itself
)

// A Shortcut is a key and what is held with it.
type Shortcut struct {
	Ctrl, Alt, Shift, Meta bool
	Key                    string // "E", "7", "F8"
}

func (b Banner) end() Shortcut { return cmp.Or(b.End, Shortcut{Alt: true, Shift: true, Key: "E"}) }
func (b Banner) extend() Shortcut {
	return cmp.Or(b.Extend, Shortcut{Alt: true, Shift: true, Key: "X"})
}

// held are the names of what is held, and whether it is.
func (s *Shortcut) held() []held {
	return []held{{"Ctrl", &s.Ctrl}, {"Alt", &s.Alt}, {"Shift", &s.Shift}, {"Meta", &s.Meta}}
}

type held struct {
	name string
	is   *bool
}

// String is how people write it.
func (s Shortcut) String() string {
	var b strings.Builder
	for _, h := range s.held() {
		if *h.is {
			b.WriteString(h.name + "+")
		}
	}
	return b.String() + s.Key
}

// aria is how assistive software reads it (WAI-ARIA 6.6.2).
func (s Shortcut) aria() string { return strings.Replace(s.String(), "Ctrl", "Control", 1) }

// code is the key's place on the keyboard, as browsers name it.
func (s Shortcut) code() string {
	switch c := s.Key[0]; {
	case len(s.Key) > 1:
		return s.Key
	case '0' <= c && c <= '9':
		return "Digit" + s.Key
	}
	return "Key" + s.Key
}

// Alt+Shift+E and its like. It is not ok when it is none, or one that is typed or that browsers keep for themselves.
func readShortcut(text string) (s Shortcut, why string) {
	parts := strings.Split(text, "+")
	for _, part := range parts[:len(parts)-1] {
		i := slices.IndexFunc(s.held(), func(h held) bool {
			return strings.EqualFold(part, h.name) || h.name == "Ctrl" && strings.EqualFold(part, "Control")
		})
		if i < 0 || *s.held()[i].is {
			return s, "Ctrl, Alt, Shift and Meta may be held, each once, as in Alt+Shift+E"
		}
		*s.held()[i].is = true
	}
	s.Key = strings.ToUpper(parts[len(parts)-1])
	function := slices.Contains(functionKeys, s.Key)
	switch {
	case !function && (len(s.Key) != 1 || !strings.Contains("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", s.Key)):
		return s, "the last must be a letter, a digit or F1 to F12, as in Alt+Shift+E"
	case !s.Ctrl && !s.Alt && !s.Meta:
		return s, "Ctrl, Alt or Meta must be held, or it would be pressed in typing"
	case s.Ctrl && s.Alt && !s.Shift && !function:
		return s, "Ctrl+Alt is how many keyboards type signs: hold Shift too"
	case (s.Ctrl || s.Meta) && !s.Alt && strings.Contains("NTWQ", s.Key):
		return s, "browsers keep it for themselves"
	}
	return s, ""
}

var functionKeys = []string{"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12"}

// banner reads how pages say that somebody acts.
func banner(f appFile, a *App, at where) error {
	here, b := at.in("banner"), f.Banner
	a.Banner = Banner{Top: b.Position == "top", Way: cmp.Or(BannerWay(b.CSP), Rewrite)}
	switch {
	case b.Position != "" && b.Position != "bottom" && b.Position != "top":
		return here.in("position").wrong("banner position %q: bottom or top", b.Position)
	case !slices.Contains([]BannerWay{Rewrite, Framed, HeaderOnly}, a.Banner.Way):
		return here.in("csp").wrong("banner csp %q: rewrite, frame or header_only", b.CSP)
	case a.Banner.Way == HeaderOnly && !a.Aware:
		return here.in("csp").wrong("banner csp: header_only draws nothing, so it needs aware: true of an application that records the actor and shows who acts")
	case a.Banner.Way == HeaderOnly && (b.Position != "" || b.Keys != keysFile{}):
		return here.wrong("banner csp: header_only draws nothing, so position and keys are the application's own")
	case a.Forward && a.Banner.Way != HeaderOnly && here.said():
		return here.wrong("banner: behind a proxy of its own the application draws it itself: csp: header_only, or nothing")
	case a.Banner.Way == Framed && a.Shared:
		return here.in("csp").wrong("%s", frameNeedsHost)
	}
	return bannerKeys(b.Keys, &a.Banner, here.in("keys"))
}

const frameNeedsHost = "banner csp: frame needs a host for each mandate: origin: own, with server.acting_hosts"

func bannerKeys(f keysFile, b *Banner, here where) error {
	for _, k := range []struct {
		name, text string
		key        *Shortcut
	}{{"end", f.End, &b.End}, {"extend", f.Extend, &b.Extend}} {
		if k.text == "" {
			continue
		}
		read, why := readShortcut(k.text)
		if why != "" {
			return here.in(k.name).wrong("banner keys %s %q: %s", k.name, k.text, why)
		}
		*k.key = read
	}
	if b.end() == b.extend() {
		return here.wrong("banner keys: end and extend are both %s", b.end())
	}
	return nil
}

// says tells whether pages are to say something of ours of whom they are for.
func (v *visit) says() bool { return v.acting() && v.app.Banner.Way != HeaderOnly || v.elsewhere() }

// outer tells whether what answers r is a page of ours with the application's in a frame: where a browser says what it
// fills. What does not say is given the page itself, with the bar in it.
func (v *visit) outer(r *http.Request) bool {
	return v.acting() && v.app.Banner.Way == Framed && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// inner tells whether r fills a frame, where ours stands around.
func (v *visit) inner(r *http.Request) bool {
	return v.app.Banner.Way == Framed && v.place.label != "" && framed(r)
}

// settleBanner refuses what cannot be shown at the hosts that there are.
func (a *App) settleBanner() error {
	if a.Shared && a.Banner.Way == Framed {
		return stead.E(stead.Invalid, stead.ReasonRequest, "application %q: %s", a.ID, frameNeedsHost)
	}
	return nil
}
