// Package health tells machines how this server is. It has a listener of its own, on loopback unless set otherwise
// (L5).
//
//	GET /livez             200 while the process answers
//	GET /readyz[?verbose]  200 while everything it needs works, else 503; verbose says what, per line
//	GET /metrics           Prometheus text
//
// Invariant: no label holds an id or a name of a person, a session or a mandate; label values come from closed lists
// or from the configuration.
package health
