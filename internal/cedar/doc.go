// Package cedar is the keeper of policy: it judges on Cedar policies, which may narrow a yes of the laws and never
// widen a no.
//
// A bundle is a set of files: *.cedar (the rules), one *.cedarschema (what they may speak of) and tests/*.yaml (what
// they must answer). It is checked as a whole, known by a digest over every name and text, and never changes.
// What must always hold here:
//
//   - a rule that fails to evaluate, a bundle that is not compiled, a case that cannot be expressed and a panic are
//     each a no, with the reason in Verdict.Errors. Cedar itself would skip a failing forbid;
//   - the index and the cache change how fast an answer comes, never the answer;
//   - what a rule did not declare it cannot read, and nothing that it read is missing from the key of the cache.
package cedar
