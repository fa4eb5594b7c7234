package config

import (
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones must be known on machines without a zone database

	"github.com/steadhq/stead"
	"go.yaml.in/yaml/v3"
)

var short = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

var actingHosts = regexp.MustCompile(`\A\*(\.[a-z0-9-]+)+(:[1-9][0-9]{0,4})?\z`)

type checker struct{ problems []Problem }

func (k *checker) must(ok bool, path, format string, args ...any) {
	if !ok {
		k.problems = append(k.problems, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
	}
}

func (c *Config) validate() []Problem {
	k := &checker{}
	k.must(c.Version == 1, "version", "is %d: this Stead reads version 1", c.Version)
	enums(k, reflect.ValueOf(c).Elem(), "")
	c.Server.validate(k)
	k.must(c.Store.Dir != "", "store.dir", "is empty: name a folder")
	k.must((c.Store.Driver == "postgres") == (c.Store.DSN != ""), "store.dsn_file", "goes with store.driver: postgres, and with that alone")
	c.directories(k)
	c.terms(k)
	c.systems(k)
	c.resources(k)
	c.documents(k)
	c.issuers(k)
	for path, groups := range map[string][]string{"roles.admin": c.Roles.Admin, "roles.auditor": c.Roles.Auditor, "roles.security": c.Roles.Security} {
		for _, g := range groups {
			c.group(k, path, g)
		}
	}
	k.must(c.Roles.Level >= 1 && c.Roles.Level <= 2, "roles.level", "is %d: 1 is a password, 2 a second factor too", c.Roles.Level)
	k.must(c.Apps.Kind == 0 || c.Apps.Kind == yaml.SequenceNode, "apps", "must be a list")
	c.authzen(k)
	c.Agents.validate(k)
	c.segments(k)
	c.Notify.validate(k)
	if c.Server.ForwardAuth != "" {
		addr(k, "server.forward_auth", c.Server.ForwardAuth)
	}
	if c.Observability.Metrics != "" {
		addr(k, "observability.metrics", c.Observability.Metrics)
	}
	slices.SortFunc(k.problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	return k.problems
}

func (s *Server) validate(k *checker) {
	addr(k, "server.listen", s.Listen)
	addr(k, "server.gateway", s.Gateway)
	k.must(s.Listen != s.Gateway || strings.HasSuffix(s.Listen, ":0"), "server.gateway", "is the same address as server.listen: give each its own")
	k.must((s.TLS.Cert == "") == (s.TLS.Key == ""), "server.tls", "needs both cert and key, or neither")
	k.must(s.Acting == "" || actingHosts.MatchString(s.Acting), "server.acting_hosts", "%q is no wildcard name such as *.act.example.com", s.Acting)
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		k.must(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.User == nil && u.Fragment == "",
			"server.public_url", "%q is no origin such as https://stead.example.com", s.PublicURL)
		s.PublicURL = strings.TrimSuffix(s.PublicURL, "/")
	}
	for _, p := range s.TrustedProxies {
		_, err := netip.ParsePrefix(p)
		k.must(err == nil, "server.trusted_proxies", "%q is no network such as 10.0.0.0/8 or 127.0.0.1/32", p)
	}
}

func addr(k *checker, path, text string) {
	host, port, err := net.SplitHostPort(text)
	_, bad := net.LookupPort("tcp", port)
	k.must(err == nil && bad == nil && !strings.ContainsAny(host, " /"), path, "%q is no address such as 127.0.0.1:8420", text)
}

func (c *Config) directories(k *checker) {
	seen := map[string]bool{}
	for i, d := range c.Directories {
		path := fmt.Sprintf("directories[%d].id", i)
		k.must(short.MatchString(d.ID), path, "%q is no short name: small letters, digits and -, beginning with a letter", d.ID)
		k.must(!seen[d.ID], path, "%q is there twice", d.ID)
		seen[d.ID] = true
	}
}

func (c *Config) systems(k *checker) {
	seen := map[string]bool{}
	for i, s := range c.Systems {
		path := fmt.Sprintf("systems[%d]", i)
		k.must(short.MatchString(s.ID), path+".id", "%q is no short name: small letters, digits and -, beginning with a letter", s.ID)
		k.must(!seen[s.ID], path+".id", "%q is there twice", s.ID)
		k.must(s.Kind == "postgresql", path+".kind", "%q: there is one kind, postgresql", s.Kind)
		k.must(s.DSN != "", path+".dsn_file", "is missing: name the file with the connection string")
		seen[s.ID] = true
	}
}

func (a *Agents) validate(k *checker) {
	k.must(a.Run > 0 && a.Run <= 7*24*time.Hour, "agents.run", "is %s: an instance lives for more than nothing and at most 168h", a.Run)
	k.must(a.Instances >= 1, "agents.instances", "is %d: no agent could run", a.Instances)
	for i, t := range a.SPIFFE {
		at := fmt.Sprintf("agents.spiffe[%d]", i)
		k.must(t.Domain != "" && t.Domain == strings.ToLower(t.Domain) && !strings.ContainsAny(t.Domain, "/ :"), at+".trust_domain", "%q is no trust domain such as acme.example", t.Domain)
		k.must((t.File == "") != (t.URL == ""), at, "needs one of bundle_file and bundle_url")
		k.must(!slices.ContainsFunc(a.SPIFFE[:i], func(o Trust) bool { return o.Domain == t.Domain }), at+".trust_domain", "%q is there twice", t.Domain)
	}
	for i, t := range a.Attesters {
		at := fmt.Sprintf("agents.attesters[%d]", i)
		k.must(short.MatchString(t.ID), at+".id", "%q is no short name: small letters, digits and -, beginning with a letter", t.ID)
		k.must(t.Keys != "", at+".jwks_file", "is missing: name the file with its public keys")
		k.must(len(t.Agents) > 0, at+".agents", "is empty: name the agents that it speaks for")
		k.must(!slices.ContainsFunc(a.Attesters[:i], func(o Attester) bool { return o.ID == t.ID }), at+".id", "%q is there twice", t.ID)
	}
}

// issuers: each is another house, says with what it signs, for whom, and who its people are, each in one way.
func (c *Config) issuers(k *checker) {
	seen := map[string]bool{}
	for i, one := range c.Agents.Issuers {
		at := fmt.Sprintf("agents.issuers[%d]", i)
		u, err := url.Parse(one.Issuer)
		k.must(err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && !strings.ContainsAny(one.Issuer, "# \\") && (u.Scheme == "https" || stead.Loopback(one.Issuer)),
			at+".issuer", "%q is no https address without query and fragment", one.Issuer)
		k.must(one.Issuer != c.Server.Origin(), at+".issuer", "%q is this server itself: its own assertions are never taken here", one.Issuer)
		k.must(!seen[one.Issuer], at+".issuer", "%q is there twice", one.Issuer)
		k.must((one.File == "") != (one.URL == ""), at, "needs one of jwks_file and jwks_url")
		k.must(len(one.Agents) > 0 && !slices.Contains(one.Agents, ""), at+".agents", "is empty: name the agents that may show its assertions")
		k.must(one.Level >= 0 && one.Level <= 2, at+".level", "is %d: 1 is a password, 2 a second factor too", one.Level)
		seen[one.Issuer] = true
		one.people(k, at)
	}
}

func (one Issuer) people(k *checker, at string) {
	k.must(len(one.People) > 0, at+".people", "is empty: nobody would be meant")
	for i, p := range one.People {
		path := fmt.Sprintf("%s.people[%d]", at, i)
		directory, account, ok := strings.Cut(p.Account, "/")
		k.must(ok && short.MatchString(directory) && account != "", path+".account", "%q is no account: write directory/name", p.Account)
		k.must(p.Subject != "" && strings.HasSuffix(p.Subject, "*") == strings.HasSuffix(p.Account, "*"), path, "sub and account end in * both, or neither")
		k.must(strings.Count(p.Subject, "*") <= 1 && strings.Count(p.Account, "*") <= 1, path, "a * stands at the end alone")
		k.must(!strings.HasSuffix(p.Account, "*") || account == "*", path+".account", "%q: * is the whole name of the account", p.Account)
		for _, o := range one.People[:i] {
			a, b := strings.TrimSuffix(o.Subject, "*"), strings.TrimSuffix(p.Subject, "*")
			both := strings.HasSuffix(o.Subject, "*") && strings.HasSuffix(p.Subject, "*")
			k.must(o.Subject != p.Subject && !(both && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))), path+".sub", "%q and %q name the same subjects", o.Subject, p.Subject)
		}
	}
}

