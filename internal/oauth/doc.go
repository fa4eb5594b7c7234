// Package oauth is the door for programs that speak OAuth 2: metadata (RFC 8414), access tokens for agents that prove who
// they are (RFC 6749 4.4, RFC 7523), introspection (RFC 7662) and revocation (RFC 7009).
//
// Invariants:
//   - who asks proves himself before anything else is looked at, and in one way only;
//   - a token is bound to a key that was proved (RFC 9449): there are no bearer tokens;
//   - what is not known (scopes, resources, grants) is refused, and nothing falls back to something else;
//   - every refusal is on record, and so is every token before it is given.
package oauth
