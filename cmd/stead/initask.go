package main

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/steadhq/stead/internal/config"
)

// An asking is one question of stead init. Wrong says why an answer will not do; "" is that it will.
type asking struct {
	flag  string
	into  *string
	asks  string
	says  string // a line more, for whoever wonders
	wrong func(string) string
}

// interview asks what no flag has said. An answer that will not do is asked for again.
func (e *env) interview(b *beginning, said func(flag string) bool) error {
	fmt.Fprintln(e.err, "Five questions; Enter takes what stands in brackets. Everything can be changed later in "+b.file("stead.yaml")+".")
	number := 0
	for _, step := range b.steps() {
		number++
		for i, q := range step {
			if said(q.flag) || q.flag == "dsn-file" && b.driver != "postgres" || q.flag == "app-upstream" && b.appHost == "" {
				continue
			}
			mark := fmt.Sprintf("%d. ", number)
			if i > 0 {
				mark = "   "
			}
			if err := e.question(mark, q); err != nil {
				return err
			}
		}
		b.propose()
	}
	return nil
}

// propose lets an answer shape what is proposed next.
func (b *beginning) propose() {
	if b.gateway == "" {
		b.gateway = nextPort(b.listen)
	}
}

func (b *beginning) steps() [][]asking {
	b.public = cmp.Or(b.public, "http://"+b.listen)
	return [][]asking{
		{{"public-url", &b.public, "Address by which browsers reach Stead's own pages", "https://stead.example.com, with a certificate here or at a proxy before it", wrongOrigin}},
		{{"listen", &b.listen, "Where should Stead listen", "on loopback, a proxy on this machine reaches it and nobody else", wrongAddress},
			{"gateway", &b.gateway, "And the gateway, in front of the applications", "", wrongAddress}},
		{{"store", &b.driver, "Where is everything kept: embedded (one node) or postgres (any number)", "", wrongDriver},
			{"dsn-file", &b.dsn, "File with the connection string of PostgreSQL (mode 0600)", "", wrongSecret}},
		{{"app-host", &b.appHost, "Host of the first application, as people type it (empty: none yet)", "orders.example.com", func(string) string { return "" }},
			{"app-upstream", &b.appUpstream, "Where is it", "http://10.0.0.5:8080; see to it that nobody but Stead reaches it there", wrongUpstream}},
		{{"acting-hosts", &b.acting, "Domain for the hosts of mandates (empty: none)", "*.act.example.com, a wildcard entry in DNS that leads to the gateway; without it scripts of a page share what people's own pages have", wrongActing}},
	}
}

func (e *env) question(mark string, q asking) error {
	for range 5 {
		fmt.Fprintf(e.err, "%s%s\n", mark, q.asks)
		if q.says != "" {
			fmt.Fprintf(e.err, "   (%s)\n", q.says)
		}
		fmt.Fprintf(e.err, "   [%s] ", *q.into)
		line, err := readLine(e.in)
		if err != nil {
			return err
		}
		answer := cmp.Or(strings.TrimSpace(line), *q.into)
		why := q.wrong(answer)
		if why == "" {
			*q.into = answer
			return nil
		}
		fmt.Fprintf(e.err, "   That will not do: %s.\n", why)
	}
	return fail(exitUsage, "stead init --help", "no answer fits")
}

func wrongOrigin(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "it is an origin such as https://stead.example.com, without a path"
	}
	return ""
}

func wrongAddress(s string) string {
	if _, _, err := net.SplitHostPort(s); err != nil {
		return "it is an address such as 127.0.0.1:8420"
	}
	return ""
}

func wrongDriver(s string) string {
	if s != "embedded" && s != "postgres" {
		return "it is embedded or postgres"
	}
	return ""
}

func wrongSecret(file string) string {
	if _, err := config.Secret(file); err != nil {
		return err.Error()
	}
	return ""
}

func wrongUpstream(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "unix" || u.Host == "" && u.Path == "" {
		return "it is http://host:port, https://host:port or unix:///run/app.sock"
	}
	return ""
}

var domain = regexp.MustCompile(`^(\*\.)?([a-z0-9-]+\.)*[a-z0-9-]+(:[0-9]+)?$`)

func wrongActing(s string) string {
	if s != "" && !domain.MatchString(s) {
		return "it is a wildcard name such as *.act.example.com"
	}
	return ""
}