// segments: each is named once, and so is everything in them.
func (c *Config) segments(k *checker) {
	known, seen, placed := append(c.appIDs(), c.AuthZEN.Systems...), map[string]bool{}, map[string]bool{}
	for i, g := range c.Segments {
		path := fmt.Sprintf("segments[%d]", i)
		k.must(short.MatchString(g.ID), path+".id", "%q is no short name: small letters, digits and -, beginning with a letter", g.ID)
		k.must(!seen[g.ID], path+".id", "%q is there twice", g.ID)
		seen[g.ID] = true
		for _, id := range g.Systems {
			k.must(slices.Contains(known, id), path+".systems", "%q is no application and no system", id)
			k.must(!placed[id], path+".systems", "%q lies in another segment already", id)
			placed[id] = true
		}
	}
}

// resources: each has a name and an address of its own, and says whom it privileges.
func (c *Config) resources(k *checker) {
	seen := map[string]bool{}
	for i, r := range c.Resources {
		path := fmt.Sprintf("resources[%d]", i)
		k.must(short.MatchString(r.ID), path+".id", "%q is no short name: small letters, digits and -, beginning with a letter", r.ID)
		u, err := url.Parse(r.Address)
		plain := err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && !strings.ContainsAny(r.Address, "# \\") && !strings.HasSuffix(r.Address, "/")
		k.must(plain && (u.Scheme == "https" || stead.Loopback(r.Address)), path+".address", "%q is no https address without query, fragment and / at its end", r.Address)
		k.must(c.once(r.ID) && !seen[r.Address], path, "%q is there twice, or is an application", r.ID)
		k.must(r.Level >= 0 && r.Level <= 2, path+".level", "is %d: 1 is a password, 2 a second factor too", r.Level)
		r.House.validate(k, path+".house")
		for j, mark := range r.Privileged {
			if !strings.Contains(mark, "=") {
				c.group(k, fmt.Sprintf("%s.privileged[%d]", path, j), mark)
			}
		}
		seen[r.Address] = true
	}
}

