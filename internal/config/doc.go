// Package config reads what a Stead server is told: one YAML file, the STEAD_* environment over it, and files for
// secrets. Everything has a default that works, so no file is needed.
//
// Invariants: a key that is not known is an error with line, column and the nearest name there is; nothing is taken
// from a file with an error in it; every field says what it means, and docs/reference/config.md is written from that.
package config
