// Package notices tells people outside of Stead what they must know: that a request waits for their yes, what became of
// their own, that somebody acts for them. The log is the outbox: what follows from an event after a channel's cursor and is
// not settled on record is still to be sent. So nothing is lost by a kill, and what was sent and not recorded is sent again
// with the same id. To one recipient in one channel messages go in order; one that hangs stops no other.
//
// Messages carry names and a bare link, from the configured address alone (R35); where a channel connects to is
// configuration, and no redirect is followed.
package notices
