package house

import (
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// unheard records what the doors of every listener refuse before anybody is asked who sent it. Each has its event, until
// an address does it so often that recording would be its weapon: then it is counted, and the count stands in its next
// event, or after a while in one of its own.
type unheard struct {
	limit web.Limiter
	write func(authority.Unheard, error)
}

// An address is recorded unheardBurst times at once and then every unheardEach. Because at most unheardFrom addresses are
// told apart, all of them together are recorded no oftener than a hundred times a second for good.
const (
	unheardBurst = 20
	unheardEach  = 10 * time.Second
	unheardFrom  = 1000
)

func newUnheard(a *authority.Authority) *unheard {
	return &unheard{web.Limiter{Every: unheardEach, Burst: unheardBurst, Max: unheardFrom, Now: a.Now}, a.Unheard}
}

// refused is told of a request and its no.
func (u *unheard) refused(r *http.Request, no error) {
	address := ""
	if a := web.ClientOf(r).Addr; a.IsValid() {
		address = a.String()
	}
	v := u.limit.Take(authority.Household(address))
	if !v.OK {
		return
	}
	u.write(authority.Unheard{Address: address, Host: plain(r.Host), Method: plain(r.Method), Path: plain(pathOf(r)),
		Because: plain(no.Error()), Suppressed: v.Suppressed}, no)
}

// unread is told of bytes that are no request.
func (u *unheard) unread(from net.Addr, status string) {
	address, _, err := net.SplitHostPort(from.String())
	if err != nil {
		address = from.String()
	}
	v := u.limit.Take(authority.Household(address))
	if v.OK {
		no := stead.E(stead.Invalid, stead.ReasonRequest, "this is no request")
		u.write(authority.Unheard{Address: address, Because: "no request: " + plain(status), Suppressed: v.Suppressed}, no)
	}
}

// pathOf is what was asked for without its query, however that is written: it may hold a secret.
func pathOf(r *http.Request) string {
	path := r.RequestURI
	if !strings.HasPrefix(path, "/") {
		path = r.URL.EscapedPath() // a whole address may hold a password
	}
	if at := beyondPath.FindStringIndex(path); at != nil {
		path = path[:at[0]]
	}
	return path
}

// beyondPath is where a query, a parameter or a fragment begins, encoded as often as may be.
var beyondPath = regexp.MustCompile(`(?i)[?;#]|%(25)*(3f|3b|23)`)

// plain is what a stranger wrote, short, and with every byte visible.
func plain(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most]
	}
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}

// tell records the counts that no next event has told.
func (u *unheard) tell() {
	no := stead.E(stead.Refused, stead.ReasonTooMany, "refused too often to be recorded one by one")
	for address, n := range u.limit.Suppressed() {
		u.write(authority.Unheard{Address: address, Suppressed: n}, no)
	}
}
