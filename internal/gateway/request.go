package gateway

import (
	"net/http"
	"strings"

	"github.com/steadhq/stead/internal/web"
)

// activity tells whether somebody is at the keyboard: navigations are, polls, sockets and beacons are not (R15).
func activity(r *http.Request) bool {
	return !web.FromBrowser(r) || r.Header.Get("Sec-Fetch-Mode") == "navigate" || r.Header.Get("Sec-Fetch-User") == "?1"
}

// document tells whether the answer becomes a page of its own, so that it can carry the indicator.
func document(r *http.Request) bool {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("X-Requested-With") == ""
}

func upgrades(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

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
