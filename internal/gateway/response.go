package gateway

import (
	"compress/gzip"
	"io"
	"mime"
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
		if web.FoldHeader(name) == "steadacting" {
			delete(h, name)
		}
	}
	t.hold.whole = res.ContentLength >= 0
	t.cookies(h, acting)
	if err := t.redirects(h, acting); err != nil {
		return err
	}
	if acting {
		own(h)
		t.g.mark(h, t.v)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	draw := t.indicator
	if !acting {
		draw = t.drawNotice
	}
	if (acting && document(t.in) || t.v.noticed(t.in)) && page200(res) && t.in.Method != http.MethodHead {
		if err := t.inject(res, draw); err != nil {
			return err
		}
	}
	t.watch(res)
	return nil
}

// own takes away what would outlive the mandate in this browser, or reach further than the page.
func own(h http.Header) {
	for _, name := range []string{"Expires", "Pragma", "Etag", "Last-Modified", "Age", "Clear-Site-Data", "Service-Worker-Allowed",
		"Alt-Svc", "Sourcemap", "Nel", "Report-To", "Reporting-Endpoints"} {
		h.Del(name)
	}
}

// cookies keeps our own cookie ours, and lets none of the application's through while somebody acts: it would still be
// there when he is himself again (R22).
func (t *trip) cookies(h http.Header, acting bool) {
	if acting {
		h.Del("Set-Cookie")
		return
	}
	kept := slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return t.g.Cookie.Ours(strings.TrimSpace(name))
	})
	if len(kept) == 0 {
		h.Del("Set-Cookie")
		return
	}
	h["Set-Cookie"] = kept
}

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

// refresh reads the header of that name: seconds, and where to.
func refresh(value string) (wait, to string, ok bool) {
	at := strings.IndexAny(value, ";,")
	if at < 0 {
		return "", "", false
	}
	to = strings.TrimSpace(value[at+1:])
	if len(to) >= 4 && strings.EqualFold(to[:3], "url") {
		to = strings.TrimLeft(to[3:], " =")
	}
	return strings.TrimSpace(value[:at]), strings.Trim(to, `'"`), true
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
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || !t.ours(u):
		return to, false
	}
	u.Scheme, u.Host = "", ""
	if !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		u.Path, u.RawPath = "/"+strings.TrimLeft(u.Path, "/"), ""
	}
	return u.String(), true
}

// ours tells whether u is the application under another of its names: its hosts and its upstream, whatever the port.
// Stead's own host and other applications never are.
func (t *trip) ours(u *url.URL) bool {
	if other := t.g.app(u.Host); strings.EqualFold(u.Host, t.g.Console.Host) || other != nil && other != t.v.app {
		return false
	}
	for _, h := range append([]string{t.v.app.Upstream.Host}, t.v.app.Hosts...) {
		if strings.EqualFold(u.Hostname(), (&url.URL{Host: h}).Hostname()) {
			return true
		}
	}
	return false
}

// page200 tells whether res is a page that stands by itself: HTML, whole, shown and not saved.
func page200(res *http.Response) bool {
	switch code := res.StatusCode; {
	case code < 200, code == http.StatusNoContent, code == http.StatusPartialContent, code/100 == 3:
		return false
	}
	disposition, _, _ := strings.Cut(res.Header.Get("Content-Disposition"), ";")
	return isHTML(res.Header) && !strings.EqualFold(strings.TrimSpace(disposition), "attachment")
}

// isHTML tells whether browsers may show it as a page. Without a type they guess.
func isHTML(h http.Header) bool {
	values := h["Content-Type"]
	if len(values) == 0 {
		return h.Get("X-Content-Type-Options") != "nosniff"
	}
	for _, v := range values {
		v = strings.ToLower(v)
		if strings.Contains(v, "text/html") || strings.Contains(v, "application/xhtml") {
			return true
		}
	}
	return false
}

// inject puts what draw draws into the page. A page that cannot carry it is not shown.
func (t *trip) inject(res *http.Response, draw func(http.Header) ([]byte, error)) error {
	h := res.Header
	if len(h["Content-Type"]) > 1 || !asciiBased(h.Get("Content-Type")) {
		return cannot("its character set is none that Stead can write in")
	}
	switch packing := strings.ToLower(h.Get("Content-Encoding")); packing {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			return cannot("it is not packed as it says")
		}
		res.Body, res.ContentLength = unpacked{z, res.Body}, -1
	default:
		return cannot("it is packed as " + packing + " though it was asked not to be")
	}
	bar, err := draw(h)
	if err != nil {
		return err
	}
	style := []byte(`<link rel="stylesheet" href="` + barStyle + `">`)
	h.Del("Content-Encoding")
	h.Del("Content-Length")
	h.Del("Content-Md5")
	h.Del("Digest")
	h.Del("Accept-Ranges")
	if res.ContentLength >= 0 {
		res.ContentLength += int64(len(style) + len(bar))
		h.Set("Content-Length", strconv.FormatInt(res.ContentLength, 10))
	}
	res.Body = newInjector(res.Body, style, bar)
	return nil
}

func cannot(why string) error {
	return web.Status(http.StatusBadGateway, stead.E(stead.Conflict, stead.ReasonBroken,
		"this page cannot show that you are acting, because %s: it is not shown", why))
}

func asciiBased(kind string) bool {
	media, attrs, err := mime.ParseMediaType(kind)
	if kind == "" {
		return true
	}
	charset := strings.ToLower(attrs["charset"])
	return err == nil && media == "text/html" && !strings.HasPrefix(charset, "utf-16") && !strings.HasPrefix(charset, "utf-32") &&
		charset != "utf-7" && charset != "ucs-2" && charset != "iso-10646-ucs-2" && !strings.HasPrefix(charset, "unicode")
}

// unpacked closes what it reads from.
type unpacked struct {
	io.Reader
	from io.Closer
}

func (u unpacked) Close() error { return u.from.Close() }
