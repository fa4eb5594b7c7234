package web

import (
	"net/http"
	"strings"
)

// guards are what every answer of ours carries: nothing runs, nothing frames it, nothing keeps it (B5, B11).
func (d Door) guards() http.Header {
	return http.Header{
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; img-src 'self'; form-action " +
			strings.Join(append([]string{"'self'"}, d.Form...), " ") + "; frame-ancestors 'none'; base-uri 'none'"},
		"X-Content-Type-Options": {"nosniff"},
		"X-Frame-Options":        {"DENY"},
		// Not no-referrer: browsers then send "Origin: null" with our own forms.
		"Referrer-Policy":              {"same-origin"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
		"Cache-Control":                {"no-store"},
	}
}
