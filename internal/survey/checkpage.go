package survey

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// policies are the kinds of Content-Security-Policy and whether the indicator fits.
func policies(_ *Visitor, l look) []Finding {
	kinds := map[string]bool{}
	for _, a := range l.answers {
		if a.isHTML() {
			for _, line := range a.Header["Content-Security-Policy"] {
				kinds[policyKind(line)] = true
			}
		}
	}
	var out []Finding
	for _, p := range l.pages {
		for _, m := range p.metas {
			if k := policyKind(m); k != "open" {
				kinds["in a meta element: "+k] = true
			}
		}
	}
	out = append(out, bannerWay(kinds))
	if len(kinds) == 0 {
		return append(out, Finding{"policy", OK, "no Content-Security-Policy: the indicator fits", ""})
	}
	for _, k := range sorted(kinds) {
		switch {
		case strings.HasPrefix(k, "in a meta"):
			out = append(out, Finding{"policy", Note, k + ": the indicator goes in before it; its form may be refused, its link is not", ""})
		case strings.Contains(k, "sandbox without scripts"):
			out = append(out, Finding{"policy", Note, k + ": the bar is there, but does not count down or cover the page by itself", ""})
		default:
			out = append(out, Finding{"policy", OK, k + ": the indicator fits", ""})
		}
	}
	return out
}

// bannerWay tells which way of the banner fits.
func bannerWay(kinds map[string]bool) Finding {
	for k := range kinds {
		if strings.Contains(k, "sandbox without scripts") {
			return Finding{"banner", Hint, "frame fits: a sandbox lets no script of the bar's run in its pages, and stays as it is", "banner: { csp: frame }"}
		}
	}
	return Finding{"banner", OK, "rewrite fits: the bar goes into its pages", ""}
}

func policyKind(policy string) string {
	p := strings.ToLower(policy)
	var kinds []string
	for _, one := range []struct{ sign, kind string }{
		{"'strict-dynamic'", "strict-dynamic"}, {"'nonce-", "nonce"}, {"'sha", "hash"}, {"require-trusted-types-for", "trusted types"},
		{"script-src 'none'", "no scripts"}, {"form-action", "form-action"}, {"frame-ancestors", "frame-ancestors"},
	} {
		if strings.Contains(p, one.sign) {
			kinds = append(kinds, one.kind)
		}
	}
	if strings.Contains(p, "sandbox") {
		if strings.Contains(p, "allow-scripts") {
			kinds = append(kinds, "sandbox")
		} else {
			kinds = append(kinds, "sandbox without scripts")
		}
	}
	if len(kinds) == 0 && (strings.Contains(p, "script-src") || strings.Contains(p, "default-src")) {
		return "sources"
	}
	if len(kinds) == 0 {
		return "open"
	}
	return strings.Join(kinds, ", ")
}

// cookies are those that the application sets, and whether a script of its own speaks of them.
func cookies(_ *Visitor, l look) []Finding {
	scripts := l.scripts()
	var names, read []string
	out := []Finding{}
	for _, a := range l.answers {
		for _, c := range (&http.Response{Header: a.Header}).Cookies() {
			switch {
			case slices.Contains(names, c.Name):
				continue
			case !c.HttpOnly && strings.Contains(scripts, "document.cookie") && strings.Contains(scripts, c.Name):
				read = append(read, c.Name)
			}
			names = append(names, c.Name)
			mark := "a script may read it"
			if c.HttpOnly {
				mark = "HttpOnly"
			}
			out = append(out, Finding{"cookies", OK, "sets " + c.Name + " (" + mark + "): it stays in the jar", ""})
		}
	}
	for _, m := range writesCookie.FindAllStringSubmatch(scripts, -1) {
		if !slices.Contains(read, m[1]) {
			read = append(read, m[1])
		}
	}
	if len(read) > 0 {
		out = append(out, Finding{"cookies", Hint, "its scripts speak of " + strings.Join(read, ", "), "script_cookies: [" + strings.Join(each(read, plain), ", ") + "]"})
	}
	return out
}

// writesCookie finds a cookie that a script sets under a name that stands there.
var writesCookie = regexp.MustCompile("document\\.cookie\\s*=\\s*[\"'`]([\\w.-]+)=")

// scripts is the text of all scripts that were seen.
func (l look) scripts() string {
	var b strings.Builder
	for _, p := range l.pages {
		b.WriteString(p.scripts)
	}
	for _, a := range l.answers {
		if strings.Contains(a.kind(), "javascript") {
			b.Write(a.Body)
		}
	}
	return b.String()
}

// leaving are redirects and links to other hosts.
func leaving(_ *Visitor, l look) []Finding {
	hosts := map[string]bool{}
	var out []Finding
	for _, a := range l.answers {
		if a.Leaves != "" {
			out = append(out, Finding{"redirects", Hint, a.Target + " leads to " + a.Leaves + ": refused while somebody acts", "hosts: [" + hostOf(a.Leaves) + "]  # if that host is its own"})
		}
	}
	for _, p := range l.pages {
		for _, to := range p.leaves {
			hosts[hostOf(to)] = true
		}
	}
	if len(hosts) > 0 {
		out = append(out, Finding{"links", Note, "its pages speak of " + strings.Join(sorted(hosts), ", "), "hosts: […]  # those that are its own"})
	}
	if len(out) == 0 {
		out = append(out, Finding{"redirects", OK, "nothing leads elsewhere", ""})
	}
	return out
}

// ownName tells where the application writes the hosts it is at.
func ownName(v *Visitor, l look) []Finding {
	told, upstream := 0, 0
	for _, a := range l.answers {
		if !a.isText() {
			continue
		}
		body := string(a.Body)
		told += strings.Count(body, "//"+v.Host)
		if v.At.Host != v.Host {
			upstream += strings.Count(body, v.At.Host)
		}
	}
	switch {
	case upstream > 0:
		return []Finding{{"own name", Bad, fmt.Sprintf("it writes %s %d times, which no browser reaches: tell it its public name", v.At.Host, upstream), "host: " + v.Host}}
	case told > 0:
		return []Finding{{"own name", OK, fmt.Sprintf("it writes its host %d times: mapped to that of the mandate", told), ""}}
	}
	return []Finding{{"own name", OK, "it writes no host into its pages", ""}}
}

func workers(_ *Visitor, l look) []Finding {
	registers := strings.Contains(l.scripts(), "serviceWorker.register")
	for _, a := range l.answers {
		registers = registers || a.Header.Get("Service-Worker-Allowed") != ""
	}
	if registers {
		return []Finding{{"service worker", Note, "it registers one: refused while somebody acts, so give it an origin of the mandate's own", "origin: own"}}
	}
	return nil
}

func clears(_ *Visitor, l look) []Finding {
	for _, a := range l.answers {
		if text := a.Header.Get("Clear-Site-Data"); text != "" {
			return []Finding{{"clear-site-data", Note, a.Target + " sends " + text + ": not passed on", "origin: own"}}
		}
	}
	return nil
}

func fragments(_ *Visitor, l look) []Finding {
	var parts []string
	for _, a := range l.answers {
		if a.isHTML() && a.Status == http.StatusOK && len(a.Body) > 0 && !whole.Match(a.Body) {
			parts = append(parts, a.Target)
		}
	}
	if len(parts) > 0 {
		return []Finding{{"fragments", Note, "HTML without html or body: " + strings.Join(parts, ", ") + "; the indicator goes into whole pages only", ""}}
	}
	return nil
}

var whole = regexp.MustCompile(`(?i)<(html|head|body)\b`)
