package gateway

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// maxCookie is what browsers keep of one cookie, name and value together (RFC 6265bis 5.7). What is longer they drop.
const maxCookie = 4096

// A cookie is one of an application's, as a browser would keep it (RFC 6265 5.3).
type cookie struct {
	name, value string
	domain      string // without a dot before it for that host alone, else ".example.com" for all below
	path        string
	until       time.Time // zero: as long as the browser runs
	made        time.Time
	strict      bool // SameSite=Strict
}

// readCookie reads a Set-Cookie line that host sent in answer to a request for path. It is not ok when a browser would
// keep nothing of it.
func readCookie(line, host, path string, now time.Time) (c cookie, ok bool) {
	pair, rest, _ := strings.Cut(line, ";")
	name, value, named := strings.Cut(pair, "=")
	c = cookie{name: trim(name), value: trim(value), made: now, domain: host, path: defaultPath(path)}
	if !named || c.name == "" || len(c.name)+len(c.value) > maxCookie || strings.ContainsFunc(line, control) {
		return c, false
	}
	aged := false
	for attr := range strings.SplitSeq(rest, ";") {
		key, text, _ := strings.Cut(attr, "=")
		text = trim(text)
		switch strings.ToLower(trim(key)) {
		case "expires":
			if t, known := cookieDate(text); known && !aged {
				c.until = t
			}
		case "max-age":
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				c.until, aged = now.Add(time.Duration(min(max(n, 0), 400*24*3600))*time.Second), true
			}
		case "domain":
			if c.domain = host; strings.Trim(text, ".") != "" {
				c.domain = "." + strings.ToLower(strings.TrimPrefix(text, "."))
			}
		case "path":
			if c.path = defaultPath(path); strings.HasPrefix(text, "/") && len(text) <= 1024 {
				c.path = text
			}
		case "samesite":
			c.strict = strings.EqualFold(text, "strict")
		}
	}
	return c, c.settleDomain(host)
}

// settleDomain keeps to one host what names it, and refuses what reaches further than host may.
func (c *cookie) settleDomain(host string) bool {
	wide, isWide := strings.CutPrefix(c.domain, ".")
	suffix, _ := publicsuffix.PublicSuffix(wide)
	switch _, err := netip.ParseAddr(host); {
	case !isWide:
		return true
	case wide == host && (err == nil || suffix == wide):
		c.domain = host
		return true
	case err == nil || suffix == wide:
		return false
	}
	return c.reaches(host)
}

// reaches tells whether the cookie is for host (RFC 6265 5.1.3).
func (c cookie) reaches(host string) bool {
	wide, isWide := strings.CutPrefix(c.domain, ".")
	return host == wide || isWide && strings.HasSuffix(host, c.domain)
}

// under tells whether the cookie is for path (RFC 6265 5.1.4).
func (c cookie) under(path string) bool {
	below, ok := strings.CutPrefix(path, c.path)
	return ok && (below == "" || strings.HasSuffix(c.path, "/") || below[0] == '/')
}

func (c cookie) over(now time.Time) bool { return !c.until.IsZero() && !now.Before(c.until) }

// same tells whether one of the two takes the place of the other.
func (c cookie) same(d cookie) bool {
	return c.name == d.name && c.domain == d.domain && c.path == d.path
}

// inOrder is how a browser sends cookies: longer paths first, and among equals the elder (RFC 6265 5.4).
func inOrder(list []cookie) []cookie {
	slices.SortStableFunc(list, func(c, d cookie) int {
		return cmp.Or(cmp.Compare(len(d.path), len(c.path)), c.made.Compare(d.made))
	})
	return list
}

// defaultPath is the folder of a request's path.
func defaultPath(path string) string {
	if at := strings.LastIndexByte(path, '/'); at > 0 && path[0] == '/' {
		return path[:at]
	}
	return "/"
}

// cookieDate reads the forms in which dates of cookies are met.
func cookieDate(s string) (time.Time, bool) {
	for _, form := range []string{http.TimeFormat, time.RFC1123, "Mon, 02-Jan-2006 15:04:05 MST", time.RFC850, time.ANSIC, time.RFC1123Z} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func trim(s string) string { return strings.Trim(s, " \t") }

func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// pairs are the cookies that a browser sends, each as it stands.
func pairs(h http.Header) (list []pair) {
	for _, line := range h["Cookie"] {
		for text := range strings.SplitSeq(line, ";") {
			name, value, named := strings.Cut(text, "=")
			if name = trim(name); named && name != "" {
				list = append(list, pair{name, trim(value)})
			}
		}
	}
	return list
}

type pair struct{ name, value string }

// setLine writes what a browser is told to keep. No life is for as long as it runs; a negative one takes it back.
func (g *Gateway) setLine(c cookie, life time.Duration, hidden bool) string {
	var b strings.Builder
	b.WriteString(c.name + "=" + c.value + "; Path=" + c.path)
	if c.domain != "" {
		b.WriteString("; Domain=" + strings.TrimPrefix(c.domain, "."))
	}
	if life != 0 {
		b.WriteString("; Max-Age=" + strconv.Itoa(max(0, int(life/time.Second))))
	}
	if hidden {
		b.WriteString("; HttpOnly")
	}
	if g.Cookie.Secure {
		b.WriteString("; Secure")
	}
	if c.strict {
		return b.String() + "; SameSite=Strict"
	}
	return b.String() + "; SameSite=Lax"
}

// bare is a host without its port: ports do not separate cookies.
func bare(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// pathOf is the path that a cookie's is compared with: as it was sent.
func pathOf(u *url.URL) string { return cmp.Or(u.EscapedPath(), "/") }