func (h House) validate(k *checker, path string) {
	for i, client := range h.Clients {
		at := fmt.Sprintf("%s.clients[%d]", path, i)
		k.must(client.Agent != "" && client.ID != "", at, "needs agent and id")
		k.must(!slices.ContainsFunc(h.Clients[:i], func(o Client) bool { return o.Agent == client.Agent }), at+".agent", "%q is there twice", client.Agent)
	}
	k.must(len(h.Resources) == 0 || len(h.Clients) > 0, path+".clients", "is empty: nobody would get anything for it")
}

// documents: whose are read is named, and what such clients may ask for.
func (c *Config) documents(k *checker) {
	for _, host := range c.Documents.Hosts {
		u, err := url.Parse("https://" + host + "/x")
		k.must(err == nil && u.Host == host && host != "" && host == strings.ToLower(host) && !strings.ContainsAny(host, "*@ "), "client_documents.hosts", "%q is no host: small letters, with a port where it is not 443", host)
	}
	for _, n := range c.Documents.Networks {
		_, err := netip.ParsePrefix(n)
		k.must(err == nil, "client_documents.networks", "%q is no network such as 10.1.0.0/16", n)
	}
	k.must(len(c.Documents.Hosts) == 0 || len(c.Documents.Tasks) > 0, "client_documents.tasks", "is empty: such clients could ask for nothing")
	for i, t := range c.Documents.Tasks {
		path := fmt.Sprintf("client_documents.tasks[%d]", i)
		k.must(short.MatchString(t.ID), path+".id", "%q is no short name: small letters, digits and -, beginning with a letter", t.ID)
		k.must(t.Purpose != "", path+".purpose", "is missing: people read it")
		k.must(slices.ContainsFunc(c.Resources, func(r Resource) bool { return r.ID == t.Resource }), path+".resource", "%q is none of resources", t.Resource)
		k.must(len(t.Reads) > 0 && !slices.Contains(t.Reads, ""), path+".reads", "is empty: it could look at nothing")
		k.must(t.Length >= 0, path+".length", "is less than nothing")
	}
}

