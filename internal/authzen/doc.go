// Package authzen is the door for services that ask before they do something (AuthZEN Authorization API 1.0): may this
// subject do that to this resource? It decides nothing. What is asked becomes a stead.Question by the word of the service,
// and the laws and the policy answer it like any other.
//
// What must always hold here:
//
//   - a service is answered about what it may ask about; anything else is a deny that tells nothing;
//   - what a request says of mandates and keys is a claim for the laws to check, and what it says of time, place and
//     strength is not listened to at all;
//   - a body has one reading, or is refused.
package authzen
