// Package authority holds the verbs, a file each. One shared phase runs them all: a rule of the root package decides
// inside the one writer, at the head of the log, and what it decided is written with its event or not at all. A
// refusal is recorded like a success. No door holds a rule, no verb can forget its event.
package authority
