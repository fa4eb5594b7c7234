// Package tokens makes Stead's access tokens (RFC 9068) and checks what is shown with them: the tokens themselves, proofs of
// possession (RFC 9449) and clients' assertions (RFC 7523).
//
// Invariants:
//   - a signature is checked with a key that is known by other means than what it signs: keys that a header names are
//     refused, but in a proof, whose key is what is proved;
//   - the algorithm follows from the key, never from the header alone; ES256 and Ed25519 are the only ones;
//   - one JSON has one reading: a name given twice in any case is refused;
//   - a proof and an assertion count once, and where what is remembered is full, none counts;
//   - whoever verifies a token for Stead asks the live view too.
package tokens
