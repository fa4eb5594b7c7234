package main

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
)

// file names a file of the folder of the configuration.
func (b *beginning) file(name string) string { return filepath.Join(b.dir, name) }

// text is the configuration: what was said, and what people look for next as comments. Every value is quoted, so that
// nothing that was typed becomes a key.
func (b *beginning) text() string {
	var t strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&t, format+"\n", args...) }
	w("# yaml-language-server: $schema=./stead.schema.json")
	w("# Every key there is: docs/reference/config.md, or stead config print. What is not here has a default that works.")
	w("version: 1\n\nserver:")
	w("  listen: %-32q # Stead's own pages and the API", b.listen)
	w("  gateway: %-31q # in front of the applications", b.gateway)
	w("  public_url: %-28q # how browsers reach Stead's own pages", b.public)
	if b.acting != "" {
		w("  acting_hosts: %-26q # a wildcard entry in DNS, and a certificate for it, that lead to the gateway", b.acting)
	} else {
		w("  # acting_hosts: \"*.act.example.com\"   # a host for every mandate: best kept apart from the applications' own domain")
	}
	w("  # tls: { cert: /etc/stead/tls.crt, key: /etc/stead/tls.key }   # read again when the files change")
	w("  # trusted_proxies: [127.0.0.1/32]   # whose X-Forwarded-For and -Proto are believed; nobody's, unless named")
	w("\nstore:\n  driver: %s\n  dir: %-35q # keep a copy of master.key elsewhere: without it nothing can be read", b.driver, b.data)
	if b.driver == "postgres" {
		w("  dsn_file: %q", b.dsn)
	}
	w("  # mirror: /mnt/other/stead.head   # on another disk: a store that was rolled back is noticed")
	w("\ndirectories:                  # where people are; the policy lets those of the group support in staff act for the group customers in customers")
	w("  - { id: staff, label: \"Staff\", realm: employees }\n  - { id: customers, label: \"Customers\", realm: customers }")
	w("\nroles:                        # which groups run Stead itself; the first administrator is put into the first one")
	w("  admin: [staff/admins]\n  security: [staff/security]\n  auditor: [staff/auditors]")
	w("\npolicies: { dir: %q }   # in force since stead init; change them there, then: stead policy stage", b.file("policies"))
	w("\n%s", b.apps())
	return t.String()
}

// apps is the first application. It has no rules yet: everything in it is a write, and refused to who only reads.
func (b *beginning) apps() string {
	if b.appHost == "" {
		return "# Applications behind the gateway: docs/reference/apps.md has the keys, examples/apps whole ones.\napps: []\n"
	}
	return fmt.Sprintf(`apps:                         # docs/reference/apps.md has the keys, examples/apps whole ones
  - id: %s
    host: %q
    upstream: %-28q # where nobody but Stead reaches it: it believes the headers it is sent
    # identity: { header: X-Remote-User }   # its own header for who is there, beside X-Stead-*
    privileged: [staff/admins, staff/security]   # nobody acts for them
    realms:
      - { id: all, path: /, acting: true }
    rules: []                   # what its requests mean; what no rule names is a write. Next: stead app learn
`, b.appID(), b.appHost, b.appUpstream)
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

// appID is the first label of its host: orders.
func (b *beginning) appID() string {
	host := b.appHost
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	first, _, _ := strings.Cut(strings.ToLower(host), ".")
	id := strings.Trim(notID.ReplaceAllString(first, "-"), "-")
	if id == "" || id[0] < 'a' {
		return "app"
	}
	return id
}
