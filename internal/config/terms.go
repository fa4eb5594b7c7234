package config

import (
	"bytes"
	"net/netip"
	"net/url"
	"time"

	"github.com/steadhq/stead"
)

// Terms are the terms of acting in general.
func (a Acting) Terms() stead.Terms {
	return stead.Terms{
		Default: a.DefaultDuration, Max: a.MaxDuration, Extensions: a.Extensions, Total: a.Total, Idle: a.Idle,
		StartWindow: a.StartWindow, AskWindow: a.AskWindow, Fresh: a.Fresh, PerActor: a.PerActor,
	}
}

// Location is the time zone of the organisation.
func (a Acting) Location() *time.Location {
	if a.zone == nil {
		return time.UTC
	}
	return a.zone
}

// Terms are those members that the timer changes.
func (t Timer) Terms() stead.Terms {
	return stead.Terms{
		Default: t.DefaultDuration, Max: t.MaxDuration, Extensions: t.Extensions, Total: t.Total, Idle: t.Idle,
		StartWindow: t.StartWindow, AskWindow: t.AskWindow, Fresh: t.Fresh, PerActor: t.PerActor,
	}
}

// Proxies are the networks that are believed.
func (s Server) Proxies() []netip.Prefix {
	var all []netip.Prefix
	for _, p := range s.TrustedProxies {
		if n, err := netip.ParsePrefix(p); err == nil {
			all = append(all, n.Masked())
		}
	}
	return all
}

// Origin is how browsers reach Stead's own pages.
func (s Server) Origin() string {
	switch {
	case s.PublicURL != "":
		return s.PublicURL
	case s.TLS.Cert != "":
		return "https://" + s.Listen
	}
	return "http://" + s.Listen
}

// LogOrigin is the name of the log in checkpoints.
func (c Config) LogOrigin() string {
	if c.Audit.Origin != "" {
		return c.Audit.Origin
	}
	u, err := url.Parse(c.Server.Origin())
	if err != nil {
		return "stead/log"
	}
	return u.Host + "/log"
}

// AppsText is the part of the file about applications, on the lines where it stands, so that whoever reads it can
// name them.
func (c Config) AppsText() []byte {
	if c.Apps.Kind == 0 {
		return nil
	}
	var out [][]byte
	inside := false
	for line := range bytes.SplitSeq(c.text, []byte("\n")) {
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' && line[0] != '#' && line[0] != '-' && line[0] != '\r' {
			inside = bytes.HasPrefix(line, []byte("apps:"))
		}
		if !inside {
			line = nil
		}
		out = append(out, line)
	}
	return bytes.Join(out, []byte("\n"))
}
