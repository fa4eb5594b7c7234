// Package vacant finds places for programs that tests start and that bind an address of their own. No program imports
// it.
package vacant

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// The ports that are drawn from lie below those that Linux, macOS and Windows give to whoever asks for any port, so that
// no listener and no connection of another test takes one between its being found and its being bound.
const lowest, many = 15000, 17000

// Address gives an address of 127.0.0.1, HOST:PORT, that nobody listens at.
func Address(tb testing.TB) string {
	tb.Helper()
	var last error
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(many)))
		if err != nil {
			last = err
			continue
		}
		defer func() { _ = l.Close() }()
		return l.Addr().String()
	}
	tb.Fatal(last)
	return ""
}

// Port is the port of such an address.
func Port(tb testing.TB) int {
	tb.Helper()
	at, err := net.ResolveTCPAddr("tcp", Address(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return at.Port
}
