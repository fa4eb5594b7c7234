package authority

import (
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// A KindRow says what an event means. docs/reference/events.md is written from the table.
type KindRow struct {
	Kind stead.EventKind
	Verb string // whose refusal is VERB.refused; empty: what leads to it is not refused by name
	Says string
}

// someKind tells whether a text is a kind of event, or how one begins.
func someKind(begins string) bool {
	return slices.ContainsFunc(kindNames(), func(k string) bool { return strings.HasPrefix(k, begins) })
}

// nearestKind suggests what was meant.
func nearestKind(text string) string {
	if best := stead.Nearest(text, kindNames()); best != "" {
		return ", did you mean " + best + "?"
	}
	return ""
}

// kindNames are all kinds, those of refusals too.
func kindNames() []string {
	var all []string
	for _, row := range Kinds {
		if row.Kind != "" {
			all = append(all, string(row.Kind))
		}
		if row.Verb != "" {
			all = append(all, row.Verb+".refused")
		}
	}
	return all
}

// Kinds are all events there are, in the order of a life: every verb leaves one of them, or its refusal.
var Kinds = []KindRow{
	{"session.started", "session.start", "somebody signed in; a refusal is a failed attempt"},
	{"session.raised", "session.raise", "a second factor was proved: the session's level rose"},
	{"session.handed", "session.hand", "a one-time code was made that carries the session to another host"},
	{"session.redeemed", "session.redeem", "that code was used, and a pass given there"},
	{"session.passed", "session.pass", "a pass was exchanged for a new one"},
	{"session.seen", "", "its owner was there: the idle clock moved (at most once a minute)"},
	{"session.ended", "session.end", "signed out, idle, over, or ended by somebody else; what hung on it ended first"},
	{"", "session.present", "a pass was refused: over, or shown by another client"},
	{"acting.armed", "acting.arm", "acting became possible for a short while, after a challenge"},
	{"acting.disarmed", "acting.disarm", "it was given back, and every mandate of the session ended"},
	{"person.searched", "person.search", "somebody looked for whom to act for"},
	{"mandate.previewed", "mandate.preview", "somebody looked at what acting for a person would need, and asked for nothing"},
	{"mandate.asked", "mandate.ask", "somebody asked to act; approved at once where nobody must agree"},
	{"mandate.approved", "mandate.approve", "an approver said yes to exactly that digest"},
	{"mandate.refused", "mandate.refuse", "an approver said no: the end of the request"},
	{"mandate.commented", "mandate.comment", "somebody whose business a request is said something about it: no vote"},
	{"mandate.reminded", "mandate.remind", "half or nine tenths of the time of those who may agree are gone"},
	{"mandate.escalated", "", "those who were asked took too long: others may agree too from now on"},
	{"mandate.withdrawn", "mandate.withdraw", "who asked took it back, or who answers for the agent that asked"},
	{"mandate.claimed", "mandate.claim", "who asked took it over into another session of his"},
	{"mandate.narrowed", "mandate.narrow", "an agent passed a part of what it holds on to another, or that took it with a token of its holder"},
	{"mandate.consented", "mandate.consent", "somebody let an agent act for himself; the refusal is his own no, too"},
	{"mandate.admitted", "", "an agent acts for a person on the word of another house: whose letter, and as whom it calls him; what is not admitted is token.issue.refused"},
	{"mandate.started", "mandate.start", "acting began"},
	{"mandate.extended", "mandate.extend", "one more term"},
	{"mandate.suspended", "mandate.suspend", "held until it is resumed"},
	{"mandate.resumed", "mandate.resume", "in force again"},
	{"mandate.ended", "mandate.end", "over; the reason says why: completed, expired, idle, session-over …"},
	{"mandate.completed", "mandate.complete", "the task of an agent is done; the result is what came of it"},
	{"mandate.revoked", "mandate.revoke", "taken away by the subject, security or an administrator"},
	{"mandate.acknowledged", "mandate.acknowledge", "the actor saw that it had ended"},
	{"application.left", "application.leave", "at_end closed the session that an application kept for a mandate; the refusal says that it may still be open, and why"},
	{"request.allowed", "", "intent: a request may be made, with all that the answer rested on; written before anything is released when on behalf of somebody"},
	{"request.denied", "", "a request was refused; decision and reason say why, and what says on what that rested. Without a decision it was turned away before anybody was asked who sent it"},
	{"request.served", "", "outcome of an intent: status, size, title; unknown when the end was never seen"},
	{"page.clicked", "", "a browser says that its actor clicked something on a page: its word, marked evidence: browser"},
	{"concern.raised", "concern.raise", "who was acted for is not at ease with it: security reads it, the one who acted does not"},
	{"factor.set", "factor.set", "somebody gave himself a second factor, or another one; his other sessions ended"},
	{"password.set", "password.set", "somebody chose another password; his other sessions ended"},
	{"factor.asked", "factor.ask", "an administrator asked for a link to a new factor for somebody who has a role in Stead: another person must agree"},
	{"factor.linked", "factor.allow", "a link was made by which somebody sets up another authenticator, or his first password and one; the old one counts no more"},
	{"person.enrolled", "person.enroll", "an account was added"},
	{"person.changed", "person.change", "an account was changed, closed, opened or deleted"},
	{"person.vouched", "person.vouch", "somebody who had no part in an account says that its owner is a person of his own; server: who runs the machine"},
	{"person.erased", "person.erase", "a person's keys were destroyed: what was sealed under them can not be read any more"},
	{"agent.registered", "agent.register", "an agent was registered: whose, what for, with which tasks"},
	{"agent.changed", "agent.change", "what is known of an agent was changed; another build suspends it until somebody else has looked"},
	{"agent.suspended", "agent.suspend", "an agent was stopped: its mandates ended, and it asks for none until it is resumed"},
	{"agent.resumed", "agent.resume", "a suspended agent may ask again"},
	{"agent.retired", "agent.retire", "an agent was ended for good, with its instances and mandates"},
	{"template.set", "template.set", "a template of agents was written, or changed; agents made from it stay as they are"},
	{"template.retired", "template.retire", "no agent is made from it any more; its name keeps its history"},
	{"learning.begun", "learning.begin", "an agent learns for a while: what it asks for beyond its entitlements is refused as ever, and named in the refusal (wants)"},
	{"learning.ended", "learning.end", "it was ended before its time"},
	{"instance.enrolled", "instance.enroll", "an agent began a run with a key of its own"},
	{"instance.beaten", "instance.beat", "an instance gave a sign of life"},
	{"instance.ended", "instance.end", "a run is over: by itself, by its time, or because it was not heard of; its mandates ended first"},
	{"system.granted", "system.grant", "an instance is given a login to a connected system, for its mandate; written before it is made"},
	{"system.withdrawn", "system.withdraw", "that login, its connections and its role are gone, and how long each took; the refusal says that it could not be taken back yet"},
	{"exclusion.set", "exclusion.set", "two sides were put apart that no party may hold, or do on one thing, both; or said otherwise"},
	{"exclusion.retired", "exclusion.retire", "an exclusion binds nobody any more; its name keeps its history"},
	{"flow.set", "flow.set", "a way was opened from one segment to another, or changed"},
	{"flow.retired", "flow.retire", "it was closed; mandates that went along it ended"},
	{"segment.isolated", "segment.isolate", "a segment was cut off: nothing goes in or out, and the mandates concerned ended"},
	{"segment.reconnected", "segment.reconnect", "somebody else let its agents ask again"},
	{"secret.made", "secret.make", "an agent was given a client secret; the one before counts no more"},
	{"enrolment.made", "enrolment.make", "an agent was given a token by which one instance enrolls itself, once, within minutes"},
	{"token.issued", "token.issue", "an agent was given an access token, or with type id-jag a letter for another house: which, for whom, bound to which instance and mandate; bound is no where it is bound to no key"},
	{"token.refreshed", "token.refresh", "an agent was given another access token for what a person agreed to, and another refresh token in place of the one it showed"},
	{"token.revoked", "token.revoke", "an access token counts no more, before its time"},
	{"", "token.introspect", "somebody who is no client asked about a token"},
	{"notice.begun", "", "a channel of messages came into use: it tells of what is from here on"},
	{"notice.sent", "notice.send", "somebody, or a channel, was told of an event: of names it. A refusal is a message that was given up"},
	{"policy.staged", "policy.stage", "files of policy were handed in"},
	{"policy.applied", "policy.apply", "they came into force, by another person than their author"},
	{"report.made", "report.make", "a report was made: which, of what, how many rows, and its digest"},
	{"timers.set", "timers.set", "other timers came into force; before, after and why"},
	{"audit.exported", "audit.export", "events left Stead in a file: which, how many, in which form"},
	{"", "operation.call", "somebody without the role asked a door for an operation"},
	{"config.reloaded", "config.reload", "another configuration came into force on a node; the names of the keys that differ, never their values"},
	{"clock.trusted", "clock.trust", "somebody looked at the clock after a jump"},
	{"key.rotated", "key.rotate", "others sign tokens and assertions: ten minutes later, after 30 days or because somebody said so; at once where the old ones are compromised"},
	{"server.started", "", "the server began to work"},
	{"server.stopped", "", "it ended cleanly"},
}
