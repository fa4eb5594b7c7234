package gateway

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Where a page's policies must stay as they are, the indicator stands on a page of ours at the very address, and the
// application's own is in a frame of it. The frame's requests are decided like any other; that a window was opened is on
// record as a read by the rule "frame".
const ruleFrame = "frame"

// around are what our page around an application's is made of.
type around struct {
	bar    barFacts
	script script
	app    string      // what people call the application
	here   string      // what the frame shows
	posted [][2]string // what is sent there, where the window was sent a form
	posts  bool
}

// outerPage answers r with the page around. What the frame shows it asks for itself.
func (g *Gateway) outerPage(w http.ResponseWriter, r *http.Request, v *visit, wait func() (stead.Decision, error)) {
	d, err := wait()
	if err != nil || !d.Allow {
		g.denied(w, r, v, d, err)
		return
	}
	a := around{bar: g.bar(r, v), script: g.framing, app: g.label(v.app.ID), here: origin(r) + r.URL.RequestURI(), posts: !safe(r)}
	if a.posts {
		if a.posted, err = postedForm(r); err != nil {
			g.Door.Refuse(w, r, err)
			g.Decider.Served(v.q, d, authority.Outcome{Status: web.StatusOf(err), Page: ruleFrame, Evidence: "gateway"})
			return
		}
	}
	code := http.StatusOK
	g.Door.Serve(func(w http.ResponseWriter, r *http.Request) error {
		g.mark(w.Header(), v)
		w.Header().Set("Content-Security-Policy", g.outerPolicy(r, v))
		return web.WritePage(r.Context(), w, code, outerView(a))
	}).ServeHTTP(w, r)
	g.Decider.Served(v.q, d, authority.Outcome{Status: code, Page: ruleFrame, Evidence: "gateway"})
}

// outerPolicy lets our script, our style, the frame and our ways on in, and nothing else.
func (g *Gateway) outerPolicy(r *http.Request, v *visit) string {
	here := origin(r)
	hosts := strings.Join(g.framers(r, v.place), " ")
	leads := strings.Join((&trip{g: g, v: v, in: r}).leads(), " ")
	return "default-src 'none'; script-src " + here + g.framing.path + "; style-src " + here + barStyle +
		"; connect-src " + here + "/.stead/status " + here + "/.stead/hidden; frame-src " + hosts +
		"; form-action " + hosts + " " + leads + "; base-uri 'none'; frame-ancestors 'none'"
}

// framers are the hosts of the place's mandate: one's page may stand around another's.
func (g *Gateway) framers(r *http.Request, p place) []string {
	hosts := []string{"'self'"}
	for n := range p.app.Hosts {
		if n != p.n {
			hosts = append(hosts, web.ClientOf(r).Scheme()+"://"+g.sibling(p, n))
		}
	}
	return hosts
}

// postedForm reads a form that was sent to the whole window, in its order. What is no such form cannot be sent on by a
// page, and then nothing is.
func postedForm(r *http.Request) ([][2]string, error) {
	raw, _, ok := readBody(r, true)
	if !ok && r.ContentLength != 0 || ok && bodyKind(r) != "form" {
		return nil, stead.E(stead.Conflict, stead.ReasonState,
			"this form wants the whole window, and what it sends cannot be passed on into the frame: nothing was sent. Open the page anew and send it from there")
	}
	var list [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		n, okName := unescape(name)
		t, okValue := unescape(value)
		if !okName || !okValue {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "this form cannot be read, so it cannot be passed on into the frame: nothing was sent")
		}
		if part == "" {
			continue
		}
		if len(list) == maxParams {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "this form has more than %d fields, so it cannot be passed on into the frame: nothing was sent", maxParams)
		}
		list = append(list, [2]string{n, t})
	}
	return list, nil
}

// inFrame lets our page, and nobody else's, stand around what w is given.
func (g *Gateway) inFrame(w http.ResponseWriter, r *http.Request, v *visit) http.ResponseWriter {
	return &frameable{w, g.framers(r, v.place), false}
}

