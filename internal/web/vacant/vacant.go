// Package vacant finds places for programs that tests start and that bind an address of their own. No program imports
// it.
package vacant

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// The ports that are drawn from lie below those that Linux, macOS and Windows give to whoever asks for any port, so that
// no listener and no connection of another test takes one between its being found and its being bound.
const lowest, many = 15000, 17000

// Address gives an address of 127.0.0.1, HOST:PORT, that nobody listens at, and that no test of any process is given again
// until this one is over: a program may bind it long after it was found. What says so to all of them is the UDP port of the
// same number, which is held.
func Address(tb testing.TB) string {
	tb.Helper()
	var last error
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(many)))
		if err != nil {
			last = err
			continue
		}
		at := l.Addr().String()
		taken, err := net.ListenPacket("udp", at)
		if last = errors.Join(err, l.Close()); last != nil {
			continue
		}
		tb.Cleanup(func() { _ = taken.Close() })
		return at
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
