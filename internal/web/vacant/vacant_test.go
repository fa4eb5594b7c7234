package vacant

import (
	"net"
	"testing"
)

// Who asks for any port is never given one of these, and each can be bound at once.
func TestAddress(t *testing.T) {
	for range 50 {
		at := Address(t)
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		anyone, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = anyone.Close() })
		if port := anyone.Addr().(*net.TCPAddr).Port; port >= lowest && port < lowest+many {
			t.Errorf("the system gives %d to whoever asks", port)
		}
	}
	if port := Port(t); port < lowest || port >= lowest+many {
		t.Errorf("port %d", port)
	}
}

// What is given to one test is given to no other before it is over, bound or not.
func TestAddressOnce(t *testing.T) {
	given := map[string]bool{}
	for range 800 {
		at := Address(t)
		if given[at] {
			t.Fatalf("%s is given twice", at)
		}
		given[at] = true
	}
}
