package gateway

import (
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// statusAnswer is what programs, and the bar, read.
type statusAnswer struct {
	Acting         bool            `json:"acting"`
	Actor          *person         `json:"actor"`
	Subject        *person         `json:"subject"`
	Mandate        stead.MandateID `json:"mandate,omitempty"`
	Mode           stead.Mode      `json:"mode,omitempty"`
	Now            time.Time       `json:"now"`
	Until          time.Time       `json:"until,omitzero"`
	WarnAt         time.Time       `json:"warn_at,omitzero"`
	WarnsOf        string          `json:"warns_of,omitempty"`
	ExtensionsLeft int             `json:"extensions_left"`
	Epoch          string          `json:"epoch,omitempty"`      // of this browser's pages on a shared host
	Unseen         stead.MandateID `json:"end_unseen,omitempty"` // its end was not acknowledged at this host yet
	Pending        *pendingAnswer  `json:"pending,omitempty"`    // what was asked for here and has not begun
}

// pendingAnswer is a request: asked waits for approvals, approved for the same POST once more, until start_by.
type pendingAnswer struct {
	Mandate stead.MandateID `json:"mandate"`
	State   stead.State     `json:"state"`
	StartBy time.Time       `json:"start_by"`
}

// status tells who is here and for whom. It is no activity and acknowledges nothing.
func (g *Gateway) status(w http.ResponseWriter, r *http.Request) error {
	st, by, err := g.mine(r)
	if err != nil {
		return g.orSignIn(w, r, err)
	}
	here, _ := g.at(r.Host)
	if here.label != "" && !here.holds(&st.Mandate, r) {
		st.Acting = false // another mandate has a host of its own
	}
	a := statusAnswer{Actor: personOf(st.Actor), Subject: personOf(st.Actor), Now: g.Now().UTC(), Until: st.Until.UTC(), WarnAt: st.WarnAt.UTC(), WarnsOf: st.WarnsOf}
	if unseen, ok := g.unseen(r, st); ok {
		a.Unseen = unseen
	}
	if g.app(r.Host).Shared {
		a.Epoch = g.epochOf(r)
	}
	if st.Acting {
		a.Acting, a.Subject, a.Mandate, a.Mode = true, personOf(st.Subject), st.Mandate.ID, st.Mandate.Mode
		a.ExtensionsLeft = st.ExtensionsLeft
	}
	if m, ok := g.pending(r.Context(), by, g.app(r.Host).ID); ok && here.label == "" { // what a page's script need not know
		a.Pending = &pendingAnswer{m.ID, m.State, m.StartBy.UTC()}
	}
	if !web.PrefersHTML(r) {
		return web.WriteJSON(w, http.StatusOK, a)
	}
	page := endFacts{Title: "Who you are here", Lead: "You are here as yourself.", Who: st.Actor.DisplayName(), Mandate: string(a.Mandate)}
	page.Facts = [][2]string{{"You are", st.Actor.DisplayName()}, {"Session until", clock(st.SessionUntil)}}
	if st.Acting {
		page.Lead, page.Facts = "You act for "+st.Subject.DisplayName()+".", acting(st)
	}
	return web.WritePage(r.Context(), w, http.StatusOK, statusView(page))
}
