package gateway

import (
	"net/http"
	"strings"

	"github.com/steadhq/stead/internal/web"
)

// activity tells whether somebody is at the keyboard: a page that fills the window is, polls, sockets, beacons, and frames
// that load themselves again are not (R15).
func activity(r *http.Request) bool {
	switch {
	case upgrades(r):
		return false
	case !web.FromBrowser(r) || r.Header.Get("Sec-Fetch-User") == "?1":
		return true
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// document tells whether the answer becomes a page of its own, so that it can carry the indicator.
func document(r *http.Request) bool {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("X-Requested-With") == ""
}

// framed tells whether the answer becomes a page within another.
func framed(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "iframe", "frame", "embed", "object":
		return true
	}
	return false
}

func upgrades(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

// eventStream tells whether r asks for server-sent events.
func eventStream(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/event-stream")
}

func safe(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// browses tells whether r may be sent elsewhere to sign in and come back.
func browses(r *http.Request) bool { return web.PrefersHTML(r) && web.TopLevel(r) }

// localPath gives next if it is a path on this very host that every browser reads as one, else "/".
func localPath(next string) string {
	switch {
	case !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.HasPrefix(next, "/\\"):
		return "/"
	case web.CheckTarget(next, web.Tokens{";", "%2f"}) != nil:
		return "/"
	case next == "/.stead" || strings.HasPrefix(next, "/.stead/"):
		return "/"
	}
	return next
}
