package authority

import (
	"maps"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/steadhq/stead"
)

// guesses slow down whoever tries passwords or codes. They count per account and address together, and per address, so
// that nobody can lock out somebody else by guessing at his account from elsewhere.
type guesses struct {
	mu   sync.Mutex
	now  func() time.Time
	left map[string]allowance
}

type allowance struct {
	tokens float64
	at     time.Time
}

const (
	perAccount = 6  // wrong guesses in a row at one account from one address
	perAddress = 60 // at all accounts from one address
	oneMore    = 30 * time.Second
)

// A Held is a no to somebody who tries too fast. Wait is when it is worth trying again.
type Held struct {
	no   *stead.Error
	Wait time.Duration
}

func (h *Held) Error() string { return h.no.Error() }
func (h *Held) Unwrap() error { return h.no }

// TooMany is that no.
func TooMany(wait time.Duration, text string) error {
	return &Held{stead.E(stead.Refused, stead.ReasonTooMany, "%s", text), wait}
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, left: map[string]allowance{}}
}

// allow takes one guess. Without an address the account alone is counted: codes, which only who knows the password can
// try. An address that has no guess left names no more accounts, so that it cannot fill what is remembered.
func (g *guesses) allow(account, address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.left) > remembered {
		g.forget()
	}
	address = Household(address)
	if address != "" && !g.take(address, perAddress, oneMore/10) {
		return false
	}
	return g.take(account+"\n"+address, perAccount, oneMore)
}

// Household is what one caller can have as many addresses of as he likes: of IPv6 the /64, of IPv4 the address.
func Household(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || !ip.Unmap().Is6() {
		return address
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// forget drops who has every guess again, and if that is not enough, all but those of codes: no flood of names gives
// anybody new guesses at a second factor.
func (g *guesses) forget() {
	now := g.now()
	maps.DeleteFunc(g.left, func(_ string, a allowance) bool { return now.Sub(a.at) >= perAccount*oneMore })
	if len(g.left) > remembered {
		maps.DeleteFunc(g.left, func(key string, _ allowance) bool { return !strings.HasSuffix(key, "\n") })
	}
}

func (g *guesses) take(key string, most float64, each time.Duration) bool {
	now := g.now()
	a, known := g.left[key]
	if !known {
		a = allowance{tokens: most, at: now}
	}
	a.tokens = min(most, a.tokens+float64(now.Sub(a.at))/float64(each))
	a.at = now
	ok := a.tokens >= 1
	if ok {
		a.tokens--
	}
	g.left[key] = a
	return ok
}

// clear forgets the guesses of who got it right.
func (g *guesses) clear(account, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.left, account+"\n"+Household(address))
}
