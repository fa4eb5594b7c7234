package directory

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/steadhq/stead"
)

// A Cost is what one proof of a password takes: memory in KiB, passes, lanes.
type Cost struct {
	KiB    uint32
	Passes uint32
	Lanes  uint8
}

// Standard is the cost of new hashes, and the least that is accepted (OWASP's figures for argon2id).
var Standard = Cost{KiB: 19456, Passes: 2, Lanes: 1}

// dearest bounds what a stored hash may ask for, so that an imported one cannot stop the house.
var dearest = Cost{KiB: 128 << 10, Passes: 16, Lanes: 16}

// atLeast tells whether c is no cheaper than least in anything that makes guessing dear.
func (c Cost) atLeast(least Cost) bool { return c.KiB >= least.KiB && c.Passes >= least.Passes }

// sane tells whether c can be worked with: RFC 9106 3.1 asks for eight blocks a lane.
func (c Cost) sane() bool {
	return c.Passes >= 1 && c.Lanes >= 1 && c.KiB >= 8*uint32(c.Lanes) &&
		c.KiB <= dearest.KiB && c.Passes <= dearest.Passes && c.Lanes <= dearest.Lanes
}

const (
	saltSize = 16
	sumSize  = 32
)

// A phc is an argon2id hash in PHC string form, taken apart.
type phc struct {
	cost Cost
	salt []byte
	sum  []byte
}

func (h phc) sumOf(password []byte) []byte {
	return argon2.IDKey(password, h.salt, h.cost.Passes, h.cost.KiB, h.cost.Lanes, uint32(len(h.sum)))
}

func (h phc) fits(password []byte) bool {
	return subtle.ConstantTimeCompare(h.sumOf(password), h.sum) == 1
}

func (h phc) String() string {
	b := []byte("$argon2id$v=19$m=")
	b = strconv.AppendUint(b, uint64(h.cost.KiB), 10)
	b = strconv.AppendUint(append(b, ",t="...), uint64(h.cost.Passes), 10)
	b = strconv.AppendUint(append(b, ",p="...), uint64(h.cost.Lanes), 10)
	b = base64.RawStdEncoding.AppendEncode(append(b, '$'), h.salt)
	b = base64.RawStdEncoding.AppendEncode(append(b, '$'), h.sum)
	return string(b)
}

// parsePHC reads "$argon2id$v=19$m=19456,t=2,p=1$salt$sum". Whatever is not exactly that is invalid.
func parsePHC(s string) (phc, error) {
	bad := stead.E(stead.Invalid, stead.ReasonRequest, "this is no argon2id hash in PHC form ($argon2id$v=19$m=…,t=…,p=…$salt$hash)")
	part := strings.Split(s, "$")
	if len(s) > 512 || len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v=19" {
		return phc{}, bad
	}
	cost, ok := parseCost(part[3])
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(part[4])
	sum, err2 := base64.RawStdEncoding.Strict().DecodeString(part[5])
	if !ok || err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(sum) < 16 || len(sum) > 64 {
		return phc{}, bad
	}
	return phc{cost, salt, sum}, nil
}

func parseCost(s string) (Cost, bool) {
	part := strings.Split(s, ",")
	if len(part) != 3 {
		return Cost{}, false
	}
	var n [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(part[i], name)
		v, err := strconv.ParseUint(digits, 10, []int{32, 32, 8}[i])
		if !ok || err != nil || strconv.FormatUint(v, 10) != digits {
			return Cost{}, false
		}
		n[i] = v
	}
	c := Cost{KiB: uint32(n[0]), Passes: uint32(n[1]), Lanes: uint8(n[2])}
	return c, c.sane()
}
