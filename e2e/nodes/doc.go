// Package nodes runs two nodes of the real program on one PostgreSQL, behind a plain balancer that gives every request to
// the other one, with the configuration of docs/guide/nodes.md.
package nodes
