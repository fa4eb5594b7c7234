// Package login is the door through which people come in, on Stead's own origin. Its pages work without script.
//
//	GET  /login     the form; whoever is signed in goes on to next at once
//	POST /login     name, directory, password, and code where one is asked for
//	POST /logout    ends the session, and with it whatever acting hangs on it
//	GET  /step-up   asks for a fresh code
//	POST /step-up   code: the session reaches a higher level
//
// Where next is a page of an application, a one-time code carries the session to its host; nowhere else does it lead.
//
// Invariants: a pass that came with the request never lives on after a sign-in (B2); every no to a name, a password
// or a code looks the same (C3); a host that is not configured is never sent to.
package login
