package gateway

import (
	"net/http"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// hidden hears from the indicator that a page did not let it be seen. The page is covered already; whoever runs this
// Stead is told, and nothing is taken from anybody, for a script of the page may say the same.
func (g *Gateway) hidden(w http.ResponseWriter, r *http.Request) error {
	if err := (web.CrossSite{}).Check(r); err != nil {
		return err
	}
	st, by, err := g.mine(r)
	if err != nil {
		return err
	}
	if st.Acting && g.hides.first(by.Session, g.Now()) {
		g.Door.Log.WarnContext(r.Context(), "a page hid the indicator: it was covered", "app", g.app(r.Host).ID,
			"mandate", st.Mandate.ID, "actor", st.Actor.ID, "subject", st.Subject.ID, "page", r.Referer())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// complaints bound how often one session is written about.
type complaints struct {
	mu   sync.Mutex
	last map[stead.SessionID]time.Time
}

// first tells whether the session was not written about within the last minute.
func (c *complaints) first(id stead.SessionID, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, known := c.last[id]; known && now.Before(t.Add(time.Minute)) {
		return false
	}
	if c.last == nil || len(c.last) > maxTallied {
		c.last = map[stead.SessionID]time.Time{}
	}
	c.last[id] = now
	return true
}
