package login

import (
	"net/http"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// stepForm asks for a fresh code.
func (d *Door) stepForm(w http.ResponseWriter, r *http.Request) error {
	next := r.URL.Query().Get("next")
	to, err := d.goal(next)
	if err != nil {
		return err
	}
	return d.in(w, r, func(by authority.By) error {
		v := d.entry(to)
		v.Next, v.DemoCode = next, d.codeOf(by)
		return web.WritePage(r.Context(), w, http.StatusOK, stepPage(v))
	})
}

// stepUp raises the session and gives it a new pass.
func (d *Door) stepUp(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	next := r.PostForm.Get("next")
	to, err := d.goal(next)
	if err != nil {
		return err
	}
	return d.in(w, r, func(by authority.By) error {
		signed, no := d.Sessions.StepUp(r.Context(), by, r.PostForm.Get("code"))
		switch reason := stead.ReasonOf(no); {
		case no == nil:
			d.Cookie.Set(w, signed.Secret, 0)
			return d.lead(w, r, signed.By, to)
		case reason == stead.ReasonTooMany:
			w.Header().Set("Retry-After", retryAfter)
		}
		if !web.PrefersHTML(r) || stead.KindOf(no) == stead.Broken {
			return no
		}
		v := d.entry(to)
		v.Next, v.Problem, v.DemoCode = next, saying(no), d.codeOf(by)
		return web.WritePage(r.Context(), w, web.StatusOf(no), stepPage(v))
	})
}

func (d *Door) codeOf(by authority.By) string {
	if d.Demo == nil {
		return ""
	}
	return d.Demo.CodeOf(by.Principal)
}