// once: nothing else that is decided about has this name.
func (c *Config) once(id string) bool {
	n := 0
	for _, other := range c.appIDs() {
		if other == id {
			n++
		}
	}
	return n == 1
}

// group must be directory/group, of a directory that is there where any is named.
func (c *Config) group(k *checker, path, g string) {
	dir, name, ok := strings.Cut(g, "/")
	k.must(ok && dir != "" && name != "", path, "%q does not say of which directory: write directory/group", g)
	known := slices.ContainsFunc(c.Directories, func(d Directory) bool { return d.ID == dir })
	k.must(!ok || known || len(c.Directories) == 0, path, "%q: there is no directory %q", g, dir)
}

func (c *Config) terms(k *checker) {
	a := &c.Acting
	for path, d := range map[string]time.Duration{
		"sessions.idle": c.Sessions.Idle, "sessions.absolute": c.Sessions.Absolute, "acting.default_duration": a.DefaultDuration,
		"acting.max_duration": a.MaxDuration, "acting.start_window": a.StartWindow, "acting.ask_window": a.AskWindow,
		"acting.arm_for": a.ArmFor, "acting.fresh": a.Fresh,
	} {
		k.must(d > 0, path, "is %s: it must be more than nothing", d)
	}
	k.must(c.Sessions.Idle <= c.Sessions.Absolute, "sessions.idle", "is longer than sessions.absolute")
	k.must(a.DefaultDuration <= a.MaxDuration, "acting.default_duration", "is longer than acting.max_duration")
	k.must(a.WarnBefore < a.DefaultDuration, "acting.warn_before", "is not shorter than acting.default_duration: the heads-up would come at once")
	k.must(a.PerActor >= 1, "acting.per_actor", "is 0: nobody could act")
	zone, err := time.LoadLocation(a.Zone)
	k.must(err == nil && a.Zone != "Local", "acting.zone", "%q is no time zone such as Europe/Berlin", a.Zone)
	a.zone = zone
	for i, t := range c.Timers {
		path := fmt.Sprintf("timers[%d]", i)
		k.must(t.App != "" || t.Realm != "" || t.Group != "", path, "is for nothing in particular: set acting instead, or name app, realm or group")
		k.must(t.Realm == "" || t.App != "", path, "names a realm without its app")
		if t.Group != "" {
			c.group(k, path+".group", t.Group)
		}
	}
}

// enums checks the fields that have a closed list.
func enums(k *checker, v reflect.Value, path string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		at := join(path, f.Tag.Get("yaml"))
		switch {
		case f.Tag.Get("yaml") == "" || f.Type == reflect.TypeFor[yaml.Node]():
		case f.Type.Kind() == reflect.Struct:
			enums(k, v.Field(i), at)
		case f.Tag.Get("enum") != "":
			known := strings.Split(f.Tag.Get("enum"), ",")
			k.must(slices.Contains(known, v.Field(i).String()), at, "is %q: it may be %s", v.Field(i).String(), strings.Join(known, " or "))
		}
	}
}

func missing(file string, err error) error {
	return stead.E(stead.Missing, stead.ReasonRequest, "the secret in %s cannot be read: %s", file, err.Error())
}

func open(file string, mode fs.FileMode) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, "%s can be read by others (%o): chmod 600 it, and change the secret if others may have seen it", file, mode)
}
