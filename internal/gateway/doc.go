// Package gateway is the door before web applications: an overlay on what somebody does in them, not a second sign-in.
//
// Every request goes one way: the strict front parser; the application at its host; the pass in the cookie; whether
// this session acts here; what the request means by the application's rules; the question; the hold; the application;
// the outcome. On each application's host, and only under /.stead/, are routes of our own:
//
//	GET  /.stead/in        takes the one-time code of a sign-in, gives a cookie of this host
//	GET  /.stead/hop       leads on to the next of a mandate's hosts for the application
//	GET  /.stead/act       sends to Stead's own origin, where acting is armed and started
//	POST /.stead/act       subject directory attr.NAME reason ticket mode for target code: for clients that are no browsers
//	GET  /.stead/status    who is here and for whom, as JSON or a page
//	GET  /.stead/extend    sends to Stead's own origin
//	POST /.stead/extend    reason code: for clients that are no browsers
//	GET  /.stead/end       what ends, or has ended, with a button
//	POST /.stead/end       ends; by hand from a whole page it is the acknowledgement too
//	GET  /.stead/out       asks
//	POST /.stead/out       signs out, and ends first whatever hangs on the session
//	POST /.stead/hidden    a page of the caller's did not let the indicator be seen
//	POST /.stead/clicks    what was clicked on a page, where the application's rules have that recorded
//	GET  /.stead/static/*  our own style and scripts
//
// Invariants: nothing of an answer, not a 1xx and not an error of our own, reaches the client before its decision is on
// record, and what may change something is not sent before (S-I2); what was classified is what is forwarded (S-I26);
// what no rule knows is a write, under every reading that an application could have (S-I27); no client header that folds
// to a reserved name, and nothing a client proves itself with, reaches an application (S-I25, S-I22); who has no name is
// nobody (C11); while somebody acts, every page shows it or is not shown.
//
// Streams are actions of their own: over a socket anything may be said (open), unless a rule calls what is said over it
// reading (watch), as events are. At any end both are cut within a quarter of a second, whether their client takes
// anything or not; what a kernel has taken by then arrives. Bodies pass both ways in pieces of 32 KiB, and who is slow,
// client or application, makes the other wait. Behind a proxy of others' there is the door ForwardAuth, with its limits.
//
// Limits, so that nobody relies on what is not there. A browser acts on a host of the mandate's own; on a shared host a
// script of the subject's that the page carries runs where the actor will be himself again, and what guards his pages is
// a script too, or in a form a hidden field, which a button to another host (formaction) takes along: it is good for nothing
// but to say that nothing has changed.
// Scripts of a page can set cookies for the whole acting domain: none of them reaches an application unless
// its rules name it, but enough of them make later hosts answer 431 until the browser's cookies are cleared; a domain in
// the public suffix list ends that. Whoever has a one-time code of his own can make another browser, in which nobody is
// signed in there, be him for that application.
//
// The application's cookies are sealed under the mandate and kept by
// the browser: one of more than about 2900 bytes is refused with its answer, and what an application means to be read by
// scripts must be named in script_cookies. Each node primes the jar, knows who was there and closes sessions at the end by
// itself: after a restart nothing is closed, and two nodes close a session twice. Secrets are
// hidden in text of HTTP answers, not in sockets or files, and not longer than 4 KiB. A page that keeps its name back for
// five seconds is shown without having been looked at. Proxies that ask at the forward-auth door keep it from us whether a
// GET has a body: where no header speaks of one, there is none.
//
// The indicator's script looks every two seconds whether it can be seen, and covers the page where it cannot; a page's
// script may show what it likes for that long, and one that paints above it what lets clicks through may do so longer.
// It knows the end by itself, and hears of an end before its time within half a minute, or when it is looked at. Where
// no script of ours can run (none in the browser, a sandbox without scripts, browsers older than 2024) the bar in the
// page counts nothing and covers nothing: it sits under what a page puts into the top layer, and a page's own !important
// rules of equal weight come close; a policy in a meta element may stop its form, whose link on the status page then
// works. In a sandbox the buttons are links. A modal dialog in a closed drawing of the page's
// own makes the bar inert: it is seen, and its keys end, but it cannot be clicked. The bar goes first into the body, so
// that one piece of a head, a script say, is held in memory while it passes, up to 4 MiB; a larger one breaks the page
// off. Pages packed otherwise than by gzip, or written so that ASCII is not ASCII (UTF-16, ISO-2022-JP), are refused:
// upstreams are asked not to. A page whose character set nobody names is read by what comes of it first, and the browser is
// told which that is: a meta element that comes later is too late. What a browser shows by itself and runs nothing of
// (pictures, films, text, PDF) is shown as it is, and carries the header Stead-Acting only: no line can be written into a
// file that is not ours. What could run something and carry no line (SVG, XML, XHTML, types that browsers differ about) is
// offered as a file. A script of the page may write it anew, under the indicator; to blob:, data: and about: documents it may
// not take the tab, but to a javascript: address, of which no browser tells anybody, and to a new window it may: such a
// document has no indicator, and its policies are those of the page. Printed pages say on every sheet who looked, as whom
// and when, where browsers write into margins; else at its upper edge.
package gateway
