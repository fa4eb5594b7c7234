package keys

import (
	"bytes"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/steadhq/stead"
)

func newSealer(t testing.TB) *Sealer {
	t.Helper()
	s, err := NewSealer(testMaster(t), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newPersonKeys(t testing.TB, s *Sealer, n int) [][]byte {
	t.Helper()
	keys := make([][]byte, n)
	for i := range keys {
		k, err := s.NewKey()
		if err != nil || len(k) != wrappedSize {
			t.Fatal(len(k), err)
		}
		keys[i] = k
	}
	return keys
}

// TestSealer: all keys open it, in any order; with one missing, one more or another, nothing does. R36.
func TestSealer(t *testing.T) {
	s := newSealer(t)
	k := newPersonKeys(t, s, 3)
	plain := []byte("Dana's order")
	for name, c := range map[string]struct {
		seal, open [][]byte
		good       bool
	}{
		"one":            {k[:1], k[:1], true},
		"two":            {k[:2], k[:2], true},
		"another order":  {k[:2], [][]byte{k[1], k[0]}, true},
		"named twice":    {[][]byte{k[0], k[0]}, k[:1], true},
		"three":          {k, k, true},
		"one is lost":    {k[:2], k[:1], false},
		"other is lost":  {k[:2], k[1:2], false},
		"one more":       {k[:1], k[:2], false},
		"somebody else":  {k[:1], k[1:2], false},
		"another couple": {k[:2], k[1:], false},
	} {
		sealed, err := s.Seal([]byte("head"), plain, c.seal...)
		if err != nil || !bytes.HasPrefix(sealed, []byte("head")) || bytes.Contains(sealed, plain) {
			t.Fatalf("%s: %v", name, err)
		}
		for _, with := range []*Sealer{s, newSealer(t)} { // warm and after a restart
			got, err := with.Open([]byte("dst"), sealed[4:], c.open...)
			if c.good != (err == nil) || c.good != bytes.Equal(got, append([]byte("dst"), plain...)) {
				t.Errorf("%s: %q %v", name, got, err)
			}
			if !c.good && stead.KindOf(err) != stead.Broken {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestSealerRefuses(t *testing.T) {
	s := newSealer(t)
	k := newPersonKeys(t, s, 17)
	if _, err := s.Seal(nil, nil); stead.KindOf(err) != stead.Broken {
		t.Errorf("about nobody: %v", err)
	}
	if _, err := s.Seal(nil, nil, k...); stead.KindOf(err) != stead.Broken {
		t.Errorf("about too many: %v", err)
	}
	if _, err := s.Seal(nil, nil, k[0][1:]); stead.KindOf(err) != stead.Broken {
		t.Errorf("a short key: %v", err)
	}
	bad := bytes.Clone(k[0])
	bad[20] ^= 1
	if _, err := s.Seal(nil, nil, bad); stead.KindOf(err) != stead.Broken || leaks(err.Error()) {
		t.Errorf("an edited key: %v", err)
	}
	other, err := NewSealer(Master{key: [keySize]byte{1}}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Seal(nil, nil, k[0]); stead.KindOf(err) != stead.Broken {
		t.Errorf("another master key: %v", err)
	}
	dry, err := NewSealer(testMaster(t), iotest.ErrReader(errors.New("no entropy")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dry.NewKey(); stead.KindOf(err) != stead.Broken {
		t.Errorf("no randomness for a key: %v", err)
	}
	if _, err := dry.Seal(nil, nil, k[0]); stead.KindOf(err) != stead.Broken {
		t.Errorf("no randomness for a nonce: %v", err)
	}
}

// TestSealerBounds: the ciphers kept ready are bounded, and forgetting drops them.
func TestSealerBounds(t *testing.T) {
	s := newSealer(t)
	first := newPersonKeys(t, s, 2)
	sealed, err := s.Seal(nil, []byte("x"), first...)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range newPersonKeys(t, s, 2*generation+50) {
		if _, err := s.Seal(nil, nil, k); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(nil, sealed, first...); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.near) + len(s.far); n > 2*generation {
		t.Errorf("%d ciphers are kept", n)
	}
	s.Forget(first[1])
	if s.near[string(bytes.Join(first, nil))] != nil || s.near[string(append(bytes.Clone(first[1]), first[0]...))] != nil {
		t.Error("a cipher of a forgotten key is kept")
	}
}

func TestSealerConcurrent(t *testing.T) {
	s := newSealer(t)
	keys := newPersonKeys(t, s, 8)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				pair := [][]byte{keys[i], keys[(i+j)%8]}
				sealed, err := s.Seal(nil, keys[i], pair...)
				if err != nil {
					t.Error(err)
				}
				if plain, err := s.Open(nil, sealed, pair...); err != nil || !bytes.Equal(plain, keys[i]) {
					t.Error(err)
				}
				if j%50 == 0 {
					s.Forget(keys[i])
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkSeal(b *testing.B) {
	s := newSealer(b)
	keys := newPersonKeys(b, s, 2)
	plain, dst := make([]byte, 200), make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Seal(dst, plain, keys...); err != nil {
			b.Fatal(err)
		}
	}
}
