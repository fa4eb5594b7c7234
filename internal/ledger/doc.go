// Package ledger makes the log of events tamper-evident: a Merkle tree (RFC 6962 hashing) over the stored bytes of
// every event, kept as a leaf column, full tiles of 256 hashes and an edge, with a signed checkpoint for every commit.
//
// Invariants:
//   - a leaf is the hash of the stored bytes, sealed parts included: losing a key never changes a hash (R36);
//   - an Edge is a value: integrating gives a new one and leaves the old one as it was, so that a commit that fails
//     changes nothing;
//   - everything but the leaf column and the full tiles can be rebuilt from these two (Restore);
//   - a checkpoint is a C2SP tlog-checkpoint, an inclusion proof a C2SP tlog-proof: a stranger's tool can check both;
//   - Verify and VerifyExport trust nothing but a verifier key and a checkpoint that came from elsewhere (S-I31).
//
// The package reads no clock, opens no file and keeps no state.
package ledger
