// Package oauth is the door for programs that speak OAuth 2: metadata (RFC 8414), access tokens for agents that prove who
// they are (RFC 6749 4.4, RFC 7523), introspection (RFC 7662) and revocation (RFC 7009); and the page on which a person lets an
// agent act for him, with code and refresh tokens for what he agreed to (RFC 6749 4.1, RFC 7636, RFC 9126, RFC 9207, RFC 9396).
//
//	GET  /oauth/authorize   shows who asks for what; who is not signed in signs in first
//	POST /oauth/authorize   his yes or no, by the form of that page
//	POST /oauth/par         a request, before a browser comes with its name
//
// Invariants:
//   - who asks proves himself before anything else is looked at, and in one way only;
//   - a token is bound to a key that was proved (RFC 9449), but where resource, tier and policy all let it be without (R39);
//   - what is not known (scopes, resources, grants) is refused, and nothing falls back to something else;
//   - nothing is sent to an address before client and address are known to belong together;
//   - every refusal of a token is on record, and so is every token before it is given.
package oauth
