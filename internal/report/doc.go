// Package report counts the record for people: who acted for whom, when, why, and how much. A report is made from the
// events of a query, up to a checkpoint; its file says which, how many, and up to where, and is signed by the key of the
// log, so that a reader without Stead can tell that it was not changed and what it claims to be complete of.
//
// Invariants: the same wish at the same checkpoint gives the same rows; a file holds as many rows as it says; nothing is
// handed out that the record does not say was made.
package report
