// Package forward puts real proxies of others' before applications: they ask Stead about each request, as the guide
// (docs/guide/forward-auth.md) has it, or send everything to its gateway.
package forward
