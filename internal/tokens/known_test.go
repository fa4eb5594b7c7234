package tokens

import (
	"crypto"
	"strconv"
	"testing"
)

// A withdrawn ring publishes nothing once it is told so.
type withdrawn struct {
	Keys
	gone bool
}

func (w *withdrawn) PublicKey(kid string) crypto.PublicKey {
	if w.gone {
		return nil
	}
	return w.Keys.PublicKey(kid)
}

// E9: a token that was read before counts no longer than the key that signed it, nor than its own time.
func TestReadAgain(t *testing.T) {
	c := &clock{noon}
	ring := &withdrawn{Keys: newRing(t, c)}
	k := &Keeper{Issuer: origin, Keys: ring, Now: c.Now}
	text, err := k.Mint(wholeToken())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := k.Read(text); err != nil {
			t.Fatal(err)
		}
	}
	ring.gone = true
	if _, err := k.Read(text); err == nil {
		t.Error("the key of this token is not published any more")
	}
	ring.gone = false
	c.now = wholeToken().Until
	if _, err := k.Read(text); err == nil {
		t.Error("this token is over")
	}
}

// What is remembered does not grow, and what is asked for stays.
func TestKnownForgets(t *testing.T) {
	var k known[int]
	k.put([]byte("asked"), -1)
	for i := range 5 * generation {
		k.put([]byte(strconv.Itoa(i)), i)
		if n := len(k.now) + len(k.old); n > 2*generation {
			t.Fatalf("%d are held", n)
		}
		if _, found := k.get([]byte("asked")); !found {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	if _, found := k.get([]byte("0")); found {
		t.Error("nothing was forgotten")
	}
}
