package indicator

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// hashed is an inline script that a policy may name by its hash.
const hashed = `document.documentElement.dataset.hashed = "ran"`

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// A policy is one way that applications bound their pages.
type policy struct{ name, text string }

// policies are those that indicators of others were measured under.
var policies = []policy{
	{"none", ""},
	{"self", "default-src 'self'"},
	{"unsafe-inline", "default-src 'self'; script-src 'self' 'unsafe-inline'"},
	{"nonce", "script-src 'nonce-r4nd0m' 'strict-dynamic'; object-src 'none'; base-uri 'none'"},
	{"all-none", "default-src 'none'; script-src 'none'; style-src 'none'; img-src 'none'; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"},
	{"script-none", "script-src 'none'"},
	{"hash", "script-src " + hashOf(hashed)},
	{"trusted-types", "require-trusted-types-for 'script'; trusted-types 'none'; script-src 'self'"},
	{"sandbox", "sandbox allow-scripts allow-popups"},
	{"elements", "script-src-elem 'self'; script-src-attr 'none'; style-src-elem 'none'; style-src-attr 'none'"},
	{"other-origin", "default-src https://cdn.example.com; script-src https://cdn.example.com"},
}

const body = `<header style="position:fixed;inset:0 0 auto 0;height:48px;background:#235;color:#fff;z-index:2147483647"><b>Acme Orders</b></header>
<main style="padding-top:60px;font:16px/1.6 sans-serif;max-width:60rem;margin:auto"><h1>Dana's orders</h1>
<p id="note"><label>Note <input name="note"></label> <button id="b" onclick="document.documentElement.dataset.attr='ran'">Save</button></p>%s
<dialog id="d"><h2>Sure?</h2><button>Yes</button></dialog></main><footer><p id="last">The last line of the page</p></footer>`

// document is one page. Each way of running a script leaves a mark where it ran.
func document(head string) string {
	rows := strings.Repeat("<p>An order of 3 floor lamps, delivered on Wednesday, paid by card.</p>\n", 40)
	return `<!doctype html><html lang="en"><head>` + head + `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Orders</title>
<style>dialog::backdrop{background:rgb(0 0 0/.7)}</style>
<script>document.documentElement.dataset.inline = "ran"</script><script nonce="r4nd0m">document.documentElement.dataset.nonced = "ran"</script>
<script>` + hashed + `</script><script src="/app.js"></script></head><body>` + fmt.Sprintf(body, rows) + `</body></html>`
}

// pages is the application.
func pages(w http.ResponseWriter, r *http.Request) {
	q, h := r.URL.Query(), w.Header()
	switch r.URL.Path {
	case "/app.js":
		h.Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, `document.documentElement.dataset.external = "ran"`)
		return
	case "/sw.js":
		h.Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, `self.onfetch = e => e.respondWith(new Response("<h1>mine</h1>", {headers: {"Content-Type": "text/html"}}))`)
		return
	case "/form":
		form(w, r)
		return
	}
	if k, there := kinds[r.URL.Path]; there {
		h["Content-Type"] = k.kind
		_, _ = io.WriteString(w, k.text)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	if text, there := ways[r.URL.Path]; there {
		if csp := q.Get("csp"); csp != "" {
			h.Set("Content-Security-Policy", csp)
		}
		_, _ = fmt.Fprintf(w, text, r.Method, r.FormValue("q"))
		return
	}
	text := q.Get("csp")
	switch q.Get("scene") {
	case "meta":
		text = document(`<meta http-equiv="Content-Security-Policy" content="` + strings.ReplaceAll(text, `"`, "&quot;") + `">`)
	default:
		if text != "" {
			h.Set("Content-Security-Policy", text)
			h.Set("Content-Security-Policy-Report-Only", text)
		}
		text = document("")
	}
	switch q.Get("scene") {
	case "loose":
		_, _ = io.WriteString(w, strings.Replace(text, "position:fixed;inset:0 0 auto 0", "position:static", 1))
	case "boxed":
		h.Add("Content-Security-Policy", "sandbox allow-forms allow-same-origin")
		_, _ = io.WriteString(w, text)
	case "buttons":
		_, _ = io.WriteString(w, buttons)
	case "packed":
		h.Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
	case "streamed":
		for part := range strings.SplitAfterSeq(text, "\n") {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
		}
	default:
		_, _ = io.WriteString(w, text)
	}
}
