// Package readme runs what the README tells people to type, word for word.
package readme