// A frameable answer goes out with its policies as they are, but for who may frame it.
type frameable struct {
	http.ResponseWriter
	by   []string
	told bool
}

func (f *frameable) Unwrap() http.ResponseWriter { return f.ResponseWriter }

func (f *frameable) WriteHeader(code int) {
	if !f.told && code >= 200 {
		f.told = true
		framedBy(f.Header(), f.by)
	}
	f.ResponseWriter.WriteHeader(code)
}

func (f *frameable) Write(p []byte) (int, error) {
	if !f.told {
		f.WriteHeader(http.StatusOK)
	}
	return f.ResponseWriter.Write(p)
}

// framedBy opens every policy's frame-ancestors to these hosts, and closes all of them to every other.
func framedBy(h http.Header, by []string) {
	h.Del("X-Frame-Options")
	for i, line := range h[policyHeader] {
		policies := strings.Split(line, ",")
		for j, p := range policies {
			if d, there := find(directives(p), "frame-ancestors"); there {
				for _, host := range by {
					d.sources = with(d.sources, host)
				}
				policies[j] = replaceDirective(p, d)
			}
		}
		h[policyHeader][i] = strings.Join(policies, ",")
	}
	h.Add(policyHeader, "frame-ancestors "+strings.Join(by, " "))
}

// replaceDirective writes d in place of the first of its name, and leaves every other word of the policy alone.
func replaceDirective(policy string, d directive) string {
	parts := strings.Split(policy, ";")
	i := slices.IndexFunc(parts, func(p string) bool { return len(directives(p)) == 1 && directives(p)[0].name == d.name })
	if i >= 0 {
		parts[i] = " " + d.name + " " + strings.Join(d.sources, " ")
	}
	return strings.Join(parts, ";")
}

// askAgain has the browser ask again of itself: a link of a page in a sandbox comes without the pass, since its page is of
// no site, and an answer of ours is of this one. Where the frame itself is in a sandbox our answer is of no site either, and
// would ask for ever: so only what somebody pressed is asked again at once, and everything else when he presses a link.
func (g *Gateway) askAgain(w http.ResponseWriter, r *http.Request) {
	g.Door.Serve(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := `<!doctype html><title>Open this page</title><p><a href="">Open this page</a></p>`
		if r.Header.Get("Sec-Fetch-User") == "?1" {
			page = `<!doctype html><meta http-equiv="refresh" content="0">`
		}
		_, err := io.WriteString(w, page)
		return err
	}).ServeHTTP(w, r)
}

// note tells our page around where a page in a sandbox is, for that says nothing of itself.
func (t *trip) note(res *http.Response) {
	if !t.v.acting() || !t.v.inner(t.in) || !ledByHand(t.in) || !fills(res) || !boxed(res.Header) {
		return
	}
	at := url.QueryEscape(t.in.URL.RequestURI())
	if len(at) > maxCookie/2 {
		return
	}
	res.Header.Add("Set-Cookie", t.g.setLine(cookie{name: "stead-at", value: strings.ReplaceAll(at, "+", "%20"), path: "/"}, t.life(), false))
}

// ledByHand tells whether somebody pressed something, or asked again by askAgain.
func ledByHand(r *http.Request) bool {
	from, err := url.Parse(r.Header.Get("Referer"))
	return r.Header.Get("Sec-Fetch-User") == "?1" || err == nil && from.Host != "" && from.RequestURI() == r.URL.RequestURI()
}

// boxed tells whether a page is of no origin.
func boxed(h http.Header) bool {
	return slices.ContainsFunc(h[policyHeader], func(line string) bool {
		return slices.ContainsFunc(strings.Split(line, ","), func(p string) bool {
			box, there := find(directives(p), "sandbox")
			return there && !box.has("allow-same-origin")
		})
	})
}
