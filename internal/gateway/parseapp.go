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

func hosts(f appFile, a *App, at where) error {
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

func upstream(f appFile, a *App, at where) error {
	a.Reach = Reach{CAFile: f.UpstreamCA, Name: f.UpstreamName, Connect: f.Timeouts.Connect, Answer: f.Timeouts.Answer, Idle: f.Timeouts.Idle}
	if a.Forward = f.ForwardAuth; a.Forward {
		if f.Upstream != "" || a.Reach != (Reach{}) || f.Origin == "own" {
			return at.in("forward_auth").wrong("forward_auth: the proxy reaches the application, so it has no upstream here, and no host for each mandate")
		}
		a.Upstream, a.Shared, a.OriginSaid = &url.URL{Scheme: "http", Host: socketHost}, true, true
		return nil
	}
	u, err := url.Parse(f.Upstream)
	switch {
	case err != nil:
		return at.in("upstream").wrong("upstream: %s", err)
	case a.Reach.Connect < 0 || a.Reach.Answer < 0 || a.Reach.Idle < 0:
		return at.in("timeouts").wrong("timeouts: none is below 0")
	case u.Scheme == "unix" && strings.HasPrefix(f.Upstream, "unix:///") && u.RawQuery == "" && u.Fragment == "":
		a.Reach.Socket, u = u.Path, &url.URL{Scheme: "http", Host: socketHost}
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return at.in("upstream").wrong("upstream %q: give it as http://host:port, https://host:port or unix:///path", f.Upstream)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil || u.Fragment != "":
		return at.in("upstream").wrong("upstream %q: a scheme and a host, nothing else", f.Upstream)
	}
	if u.Scheme != "https" && (a.Reach.CAFile != "" || a.Reach.Name != "") {
		return at.in("upstream").wrong("upstream_ca_file and upstream_name are about TLS: upstream %q has none", f.Upstream)
	}
	u.Path = ""
	a.Upstream = u
	return nil
}

func allows(f appFile, _ *App, at where) error {
	for _, t := range f.TargetAllows {
		if !slices.Contains([]string{"//", ";", "%2f"}, strings.ToLower(t)) {
			return at.in("target_allows").wrong(`target_allows %q: "//", ";" and "%%2f" are known`, t)
		}
	}
	return nil
}

func origins(f appFile, a *App, at where) error {
	if f.Origin != "" && f.Origin != "own" && f.Origin != "shared" {
		return at.in("origin").wrong("origin %q: own or shared", f.Origin)
	}
	a.Shared, a.OriginSaid = f.Origin == "shared" || a.Forward, f.Origin != "" || a.Forward
	return nil
}

func realms(f appFile, a *App, at where) error {
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

func rules(f appFile, a *App, at where) error {
	seen := map[string]bool{}
	for i, rf := range f.Rules {
		here := at.in("rules").in(i)
		if rf.ID == "" || rf.ID == DefaultRule || seen[rf.ID] {
			return here.wrong("rule %d needs an id of its own", i+1)
		}
		seen[rf.ID] = true
		switch {
		case rf.Page.Header != "" && rf.Is != "":
			return here.in("page").wrong("page is a note of its own: a rule has either page or is")
		case rf.Page.Header != "" && !httpguts.ValidHeaderFieldName(rf.Page.Header):
			return here.in("page").wrong("page header %q is no header name", rf.Page.Header)
		case rf.Page.Header != "":
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
