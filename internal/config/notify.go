package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// told is what a channel may be told of.
func told() []string {
	return []string{"asked", "reminder", "escalated", "approved", "refused", "expired", "started", "ended"}
}

func (n *Notify) validate(k *checker) {
	k.must(n.GiveUp >= time.Minute, "notify.give_up", "is %s: a server that is started again needs a minute", n.GiveUp)
	seen := map[string]bool{}
	for i, c := range n.Channels {
		at := fmt.Sprintf("notify.channels[%d]", i)
		k.must(c.ID != "" && len(c.ID) <= 64 && c.ID != "subject", at+".id", "%q is no name for a channel: write mail, or \"#security\" as policy's @notify has it", c.ID)
		k.must(!seen[c.ID], at+".id", "%q is there twice", c.ID)
		seen[c.ID] = true
		for _, t := range c.Tell {
			k.must(slices.Contains(told(), t), at+".tell", "%q is nothing to be told%s", t, DidYouMean(t, told()))
		}
		c.validate(k, at)
	}
}

func (c Channel) validate(k *checker, at string) {
	of := map[string][]string{"email": {"server", "from", "username", "password_file", "tls"}, "webhook": {"url", "secret_file", "tell"}, "slack": {"url_file", "tell"}}
	k.must(of[c.Kind] != nil, at+".kind", "is %q: it may be email, webhook or slack", c.Kind)
	for name, set := range map[string]bool{"server": c.Server != "", "from": c.From != "", "username": c.Username != "", "password_file": c.PasswordFile != "", "tls": c.TLS != "",
		"url": c.URL != "", "secret_file": c.SecretFile != "", "url_file": c.URLFile != "", "tell": len(c.Tell) > 0} {
		k.must(!set || of[c.Kind] == nil || slices.Contains(of[c.Kind], name), at+"."+name, "is nothing that a channel of kind %s has", c.Kind)
	}
	switch c.Kind {
	case "email":
		host, port, err := net.SplitHostPort(c.Server)
		n, no := strconv.Atoi(port)
		k.must(err == nil && no == nil && host != "" && n > 0 && n < 1<<16, at+".server", "%q is no server such as mail.example.com:587", c.Server)
		a, err := mail.ParseAddress(c.From)
		k.must(err == nil && a.Name == "" && a.Address == c.From, at+".from", "%q is no address such as stead@example.com", c.From)
		k.must(slices.Contains([]string{"", "starttls", "tls", "none"}, c.TLS), at+".tls", "is %q: it may be starttls, tls or none", c.TLS)
		k.must(c.TLS != "none" || loopback(host), at+".tls", "none is for a server on this machine: mail would travel open to %s", host)
		k.must((c.Username == "") == (c.PasswordFile == ""), at+".password_file", "goes with username, and with that alone")
	case "webhook":
		k.must(Reachable(c.URL), at+".url", "%q is no https address (http is for this machine alone)", c.URL)
		k.must(c.SecretFile != "", at+".secret_file", "is missing: openssl rand -base64 32 makes a secret; the receiver needs the same")
	case "slack":
		k.must(c.URLFile != "", at+".url_file", "is missing: name the file with the address of the incoming webhook")
	}
}

// Reachable tells whether messages may be sent to an address: https, or http on this machine.
func Reachable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.User == nil && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
