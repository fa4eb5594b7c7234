// Package keys holds what Stead signs and seals with. Everything hangs on one master key of 32 bytes, from a file or
// the environment; it wraps the keys of people, under which events and objects are sealed, and the signing keys.
//
// Invariants:
//   - what is sealed about several people needs the key of every one of them: losing one is erasing (R36);
//   - a ciphertext opens only with the label or the people it was made for: these are its associated data;
//   - no error and no printed form of a type holds key material (S-I33);
//   - a master key that others on the machine could read is refused (attacks L4);
//   - a signing key is on disk before its first signature, and its public key is published until nothing that it
//     signed can be valid any more (attacks E16).
package keys
