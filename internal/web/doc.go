// Package web is what Stead's HTTP doors share, so that each of them parses, calls one verb and writes.
//
// On the way in: Listener watches how requests are framed, Front refuses what two parsers could read differently
// and deletes what only Stead may say, CrossSite refuses what another site sent. On the way out: Door turns an error
// into its status in one place, as a problem document (RFC 9457) or as a page. Routes gives every route a Tag that
// says who may call it: a route without one does not start.
//
// Invariants: no client header or trailer that folds to a reserved name gets past Front (S-I25); what was checked is
// what is forwarded, and ambiguity is a 400 (S-I26); a page of Stead's runs no script and sits in no frame.
package web
