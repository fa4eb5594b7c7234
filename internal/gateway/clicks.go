package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

const (
	clicksPath  = "/.stead/clicks"
	maxReport   = 8 << 10 // of one report, in bytes
	maxClicks   = 20      // in one report
	clicksAfter = 120     // of one session in a minute; what comes beyond is refused
	maxLabel    = 80      // letters of a label
)

// A report is what the indicator's script says was clicked on one page of a mandate.
type report struct {
	Mandate stead.MandateID   `json:"mandate"`
	Page    string            `json:"page"` // path, without its query
	Clicks  []authority.Click `json:"clicks"`
}

// clicks takes the report of a browser, where the application's rules have clicks recorded (R30, R34). It is the browser's
// word and marked so: a script of the page could say the same. Whoever does not act here says nothing.
func (g *Gateway) clicks(w http.ResponseWriter, r *http.Request) error {
	if err := (web.CrossSite{}).Check(r); err != nil {
		return err
	}
	if r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return web.Unheard(stead.E(stead.Refused, stead.ReasonCrossSite, "only a page of this host tells what was clicked in it"))
	}
	st, by, err := g.mine(r)
	if err != nil {
		return web.Unheard(err)
	}
	here, _ := g.at(r.Host)
	if !here.app.Clicks {
		return web.Unheard(stead.E(stead.Missing, stead.ReasonNoRoute, "no clicks are recorded here"))
	}
	said, err := readReport(w, r)
	if err != nil {
		return web.Unheard(err)
	}
	if m := &st.Mandate; !st.Acting || m.State != stead.Active || m.ID != said.Mandate || !slices.Contains(m.Scope.Apps, here.app.ID) || !here.holds(m, r) {
		return web.Unheard(stead.E(stead.Refused, stead.ReasonEnded, "nobody acts here under that mandate"))
	}
	if !g.clicked.may(by.Session, len(said.Clicks), g.Now()) {
		return web.Unheard(stead.E(stead.Refused, stead.ReasonRequest, "more clicks than a person makes"))
	}
	for i := range said.Clicks {
		said.Clicks[i] = here.app.recorded(said.Clicks[i], said.Page)
	}
	c := web.ClientOf(r)
	g.Decider.Clicked(stead.Question{Session: by.Session, Actor: by.Principal, Subject: st.Subject.ID, Mandate: st.Mandate.ID,
		Resource: stead.Resource{App: here.app.ID}, Context: stead.Context{Address: address(c), Client: c.Mark}}, said.Clicks)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readReport reads no more than a report is long.
func readReport(w http.ResponseWriter, r *http.Request) (report, error) {
	var said report
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReport))
	d.DisallowUnknownFields()
	if err := d.Decode(&said); err != nil || d.Decode(&struct{}{}) != io.EOF {
		return said, wrong("this is no report of clicks of at most %d KiB", maxReport>>10)
	}
	known := func(c authority.Click) bool { return c.Kind == "button" || c.Kind == "link" }
	if n := len(said.Clicks); n == 0 || n > maxClicks || slices.ContainsFunc(said.Clicks, func(c authority.Click) bool { return !known(c) || c.Page != "" }) {
		return said, wrong("a report has 1 to %d clicks, on buttons and links", maxClicks)
	}
	if path, _, query := strings.Cut(said.Page, "?"); query || localPath(path) != path {
		return said, wrong("a report is about one page of this host, by its path")
	}
	return said, nil
}

// recorded is c as it is recorded: one line, cut, without secrets.
func (a *App) recorded(c authority.Click, page string) authority.Click {
	bare := func(s string, most int) string {
		r := []rune(short(string(hidden(a.Secrets, []byte(s)))))
		return string(r[:min(len(r), most)])
	}
	return authority.Click{Kind: c.Kind, Label: bare(c.Label, maxLabel), Page: bare(page, maxTitle)}
}

// presses bound how many clicks of one session are recorded within a minute.
type presses struct {
	mu    sync.Mutex
	since time.Time
	count map[stead.SessionID]int
}

func (p *presses) may(id stead.SessionID, n int, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == nil || len(p.count) > maxTallied || !now.Before(p.since.Add(time.Minute)) {
		p.since, p.count = now, map[stead.SessionID]int{}
	}
	p.count[id] += n
	return p.count[id] <= clicksAfter
}
