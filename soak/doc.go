// Package soak runs Stead for long under things that go wrong. Nothing imports it. STEAD_SOAK says for how long it kills
// and cuts the power ("9m"), and lets it tamper four thousand times, fail each of 500 syncs, fight over a hundred
// thousand mandates, and let a standby of PostgreSQL take over fifty times; without it each test takes some seconds.
package soak
