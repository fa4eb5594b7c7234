package console

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A linkView shows the link to another authenticator to whom is to pass it on.
type linkView struct {
	frame
	Name, Link, Until, Back string
}

// lostFactor asks for the link, and shows it where no second person must agree.
func (v *visit) lostFactor(p stead.Principal, f url.Values) (templ.Component, error) {
	out, err := v.c.Authority.AskFactor(v.r.Context(), v.by, p.ID, f.Get("reason"))
	return v.linkShown(p, out), err
}

// agreeFactor is the second person's yes.
func (v *visit) agreeFactor(p stead.Principal, _ url.Values) (templ.Component, error) {
	out, err := v.c.Authority.AllowFactor(v.r.Context(), v.by, p.ID)
	return v.linkShown(p, out), err
}

// vouch says that somebody is a person of his own.
func (v *visit) vouch(p stead.Principal, f url.Values) (templ.Component, error) {
	_, err := v.c.Authority.Vouch(v.r.Context(), v.by, p.ID, f.Get("reason"))
	return nil, err
}

func (v *visit) linkShown(p stead.Principal, out authority.FactorLink) templ.Component {
	if out.Link == "" {
		return nil
	}
	return linkPage(linkView{frame: v.frame("A link for "+p.DisplayName(), "Give it to nobody else, and not by mail: who has it sets up the authenticator, with the password of the account, or chooses one where it has none."), Name: p.DisplayName(),
		Link: v.c.Origin + "/factor?" + url.Values{"link": {out.Link}}.Encode(), Until: v.c.at(out.Until), Back: "/people/" + url.PathEscape(string(p.ID))})
}

// A lostView sets up another authenticator by a link, or a password and the first one.
type lostView struct {
	Link, Account, Problem string
	Secret                 Secret
	Side                   int
	Drawing                string
	Code                   web.FieldSpec
	Passwords              []web.FieldSpec
	Done                   bool
}

// newFactor shows whoever has a link the secret of another authenticator. Nobody is signed in here.
func (c *Console) newFactor(w http.ResponseWriter, r *http.Request) error {
	secret, err := c.Factors.NewSecret()
	if err != nil {
		return err
	}
	return c.showLost(w, r, http.StatusOK, r.URL.Query().Get("link"), secret, "")
}

func (c *Console) showLost(w http.ResponseWriter, r *http.Request, status int, link, secret, problem string) error {
	linked, err := c.Authority.FactorLinked(r.Context(), link)
	if err != nil {
		return err
	}
	p := linked.Account
	account := p.Directory + "/" + p.Name
	v := lostView{Link: link, Account: p.DisplayName() + " (" + account + ")", Problem: problem, Secret: Secret{Base32: secret, URI: c.Factors.URI(account, secret)}}
	v.Side, v.Drawing = drawn(v.Secret.URI)
	v.Code = web.FieldSpec{Name: "code", Label: "Code of the new authenticator", Required: true, Autocomplete: "one-time-code", Inputmode: "numeric", Hint: "The six digits that it shows now."}
	v.Passwords = []web.FieldSpec{{Name: "password", Label: "Your password", Kind: "password", Required: true, Autocomplete: "current-password"}}
	if linked.Chooses {
		v.Passwords = chosenPassword("New password")
	}
	return web.WritePage(r.Context(), w, status, lostPage(v))
}

func (c *Console) useLink(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	f, at := r.PostForm, presented(r, c.Cookie)
	var no error
	if f.Has("again") {
		no = newPassword(f)
	}
	if no == nil {
		no = c.Authority.UseFactorLink(r.Context(), authority.LinkedFactor{Link: f.Get("link"), Password: f.Get("password"), Secret: f.Get("secret"), Code: f.Get("code"),
			Host: at.Host, Address: at.Address, Client: at.Client})
	}
	switch {
	case no == nil:
		return web.WritePage(r.Context(), w, http.StatusOK, lostPage(lostView{Done: true}))
	case web.PrefersHTML(r) && (stead.KindOf(no) == stead.Refused || stead.KindOf(no) == stead.Invalid):
		return c.showLost(w, r, web.StatusOf(no), f.Get("link"), f.Get("secret"), saying(no))
	}
	return no
}

// second is what is done after the secret has arrived.
func (v lostView) second() string {
	if len(v.Passwords) > 1 {
		return "2. Choose a password, and prove it"
	}
	return "2. Prove it"
}

func (v lostView) lead() string {
	if v.Done {
		return ""
	}
	return "For " + v.Account + ". This link works once."
}
