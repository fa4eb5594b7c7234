package outside

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"
)

func (c *caller) login(t *testing.T, account, password, code string) answer {
	t.Helper()
	p := c.w.person(t, account)
	return c.json(t, "POST", c.w.Console+"/v1/login", map[string]any{"directory": p.Directory, "name": p.Name, "password": password, "code": code})
}

// from is a client at another address of this machine.
func from(w *world, address string) *caller {
	c := stranger(w)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	c.http.Transport = &http.Transport{DialContext: d.DialContext}
	return c
}

// Wrong passwords slow down who tries them, and nobody at another address; and himself for half a minute.
func TestWrongPasswords(t *testing.T) {
	w := dev(t)
	sam := w.person(t, "staff/sam")
	thief := from(w, "127.0.0.9")
	slowed := 0
	for range 40 {
		if a := thief.login(t, "staff/sam", "wrong", ""); a.status == 429 {
			slowed++
		} else {
			a.is(t, "a guess", 401, "bad-proof")
		}
	}
	if slowed < 30 {
		t.Errorf("%d of 40 were slowed", slowed)
	}
	from(w, "127.0.0.8").login(t, "staff/sam", sam.Password, w.code(t, "staff/sam")).is(t, "himself, elsewhere", 200)
	a := thief.login(t, "staff/sam", sam.Password, "").is(t, "the thief has it now", 429)
	if a.head.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.advance(t, 31*time.Second)
	thief.login(t, "staff/sam", sam.Password, w.code(t, "staff/sam")).is(t, "half a minute later", 200)
}

// The second factor is tried a few times, then half a minute each: whatever else goes on, from wherever.
func TestCodesAreNotGuessed(t *testing.T) {
	w := dev(t)
	sam := w.person(t, "staff/sam")
	tried := 0
	for i := range 30 {
		c := from(w, "127.0.1."+strconv.Itoa(i+1))
		if a := c.login(t, "staff/sam", sam.Password, fmt.Sprintf("%06d", i)); a.status == 401 {
			tried++
		} else {
			a.is(t, "a guess", 429)
		}
	}
	if tried > 6 {
		t.Errorf("%d codes were tried", tried)
	}
}

// Who has an account is not told by how long the answer takes (C3).
func TestSignInTakesOneTime(t *testing.T) {
	w := dev(t)
	took := map[string][]time.Duration{}
	for i := range 40 {
		for _, name := range []string{"sam", "nobody"} {
			c := from(w, fmt.Sprintf("127.%d.4.%d", len(name), i+1))
			begin := time.Now()
			a := c.json(t, "POST", w.Console+"/v1/login", map[string]any{"directory": "staff", "name": name, "password": "wrong-" + strconv.Itoa(i)})
			took[name] = append(took[name], time.Since(begin))
			a.is(t, name, 401, "bad-proof")
		}
	}
	median := func(d []time.Duration) time.Duration {
		slices.Sort(d)
		return d[len(d)/2]
	}
	known, unknown := median(took["sam"]), median(took["nobody"])
	if gap := (known - unknown).Abs(); gap > max(known, unknown)/4 {
		t.Errorf("known names take %s, others %s", known, unknown)
	}
}
