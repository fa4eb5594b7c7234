// Package gateway is the door before web applications: an overlay on what somebody does in them, not a second sign-in.
//
// Every request goes one way: the strict front parser; the application at its host; the pass in the cookie; whether
// this session acts here; what the request means by the application's rules; the question; the hold; the application;
// the outcome. On each application's host, and only under /.stead/, are routes of our own:
//
//	GET  /.stead/in        takes the one-time code of a sign-in, gives a cookie of this host
//	GET  /.stead/act       sends to Stead's own origin, where acting is armed and started
//	POST /.stead/act       subject directory attr.NAME reason ticket mode for target code: for clients that are no browsers
//	GET  /.stead/status    who is here and for whom, as JSON or a page
//	GET  /.stead/extend    sends to Stead's own origin
//	POST /.stead/extend    reason code: for clients that are no browsers
//	GET  /.stead/end       what ends, or has ended, with a button
//	POST /.stead/end       ends; by hand from a whole page it is the acknowledgement too
//	GET  /.stead/out       asks
//	POST /.stead/out       signs out, and ends first whatever hangs on the session
//	GET  /.stead/static/*  our own style
//
// Invariants: nothing of an answer, not a 1xx and not an error of our own, reaches the client before its decision is on
// record, and what may change something is not sent before (S-I2); what was classified is what is forwarded (S-I26);
// what no rule knows is a write, under every reading that an application could have (S-I27); no client header that folds
// to a reserved name, and nothing a client proves itself with, reaches an application (S-I25, S-I22); who has no name is
// nobody (C11); while somebody acts, every page shows it or is not shown.
//
// Limits, so that nobody relies on what is not there. Acting happens on the application's own host: a script of the
// subject's that the page carries runs there too. It can reach nothing that reading does not, ends by script are not
// acknowledged, and starts happen elsewhere; but tabs opened before carry no guard, and browsers that cached a page of
// the actor's own may show it again. The application's cookies are neither sent nor taken while somebody acts, so an
// application must know people by their headers. The bar is static: it does not count down, it sits under what a page
// puts into the top layer, a page's own !important rules of equal weight come close, and it grows no taller than the
// padding it asks for only down to 20 rem. In a page that is sandboxed without forms its buttons are links. A policy in
// a meta element comes after our stylesheet and may still stop the form, whose link on the status page then works.
// Answers that are no HTML (PDF, SVG, XML shown as documents) carry the header Stead-Acting only.
package gateway
