package console

import (
	"net/url"

	"github.com/a-h/templ"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// mostEnded bounds what one deed ends; whoever has more does it again.
const mostEnded = 2000

// signOut ends every session of an account, but for the one in which it is asked.
func (v *visit) signOut(p stead.Principal, _ url.Values) (templ.Component, error) {
	for range mostEnded / fewOf {
		page, _, err := v.c.Authority.SessionPage(v.r.Context(), v.by, p.ID, authority.Place{}, fewOf)
		if err != nil {
			return nil, err
		}
		ended := 0
		for _, e := range page {
			if e.ID == v.by.Session {
				continue
			}
			if err := v.c.Authority.EndSession(v.r.Context(), v.by, e.ID); err != nil && stead.KindOf(err) != stead.Missing {
				return nil, err
			}
			ended++
		}
		if ended == 0 || len(page) < fewOf {
			break
		}
	}
	return nil, nil
}

// stop ends every mandate that an account holds or is acted under.
func (v *visit) stop(p stead.Principal, f url.Values) (templ.Component, error) {
	if f.Get("reason") == "" {
		return nil, stead.E(stead.Invalid, stead.ReasonReason, "say why: it stands in the trail")
	}
	for _, q := range []authority.MandateQuery{{All: true, Actor: p.ID, Limit: fewOf}, {All: true, Subject: p.ID, Limit: fewOf}} {
		for range mostEnded / fewOf {
			page, _, err := v.c.Authority.MandatePage(v.r.Context(), v.by, q)
			if err != nil {
				return nil, err
			}
			for _, m := range page {
				_, err := v.c.Authority.Revoke(v.r.Context(), v.by, m.ID, f.Get("reason"))
				if kind := stead.KindOf(err); err != nil && kind != stead.Missing && kind != stead.Conflict { // it may have ended meanwhile
					return nil, err
				}
			}
			if len(page) < fewOf {
				break
			}
		}
	}
	return nil, nil
}

func (v *visit) disable(p stead.Principal, f url.Values) (templ.Component, error) {
	yes := true
	return nil, v.change(p, f, authority.Edit{Disabled: &yes})
}

func (v *visit) remove(p stead.Principal, f url.Values) (templ.Component, error) {
	yes := true
	return nil, v.change(p, f, authority.Edit{Deleted: &yes})
}

func (v *visit) erase(p stead.Principal, _ url.Values) (templ.Component, error) {
	return nil, v.c.Authority.Erase(v.r.Context(), v.by, p.ID)
}

// change changes the account that the page showed, as it was shown.
func (v *visit) change(p stead.Principal, f url.Values, e authority.Edit) error {
	by := v.by
	by.Proviso = authority.Proviso{Kind: stead.KindPrincipal, ID: string(p.ID), Tags: f.Get("version")}
	_, err := v.c.Authority.Change(v.r.Context(), by, p.ID, e)
	return err
}
