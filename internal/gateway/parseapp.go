package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
	"golang.org/x/net/http/httpguts"
)

func hosts(f appFile, a *App, at place) error {
	if f.Host != "" {
		a.Hosts = append(a.Hosts, f.Host)
	}
	a.Hosts = append(a.Hosts, f.Hosts...)
	if len(a.Hosts) == 0 {
		return at.wrong("application %q needs a host", f.ID)
	}
	for i, h := range a.Hosts {
		if err := web.CheckHost(h); err != nil {
			return at.in("host").wrong("host %q: %s", h, err)
		}
		a.Hosts[i] = strings.ToLower(h)
	}
	return nil
}

func upstream(f appFile, a *App, at place) error {
	u, err := url.Parse(f.Upstream)
	switch {
	case err != nil:
		return at.in("upstream").wrong("upstream: %s", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return at.in("upstream").wrong("upstream %q: give it as http://host:port", f.Upstream)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil || u.Fragment != "":
		return at.in("upstream").wrong("upstream %q: a scheme and a host, nothing else", f.Upstream)
	}
	u.Path = ""
	a.Upstream = u
	return nil
}

func allows(f appFile, _ *App, at place) error {
	for _, t := range f.TargetAllows {
		if !slices.Contains([]string{"//", ";", "%2f"}, strings.ToLower(t)) {
			return at.in("target_allows").wrong(`target_allows %q: "//", ";" and "%%2f" are known`, t)
		}
	}
	return nil
}

func identity(f appFile, a *App, at place) error {
	if f.Identity.Header != "" {
		a.Headers = append(a.Headers, Header{f.Identity.Header, "{subject.name}"})
	}
	for name, text := range f.Identity.Headers {
		a.Headers = append(a.Headers, Header{name, text})
	}
	slices.SortFunc(a.Headers, func(x, y Header) int { return strings.Compare(x.Name, y.Name) })
	folded := map[string]bool{}
	for _, h := range a.Headers {
		known := web.FoldHeader(h.Name)
		switch err := checkTemplate(h.Text); {
		case !httpguts.ValidHeaderFieldName(h.Name) || known == "":
			return at.in("identity").wrong("identity header %q is no header name", h.Name)
		case strings.HasPrefix(known, "xstead") || slices.ContainsFunc(transport, func(t string) bool { return web.FoldHeader(t) == known }):
			return at.in("identity").wrong("identity header %q is not free", h.Name)
		case folded[known]:
			return at.in("identity").wrong("identity header %q is given twice", h.Name)
		case err != nil:
			return at.in("identity").wrong("identity header %q: %s", h.Name, err)
		}
		folded[known] = true
	}
	return nil
}

// transport are names that carry the message itself.
var transport = []string{
	"Host", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Cookie", "TE", "Trailer", "Content-Type",
	"Keep-Alive", "Proxy-Connection", "Origin", "Referer", "Accept-Encoding", "Expect",
}

func realms(f appFile, a *App, at place) error {
	for i, r := range f.Realms {
		here := at.in("realms").in(i)
		kind := stead.RealmKind(r.Kind)
		switch {
		case r.ID == "" || !strings.HasPrefix(r.Path, "/"):
			return here.wrong("a realm needs an id and a path that begins with /")
		case kind != stead.Ordinary && kind != stead.Communications && kind != stead.SubjectOnly:
			return here.wrong("realm kind %q: communications or subject-only, or none", r.Kind)
		case slices.ContainsFunc(a.Realms, func(o stead.Realm) bool { return string(o.ID) == r.ID || o.Path == r.Path }):
			return here.wrong("realm %q stands here twice", r.ID)
		}
		a.Realms = append(a.Realms, stead.Realm{ID: stead.RealmID(r.ID), Path: r.Path, Kind: kind, Level: r.Level,
			Idle: r.Idle, Absolute: r.Absolute, Acting: r.Acting, ActorLevel: r.ActorLevel})
	}
	return nil
}

func rules(f appFile, a *App, at place) error {
	seen := map[string]bool{}
	for i, rf := range f.Rules {
		here := at.in("rules").in(i)
		if rf.ID == "" || rf.ID == DefaultRule || seen[rf.ID] {
			return here.wrong("rule %d needs an id of its own", i+1)
		}
		seen[rf.ID] = true
		if rf.Page.Header != "" {
			a.Title = http.CanonicalHeaderKey(rf.Page.Header)
			continue
		}
		r, err := rf.rule(here)
		if err != nil {
			return err
		}
		a.Rules = append(a.Rules, r)
	}
	return nil
}
