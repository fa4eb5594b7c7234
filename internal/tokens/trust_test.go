package tokens

import (
	"net/netip"
	"testing"
)

// H13: a name of a bundle's address may lead anywhere; it is fetched neither from this machine nor from its link.
func TestReachable(t *testing.T) {
	for _, a := range []string{"127.0.0.1", "::1", "0.0.0.0", "::", "169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
		"64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "fd00:ec2::254", "100.100.100.200", "224.0.0.1", "ff02::1"} {
		if reachable(netip.MustParseAddr(a), false) {
			t.Error(a, "is dialled")
		}
	}
	for _, a := range []string{"10.0.0.5", "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"} {
		if !reachable(netip.MustParseAddr(a), false) {
			t.Error(a, "is not dialled")
		}
	}
	if !reachable(netip.MustParseAddr("127.0.0.1"), true) || reachable(netip.MustParseAddr("192.0.2.7"), true) {
		t.Error("what is named as this machine leads elsewhere")
	}
}
