package gateway

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// noticeFacts are what the notice says on the pages of an application that the mandate does not cover: there the actor
// is served as himself (R14).
type noticeFacts struct {
	Subject, Actor string
	App            string // where he acts
	There          string // its address; "" when it is not behind this gateway
}

// elsewhere tells whether whoever is himself here acts for somebody in another application.
func (v *visit) elsewhere() bool {
	return !v.acting() && v.status.Acting && v.status.Mandate.State == stead.Active
}

// notice gathers what the notice says on a page that answers r.
func (g *Gateway) notice(r *http.Request, v *visit) noticeFacts {
	st := &v.status
	n := noticeFacts{Subject: st.Subject.DisplayName(), Actor: st.Actor.DisplayName()}
	for _, id := range st.Mandate.Scope.Apps {
		if n.App == "" {
			n.App = g.label(id)
		}
		at := slices.IndexFunc(g.Apps, func(a App) bool { return a.ID == id })
		if at >= 0 {
			n.App, n.There = g.label(id), web.ClientOf(r).Scheme()+"://"+g.Apps[at].Canonical()+"/"
			break
		}
	}
	return n
}

func (g *Gateway) label(id stead.AppID) string {
	if name := g.Labels[string(id)]; name != "" {
		return name
	}
	return string(id)
}

// drawNotice is drawn into the page that h is the head of.
func (t *trip) drawNotice(h http.Header) (head, body []byte, err error) {
	if head, _, err = t.drawGuard(h); err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	if err := noticeView(t.g.notice(t.in, t.v)).Render(context.Background(), &b); err != nil {
		return nil, nil, stead.Because(err, "draw the notice")
	}
	return append(head, styleLink...), asciiOnly(b.String()), nil
}
