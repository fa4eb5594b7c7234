package authority

import "github.com/steadhq/stead"

// Unheard is a request that a door refused before anybody was asked who sent it.
type Unheard struct {
	Address            string // of the client
	Host, Method, Path string // as sent, made safe to show; never a query
	Because            string // what was wrong with it
	Suppressed         uint64 // how many more from there were refused and have no event of their own
}

// Unheard records the refusal, with the reason of no. Nobody waits for it, and whoever sent it is not known: the event is
// Stead's own.
func (a *Authority) Unheard(u Unheard, no error) {
	e := stead.Event{Kind: "request.denied", Outcome: stead.No, Reason: stead.ReasonOf(no)}
	for k, v := range map[string]string{"host": u.Host, "method": u.Method, "path": u.Path, "because": u.Because} {
		e.What = with(e.What, k, v)
	}
	if u.Suppressed > 0 {
		e.Who = with(e.Who, "suppressed", number(int(u.Suppressed)))
	}
	if !a.later.offer(a.stamp(By{Address: u.Address}, stead.Change{Event: e})) {
		a.Alarm("a refused request was not recorded: too much waits to be written")
	}
}
