// Package survey looks at a running application as a person of its own tests would: what there is to know before it
// stands behind the gateway (Check), and which of its requests change anything (Learn).
//
// It asks by GET only, on one host, within bounds. But an application may change something by GET too, and finding that
// is what Learn is for: it belongs before a copy that nobody needs. It decides nothing. What it proposes is as good as
// what it has seen: a request that nobody made, or a change that no watch sees, is in no proposal, and what no rule
// names stays a write.
package survey
