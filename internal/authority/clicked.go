package authority

import "github.com/steadhq/stead"

// A Click is what a browser says was pressed on a page. It is the browser's word and nobody else's (R30).
type Click struct {
	Kind  string `json:"kind"`  // "button" or "link"
	Label string `json:"label"` // what stands on it, never what stands in a field
	Page  string `json:"-"`     // path of the page
}

// Clicked records what the browser of q's actor reports. Nobody waits for it, and nothing else waits for it either: where
// too much waits to be written it is left out, and said.
func (a *Authority) Clicked(q stead.Question, clicks []Click) {
	for _, c := range clicks {
		e := stead.Event{
			Kind: "page.clicked", Actor: q.Actor, Subject: q.Subject, Mandate: q.Mandate, Session: q.Session, App: q.Resource.App,
			Who: stead.Fields{}, What: stead.Fields{"control": c.Kind, "path": c.Page, "evidence": "browser"},
		}
		e.What = with(e.What, "label", c.Label)
		if !a.later.offer(people(e, q, a.parties(q), a.NewID, a.Now())) {
			a.Alarm("clicks were not recorded: too much waits to be written")
			return
		}
	}
}
