// Package stead is the vocabulary of acting for somebody else, and its rules. It reads no clock, opens no file and
// knows no protocol: every function gives the same answer for the same arguments, for ever.
//
// Somebody (the actor) acts for somebody (the subject) under a Mandate: asked for, approved by whoever must agree,
// started, used, and ended. Whether something may be done now is a Question; Weigh makes the Decision. Whatever changes
// is a Change: what is true from then on, and the Event that made it so.
package stead
