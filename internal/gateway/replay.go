package gateway

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/steadhq/stead"
)

const (
	maxVisitors = 10_000
	maxFact     = 1 << 10 // bytes of one fact
)

// visitors remembers what people's own browsers told applications, where the rules ask for it, and that they were there.
type visitors struct {
	mu   sync.Mutex
	seen map[visitor]*facts
}

type visitor struct {
	who stead.PrincipalID
	app stead.AppID
}

// facts are what a browser says by itself: its languages, and the cookies that are named.
type facts struct {
	language string
	cookies  []pair
}

// note remembers what the own request of somebody says.
func (s *visitors) note(v *visit, r *http.Request) {
	f := &facts{}
	for _, what := range v.app.Replay {
		name, isCookie := strings.CutPrefix(what, "cookie:")
		if !isCookie {
			f.language = r.Header.Get("Accept-Language")
			continue
		}
		for _, p := range pairs(r.Header) {
			if p.name == name && len(p.value) <= maxFact {
				f.cookies = append(f.cookies, p)
			}
		}
	}
	if len(f.language) > maxFact {
		f.language = ""
	}
	key := visitor{v.who.subject.ID, v.app.ID}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || len(s.seen) >= maxVisitors && s.seen[key] == nil {
		s.seen = map[visitor]*facts{}
	}
	s.seen[key] = f
}

// of is what is remembered of a visit's subject, nil when he was not seen here.
func (s *visitors) of(v *visit) *facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[visitor{v.who.subject.ID, v.app.ID}]
}

// replayed are the cookies of the subject's own browser that the application gets again, unless it has set them here.
func (t *trip) replayed(sent map[string]bool) (list []pair) {
	f := t.g.visitors.of(t.v)
	if f == nil {
		return nil
	}
	for _, p := range f.cookies {
		if !sent[p.name] && !t.g.Cookie.Ours(p.name) {
			list = append(list, p)
		}
	}
	return list
}

// speaks has the application told the subject's languages, not the actor's.
func (t *trip) speaks(h http.Header) {
	if !t.v.acting() || !slices.Contains(t.v.app.Replay, "accept-language") {
		return
	}
	if f := t.g.visitors.of(t.v); f != nil && f.language != "" {
		h.Set("Accept-Language", f.language)
	}
}
