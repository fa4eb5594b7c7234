package keys

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/steadhq/stead"
)

// canary is key material that must never be seen: S-I33.
var canary = []byte("CANARY-CANARY-CANARY-CANARY-1234")

func testMaster(t testing.TB) Master {
	t.Helper()
	m, err := ParseMaster(base64.StdEncoding.EncodeToString(canary))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// leaks tells whether text holds key material, plain or encoded.
func leaks(text string) bool {
	for _, form := range []string{string(canary[:12]), base64.StdEncoding.EncodeToString(canary)[:12], fmt.Sprintf("%x", canary[:8]), fmt.Sprint(canary[:8])[1:20]} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
			return true
		}
	}
	return false
}

func TestMasterNeverPrints(t *testing.T) { // S-I33
	m := testMaster(t)
	box, err := NewBox(m, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{m, &m, struct{ M Master }{m}, []Master{m}, map[string]Master{"a": m}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if text := fmt.Sprintf(verb, v); leaks(text) {
				t.Errorf("%s of %T prints the key", verb, v)
			}
		}
		if b, err := json.Marshal(v); err == nil || leaks(string(b)+err.Error()) {
			t.Errorf("JSON of %T: %v", v, err)
		}
	}
	if leaks(fmt.Sprintf("%+v", box)) {
		t.Error("a box prints the key")
	}
}

func TestParseMasterRefuses(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(canary)
	for _, bad := range []string{"", "x", good[:40], good + good, strings.Repeat("A", 43) + "=", good[:42] + "5="} {
		_, err := ParseMaster(bad)
		if stead.KindOf(err) != stead.Invalid || leaks(err.Error()) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestMasterFile(t *testing.T) { // L4
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	if _, err := LoadMaster(path); stead.KindOf(err) != stead.Missing {
		t.Errorf("no file: %v", err)
	}
	made, err := CreateMaster(path, bytes.NewReader(canary))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	loaded, err := LoadMaster(path)
	if err != nil || loaded != made || loaded != testMaster(t) {
		t.Errorf("loaded another key: %v", err)
	}
	if _, err := CreateMaster(path, rand.Reader); stead.KindOf(err) != stead.Conflict {
		t.Errorf("made twice: %v", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadMaster(path); stead.KindOf(err) != stead.Refused || !strings.Contains(err.Error(), "chmod 600") || leaks(err.Error()) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := LoadMaster(dir); stead.KindOf(err) != stead.Refused {
		t.Errorf("a directory: %v", err)
	}
	if _, err := CreateMaster(filepath.Join(dir, "other"), bytes.NewReader(nil)); stead.KindOf(err) != stead.Broken {
		t.Errorf("no randomness: %v", err)
	}
	if _, err := CreateMaster(filepath.Join(dir, "none", "key"), rand.Reader); stead.KindOf(err) != stead.Broken {
		t.Errorf("no directory: %v", err)
	}
}

func TestBox(t *testing.T) {
	box, err := NewBox(testMaster(t), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := box.Seal("totp/prn_a", canary)
	if err != nil || bytes.Contains(sealed, canary[:8]) {
		t.Fatalf("sealed %v", err)
	}
	if plain, err := box.Open("totp/prn_a", sealed); err != nil || !bytes.Equal(plain, canary) {
		t.Fatalf("opened %v", err)
	}
	again, err := box.Seal("totp/prn_a", canary)
	if err != nil || bytes.Equal(again, sealed) {
		t.Error("sealing twice gives the same bytes")
	}
	if _, err := box.Open("totp/prn_b", sealed); stead.KindOf(err) != stead.Broken || leaks(err.Error()) {
		t.Errorf("another label: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := box.Open("totp/prn_a", bad); stead.KindOf(err) != stead.Broken || leaks(err.Error()) {
			t.Errorf("byte %d: %v", i, err)
		}
		if _, err := box.Open("totp/prn_a", sealed[:i]); stead.KindOf(err) != stead.Broken {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	broken, err := NewBox(testMaster(t), iotest.ErrReader(errors.New("no entropy")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := broken.Seal("a", canary); stead.KindOf(err) != stead.Broken || leaks(err.Error()) {
		t.Errorf("no randomness: %v", err)
	}
}

func TestFrameIsInjective(t *testing.T) { // R32
	if bytes.Equal(frame("ab", "c"), frame("a", "bc")) || bytes.Equal(frame("a"), frame("a", "")) {
		t.Error("two lists give the same bytes")
	}
}

// memory keeps secrets as the store does; with fail it can not, and before is what happens just before it does.
type memory struct {
	mu     sync.Mutex
	kept   map[string][]byte
	fail   error
	before func()
}

func (m *memory) Secret(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.kept[name]; ok {
		return b, nil
	}
	return nil, stead.E(stead.Missing, stead.ReasonNone, "no secret %q", name)
}

func (m *memory) PutSecret(_ context.Context, name string, was, sealed []byte) error {
	if m.before != nil {
		m.before()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if !bytes.Equal(m.kept[name], was) {
		return stead.E(stead.Conflict, stead.ReasonStale, "something else is under %q", name)
	}
	if m.kept == nil {
		m.kept = make(map[string][]byte)
	}
	m.kept[name] = sealed
	return nil
}
