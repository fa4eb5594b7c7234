package web

import (
	"net/http"
	"strings"
)

// FromBrowser tells a browser from a program: only browsers send Sec-Fetch headers, and their scripts cannot. Chromium
// sends none when it opens a socket, but an Origin (RFC 6455 4.1).
func FromBrowser(r *http.Request) bool {
	for name := range r.Header {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			return true
		}
	}
	return r.Header.Get("Upgrade") != "" && r.Header.Get("Origin") != ""
}

// TopLevel tells whether r brings a whole page into a window; a program always does.
func TopLevel(r *http.Request) bool {
	if !FromBrowser(r) {
		return true
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// ByHand tells whether a person pressed something to send r. A page's script navigates too, and a page that loads itself
// again, but without Sec-Fetch-User.
func ByHand(r *http.Request) bool {
	return TopLevel(r) && (!FromBrowser(r) || r.Header.Get("Sec-Fetch-User") == "?1")
}
