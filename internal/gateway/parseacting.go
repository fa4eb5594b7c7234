package gateway

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/steadhq/stead/internal/web"
	"golang.org/x/net/http/httpguts"
)

// browsers reads what passes between an acting browser and the application beside pages.
func browsers(f appFile, a *App, at where) error {
	for i, c := range f.ScriptCookies {
		if !httpguts.ValidHeaderFieldName(c) { // a glob over tokens is one itself
			return at.in("script_cookies").in(i).wrong("script_cookies %q is no cookie name", c)
		}
	}
	a.ScriptCookies = f.ScriptCookies
	for i, text := range f.Reaches {
		u, err := url.Parse(text)
		if err != nil || !slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) || web.CheckHost(u.Host) != nil || u.Scheme+"://"+u.Host != text {
			return at.in("reaches").in(i).wrong("reaches %q is no origin such as https://maps.example.net", text)
		}
	}
	a.Reaches = f.Reaches
	for i, what := range f.Browser.Replay {
		name, isCookie := strings.CutPrefix(what, "cookie:")
		if !isCookie {
			what = strings.ToLower(what)
		}
		if what != "accept-language" && !(isCookie && httpguts.ValidHeaderFieldName(name)) {
			return at.in("browser").in("replay").in(i).wrong("replay %q: accept-language or cookie:NAME", what)
		}
		a.Replay = append(a.Replay, what)
	}
	if f.FirstVisit != "" && !slices.Contains([]string{"refuse", "warn", "allow"}, f.FirstVisit) {
		return at.in("first_visit").wrong("first_visit %q: refuse, warn or allow", f.FirstVisit)
	}
	if f.Capture.Clicks && (a.Forward || a.Banner.Way != Rewrite) {
		return at.in("capture").in("clicks").wrong("capture clicks: only a script of ours in the page sees them, and here none is put there: banner csp: rewrite does")
	}
	a.FirstVisit, a.Clicks = f.FirstVisit, f.Capture.Clicks
	return nil
}

func whoami(f appFile, a *App, at where) error {
	here := at.in("whoami")
	if !here.said() {
		return nil
	}
	w := Whoami{In: f.Whoami.In, Fold: f.Whoami.Fold}
	if w.In == "" {
		w.In = "html"
	}
	var err error
	switch w.Match, err = regexp.Compile(f.Whoami.Match); {
	case f.Whoami.Match == "":
		return here.wrong("whoami needs match")
	case err != nil:
		return here.in("match").wrong("whoami: %s", err)
	case w.Match.NumSubexp() != 1:
		return here.in("match").wrong("whoami: match has %d groups; one is needed, the name", w.Match.NumSubexp())
	case w.In != "html" && w.In != "json":
		return here.in("in").wrong("whoami in %q: html or json", w.In)
	case !slices.Contains([]string{"", "lower", "upper", "first-upper"}, w.Fold):
		return here.in("fold").wrong("whoami fold %q: lower, upper or first-upper", w.Fold)
	}
	a.Whoami = &w
	return nil
}

func secrets(f appFile, a *App, at where) error {
	for i, text := range f.Secrets {
		here := at.in("secrets").in(i)
		grouped, err := keep(text)
		if err != nil {
			return here.wrong("secret %q: %s", text, err)
		}
		re, err := regexp.Compile(grouped)
		switch {
		case err != nil:
			return here.wrong("secret %q: %s", text, err)
		case re.NumSubexp() > 1:
			return here.wrong(`secret %q: one group at most, or \K, says what is hidden`, text)
		case re.MatchString(""):
			return here.wrong("secret %q matches nothing at all, so it would be found everywhere", text)
		}
		a.Secrets = append(a.Secrets, re)
	}
	return nil
}

// keep writes what follows \K, which RE2 does not know, as a group: only that is hidden.
func keep(re string) (string, error) {
	depth, class, at, alternates := 0, false, -1, false
	for i := 0; i < len(re); i++ {
		switch c := re[i]; {
		case c == '\\' && i+1 < len(re) && re[i+1] == 'Q':
			return keptQuoted(re)
		case c == '\\' && i+1 < len(re) && re[i+1] == 'K' && !class:
			if at >= 0 || depth > 0 {
				return "", fmt.Errorf(`\K stands once, and in no group`)
			}
			at, i = i, i+1
		case c == '\\':
			i++
		case class && strings.HasPrefix(re[i:], "[:"):
			i += max(0, strings.Index(re[i:], ":]")) + 1
		case class:
			class = c != ']'
		case c == '[':
			class = true
			if strings.HasPrefix(re[i+1:], "^") {
				i++
			}
			if strings.HasPrefix(re[i+1:], "]") { // first in a class it is itself
				i++
			}
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			alternates = true
		}
	}
	switch {
	case at < 0:
		return re, nil
	case alternates:
		return "", fmt.Errorf(`\K goes with no "|" outside of a group`)
	}
	return re[:at] + "(" + re[at+2:] + ")", nil
}

func keptQuoted(re string) (string, error) {
	if strings.Contains(re, `\K`) {
		return "", fmt.Errorf(`\K goes with no \Q`)
	}
	return re, nil
}

func atEnd(f appFile, a *App, at where) error {
	here := at.in("at_end")
	if !here.said() {
		return nil
	}
	if len(f.AtEnd) == 0 {
		return here.wrong("at_end needs a step, such as { get: /logout }")
	}
	var err error
	a.AtEnd, err = f.AtEnd.steps(here, a.Allows)
	return err
}

// unmatched reads what becomes of requests that no rule matches.
func unmatched(f appFile, a *App, at where) error {
	because := strings.TrimSpace(f.Because)
	switch {
	case f.Default != "" && f.Default != "write" && f.Default != "by-method":
		return at.in("default").wrong("default %q: write or by-method", f.Default)
	case f.Default == "by-method" && because == "":
		return at.in("default").wrong("default by-method needs because: who looked at what, so that a GET that writes is known")
	case f.Default != "by-method" && at.in("because").said():
		return at.in("because").wrong("because goes with default: by-method")
	}
	a.ByMethod = because
	return nil
}
