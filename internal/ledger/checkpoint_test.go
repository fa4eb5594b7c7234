package ledger

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/note"
)

func TestCheckpoint(t *testing.T) {
	m := newMemory(t, 300)
	head, err := Open(m.st.Head.Note, m.key)
	if err != nil || !cmp.Equal(head, m.st.Head) {
		t.Fatalf("opened %v, %v", head, err)
	}
	opened, err := note.Open(m.st.Head.Note, note.VerifierList(m.key))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(opened.Text, "\n"); lines[0] != "stead.test/log" || lines[1] != "300" {
		t.Errorf("text %q", opened.Text)
	}
	empty := newMemory(t, 0)
	if head, err := Open(empty.st.Head.Note, m.key); err != nil || head.Root != (Edge{}).Root() {
		t.Errorf("the empty log: %v", err)
	}
}

// TestCheckpointTamper flips every bit: S-I31.
func TestCheckpointTamper(t *testing.T) {
	m := newMemory(t, 300)
	for i := range m.st.Head.Note {
		for bit := range 8 {
			bad := bytes.Clone(m.st.Head.Note)
			bad[i] ^= 1 << bit
			if head, err := Open(bad, m.key); err == nil && (head.Size != 300 || head.Root != m.st.Head.Root) {
				t.Fatalf("byte %d, bit %d: taken as %d", i, bit, head.Size)
			}
		}
	}
}

// TestCheckpointForms signs what is no checkpoint: only the one form is taken.
func TestCheckpointForms(t *testing.T) {
	m := newMemory(t, 300)
	root := strings.Split(string(m.st.Head.Note), "\n")[2]
	for _, text := range []string{
		"other.test/log\n300\n" + root + "\n",
		"stead.test/log\n0300\n" + root + "\n",
		"stead.test/log\n+300\n" + root + "\n",
		"stead.test/log\n-1\n" + root + "\n",
		"stead.test/log\n9223372036854775808\n" + root + "\n",
		"stead.test/log\n300\n" + root[:43] + "\n",
		"stead.test/log\n300\n" + root + "=\n",
		"stead.test/log\n300\n" + root[:42] + "B=\n",
		"stead.test/log\n300\n" + root + "\nextension\n",
		"stead.test/log\n300\n",
		"\n",
	} {
		signed, err := note.Sign(&note.Note{Text: text}, noteSigner{m.signer})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(signed, m.key); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	signed, err := note.Sign(&note.Note{Text: "stead.test/log\n300\n" + root + "\n"}, noteSigner{m.signer})
	if err != nil || !bytes.Equal(signed, m.st.Head.Note) {
		t.Errorf("note.Sign writes it otherwise: %q", signed)
	}
}

type noteSigner struct{ s *Signer }

func (n noteSigner) Name() string                    { return n.s.origin }
func (n noteSigner) KeyHash() uint32                 { return n.s.hash }
func (n noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(n.s.key, msg), nil }

func TestKeysRefused(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for _, origin := range []string{"", "two words", "a+b"} {
		if _, err := NewSigner(origin, key); stead.KindOf(err) != stead.Invalid {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
	if _, err := NewSigner("ok", key[:20]); stead.KindOf(err) != stead.Invalid {
		t.Errorf("short key: %v", err)
	}
	if _, err := VerifierKey("ok", nil); stead.KindOf(err) != stead.Invalid {
		t.Errorf("no key: %v", err)
	}
	if _, err := Verifier("nonsense"); stead.KindOf(err) != stead.Invalid {
		t.Errorf("no verifier key: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	m := newMemory(f, 300)
	f.Add(m.st.Head.Note)
	f.Add([]byte("stead.test/log\n300\n"))
	f.Fuzz(func(t *testing.T, signed []byte) {
		head, err := Open(signed, m.key)
		if err == nil && (head.Size != 300 || head.Root != m.st.Head.Root) {
			t.Fatalf("taken as %d", head.Size)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	m := newMemory(b, 300)
	b.ReportAllocs()
	for b.Loop() {
		m.signer.Sign(m.st.Head.Size, m.st.Head.Root)
	}
}
