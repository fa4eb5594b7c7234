package gateway

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// answered looks at the application's answer before any of it is passed on. An error refuses the answer.
func (t *trip) answered(res *http.Response) error {
	h, acting := res.Header, t.v.acting()
	for name := range h {
		if fold := web.FoldHeader(name); fold == "steadacting" || fold == "steadfirstvisit" {
			delete(h, name)
		}
	}
	if code := res.StatusCode; code > 599 || code < 200 && code != http.StatusSwitchingProtocols {
		return web.Status(http.StatusBadGateway, stead.E(stead.Conflict, stead.ReasonBroken, "the application answered with a status that there is not"))
	}
	t.hold.whole = res.ContentLength >= 0 && len(res.Trailer) == 0
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.closing(res)
	}
	page, err := t.presents(res)
	if err != nil {
		return err
	}
	if err := t.cookies(res); err != nil {
		return err
	}
	if err := t.redirects(h, acting); err != nil {
		return err
	}
	if acting {
		own(h)
		t.g.mark(h, t.v)
		t.note(res)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	t.v.names.response(res)
	if page {
		if err := t.inject(res); err != nil {
			return err
		}
	}
	if acting {
		t.narrow(h)
	}
	t.watch(res)
	return nil
}

// own takes away what would outlive the mandate in this browser, or reach further than the page.
func own(h http.Header) { without(h, lasting) }

var lasting = []string{"Expires", "Pragma", "Etag", "Last-Modified", "Age", "Clear-Site-Data", "Service-Worker-Allowed",
	"Alt-Svc", "Sourcemap", "Nel", "Report-To", "Reporting-Endpoints"}

// redirects brings the application's own addresses back to this host. While somebody acts, none may lead off it (R21).
func (t *trip) redirects(h http.Header, acting bool) error {
	if len(h["Location"]) > 1 || len(h["Refresh"]) > 1 {
		return web.Status(http.StatusBadGateway, stead.E(stead.Conflict, stead.ReasonBroken, "the application sends two ways at once"))
	}
	if to := h.Get("Location"); to != "" {
		local, ok := t.local(to)
		if !ok && acting {
			return leaving(to)
		}
		h.Set("Location", local)
	}
	if wait, to, ok := refresh(h.Get("Refresh")); ok {
		local, ok := t.local(to)
		if !ok && acting {
			return leaving(to)
		}
		h.Set("Refresh", wait+"; url="+local)
	}
	return nil
}

func leaving(to string) error {
	return stead.E(stead.Refused, stead.ReasonScope,
		"the application wants to send you to %q, which this mandate does not cover: nobody acts there", to)
}

// refresh reads the header of that name as browsers do (HTML 7.1.6): a number, and where to, behind blanks, a comma or a
// semicolon.
func refresh(value string) (wait, to string, ok bool) {
	value = strings.TrimSpace(value)
	to = strings.TrimLeft(value, "0123456789.")
	wait = value[:len(value)-len(to)]
	to = strings.TrimLeft(to, " \t\n\f\r;,")
	if len(to) >= 4 && strings.EqualFold(to[:3], "url") {
		to = strings.TrimLeft(to[3:], " \t\n\f\r=")
	}
	to = strings.Trim(to, `'"`)
	return wait, to, to != ""
}

// local gives to as it leads on this host. It is not ok when it leads elsewhere.
func (t *trip) local(to string) (string, bool) {
	if strings.ContainsFunc(to, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return to, false
	}
	u, err := url.Parse(to)
	switch {
	case err != nil || u.Opaque != "" || u.User != nil:
		return to, false
	case u.Host == "":
		return to, u.Scheme == "" && !strings.HasPrefix(to, "//")
	case strings.EqualFold(u.Host, t.in.Host) && u.Scheme == "" || strings.EqualFold(u.Host, t.in.Host) && u.Scheme == web.ClientOf(t.in).Scheme():
		return to, true
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return to, false
	}
	n, ok := t.ours(u)
	if !ok {
		return to, false
	}
	u.Scheme, u.Host = "", ""
	if n != t.v.place.n {
		u.Scheme, u.Host = web.ClientOf(t.in).Scheme(), t.g.sibling(t.v.place, n)
	}
	if !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		u.Path, u.RawPath = "/"+strings.TrimLeft(u.Path, "/"), ""
	}
	return u.String(), true
}

// ours tells whether u is the application under another of its names, and under which: its hosts and its upstream,
// whatever the port. Stead's own host and other applications never are.
func (t *trip) ours(u *url.URL) (n int, ok bool) {
	here := t.v.place
	if other := t.g.app(u.Host); strings.EqualFold(u.Host, t.g.Console.Host) || other != nil && other != t.v.app {
		return 0, false
	}
	same := func(h string) bool { return strings.EqualFold(u.Hostname(), (&url.URL{Host: h}).Hostname()) }
	if p, known := t.g.byHost[strings.ToLower(u.Host)]; known {
		return p.n, true
	}
	if same(t.v.app.Upstream.Host) || same(here.own()) {
		return here.n, true
	}
	n = slices.IndexFunc(t.v.app.Hosts, same)
	return n, n >= 0
}

// page200 tells whether res is a page that stands by itself: HTML, whole, shown and not saved.
func page200(res *http.Response) bool {
	return fills(res) && res.StatusCode != http.StatusPartialContent && isHTML(res.Header)
}

// isHTML tells whether browsers may show it as a page. Without a type, or one that says nothing, they guess.
func isHTML(h http.Header) bool {
	values := h["Content-Type"]
	if len(values) == 0 {
		return h.Get("X-Content-Type-Options") != "nosniff"
	}
	return slices.ContainsFunc(values, func(v string) bool {
		v = strings.ToLower(v)
		return strings.Contains(v, "text/html") || strings.Contains(v, "application/xhtml") || vague(v)
	})
}

// inject puts into the page what says who is served, or the guard of a shared host.
func (t *trip) inject(res *http.Response) error {
	h, draw := res.Header, t.drawGuard
	switch {
	case !document(t.in): // of a frame it is said around it
	case t.v.elsewhere():
		draw = t.drawNotice
	case t.v.says():
		draw = t.indicator
	}
	head, body, err := draw(h)
	if err != nil {
		return err
	}
	h.Del("Content-Encoding")
	h.Del("Content-Length")
	h.Del("Content-Md5")
	h.Del("Digest")
	h.Del("Accept-Ranges")
	if t.v.guarded { // before anything of ours goes in
		res.Body, res.ContentLength = newFields(res.Body, t.in, t.g.epochOf(t.in)), -1
	}
	if res.ContentLength >= 0 {
		res.ContentLength += int64(len(head) + len(body))
		h.Set("Content-Length", strconv.FormatInt(res.ContentLength, 10))
	}
	res.Body = newInjector(res.Body, head, body)
	return nil
}

func cannot(why string) error {
	return web.Status(http.StatusBadGateway, stead.E(stead.Conflict, stead.ReasonBroken,
		"this page cannot show that you are acting, because %s: it is not shown", why))
}

// unpacked closes what it reads from.
type unpacked struct {
	io.Reader
	from io.Closer
}

func (u unpacked) Close() error { return u.from.Close() }
