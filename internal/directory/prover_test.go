package directory

import (
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

var cheap = Cost{KiB: 256, Passes: 1, Lanes: 1}

// xorBox is a box that is good enough to see that labels and contents are kept.
type xorBox struct{}

func (xorBox) Seal(label string, plain []byte) ([]byte, error) {
	return append([]byte(label+"\x00"), flip(plain)...), nil
}

func (xorBox) Open(label string, sealed []byte) ([]byte, error) {
	rest, ok := strings.CutPrefix(string(sealed), label+"\x00")
	if !ok {
		return nil, errors.New("another label")
	}
	return flip([]byte(rest)), nil
}

func flip(b []byte) []byte {
	out := slices.Clone(b)
	for i := range out {
		out[i] ^= 0x5a
	}
	return out
}

func newProver(t testing.TB, c Cost) *Prover {
	t.Helper()
	p, err := NewProver(xorBox{}, rand.Reader, c, 2)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPassword(t *testing.T) {
	p := newProver(t, cheap)
	hash, err := p.Hash("correct horse")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=256,t=1,p=1$") {
		t.Fatalf("Hash = %q, %v", hash, err)
	}
	weaker := newProver(t, Cost{KiB: 64, Passes: 1, Lanes: 1})
	weak, err := weaker.Hash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	longest := strings.Repeat("x", mostPassword)
	long, err := p.Hash(longest)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cred     *stead.Credentials
		password string
		want     bool
	}{
		"right":                  {&stead.Credentials{Password: hash}, "correct horse", true},
		"wrong":                  {&stead.Credentials{Password: hash}, "correct house", false},
		"empty":                  {&stead.Credentials{Password: hash}, "", false},
		"nobody":                 {nil, "correct horse", false},
		"no password":            {&stead.Credentials{}, "", false},
		"plain text stored":      {&stead.Credentials{Password: "correct horse"}, "correct horse", false},
		"hash shown as password": {&stead.Credentials{Password: hash}, hash, false},
		"too cheap a hash":       {&stead.Credentials{Password: weak}, "correct horse", false},
		"longest":                {&stead.Credentials{Password: long}, longest, true},
		"longer than hashed":     {&stead.Credentials{Password: long}, longest + "x", false},
		"dearer than allowed":    {&stead.Credentials{Password: "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3VtMQ"}, "x", false},
	} {
		if got := p.Password(c.cred, c.password); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, bad := range []string{"", longest + "x"} {
		if _, err := p.Hash(bad); stead.KindOf(err) != stead.Invalid {
			t.Errorf("Hash of %d bytes: %v, want invalid", len(bad), err)
		}
	}
}

// A known hash made by the reference implementation (phc-winner-argon2, argon2id, m=65536, t=2, p=1).
func TestReferenceHash(t *testing.T) {
	const ref = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	p := newProver(t, Standard)
	if !p.Password(&stead.Credentials{Password: ref}, "password") {
		t.Error("the reference implementation's hash does not fit")
	}
}

// C3: nobody, nobody's password, a wrong password and a broken hash take the same time: a Kolmogorov-Smirnov distance
// over interleaved samples that chance alone explains.
func TestSameTimeForEveryNo(t *testing.T) {
	p := newProver(t, Cost{KiB: 2048, Passes: 1, Lanes: 1})
	hash, err := p.Hash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	kinds := []*stead.Credentials{{Password: hash}, nil, {}, {Password: "$argon2id$broken"}}
	const samples = 200
	took := make([][]float64, len(kinds))
	for range samples {
		for _, i := range mathrand.Perm(len(kinds)) { // collection of garbage comes at a beat of its own
			begin := time.Now()
			p.Password(kinds[i], "wrong horse")
			took[i] = append(took[i], float64(time.Since(begin)))
		}
	}
	for i := 1; i < len(kinds); i++ {
		// 1.95·√(2/n) is the border for one false alarm in a thousand; machines are noisy, so twice that.
		if d := ksDistance(took[0], took[i]); d > 0.39 {
			t.Errorf("kind %d: distance %.3f from a wrong password's times", i, d)
		}
	}
}

// ksDistance is the largest distance between two empirical distributions.
func ksDistance(a, b []float64) (most float64) {
	slices.Sort(a)
	slices.Sort(b)
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if a[i] <= b[j] {
			i++
		} else {
			j++
		}
		most = max(most, abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return most
}

func abs(x float64) float64 { return max(x, -x) }

// A flood of guesses works on no more hashes at once than there are slots.
func TestFloodHoldsMemory(t *testing.T) {
	p := newProver(t, Cost{KiB: 8 << 10, Passes: 1, Lanes: 1})
	var peak atomic.Uint64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			p.Password(nil, "guess")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			for old := peak.Load(); m.HeapInuse > old && !peak.CompareAndSwap(old, m.HeapInuse); old = peak.Load() {
			}
		})
	}
	wg.Wait()
	if len(p.slots) != 0 {
		t.Errorf("%d slots are still taken", len(p.slots))
	}
	if mib := peak.Load() >> 20; mib > 256 { // 64 at once would be 512
		t.Errorf("the heap grew to %d MiB", mib)
	}
}

func TestCheckHash(t *testing.T) {
	p := newProver(t, Standard)
	good, err := p.Hash("x")
	if err != nil {
		t.Fatal(err)
	}
	for hash, ok := range map[string]bool{
		good: true,
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc": true,
		"$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc":  false,
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc":  false,
		"$2b$12$abcdefghijklmnopqrstuv": false,
		"":                              false,
	} {
		if err := p.CheckHash(hash); (err == nil) != ok {
			t.Errorf("%q: %v", hash, err)
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$")
	f.Add("$argon2id$v=19$m=+8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			return
		}
		if h.String() != s {
			t.Errorf("%q reads as %q", s, h)
		}
		if !h.cost.sane() {
			t.Errorf("%q: %+v is not sane", s, h.cost)
		}
	})
}
