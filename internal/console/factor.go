package console

import (
	"net/http"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Factors make secrets for authenticators.
type Factors interface {
	NewSecret() (string, error)
	URI(account, secret string) string
}

// A factorView gives somebody a second factor, or another one.
type factorView struct {
	frame
	Problem string
	Secret  Secret
	Side    int    // of the drawing, in modules
	Drawing string // the modules that are dark, as a path
	Has     bool   // there is one already: its code is asked for instead of the password
	Code    web.FieldSpec
	Proof   web.FieldSpec
}

func (c *Console) factor(v *visit) error {
	if c.Factors == nil {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "this house gives no second factors here")
	}
	secret, err := c.Factors.NewSecret()
	if err != nil {
		return err
	}
	return v.showFactor(http.StatusOK, secret, "")
}

func (v *visit) showFactor(status int, secret, problem string) error {
	h, err := v.c.Authority.Human(v.r.Context(), v.by, v.by.Principal)
	if err != nil {
		return err
	}
	p := factorView{frame: v.frame("A second factor", "Give the secret to an authenticator, then prove that it has arrived."), Problem: problem, Has: h.Code,
		Secret: Secret{Base32: secret, URI: v.c.Factors.URI(h.Directory+"/"+h.Name, secret)}}
	if p.Has {
		p.Title = "Another authenticator"
	}
	p.Code = web.FieldSpec{Name: "code", Label: "Code of the new authenticator", Required: true, Autocomplete: "one-time-code", Inputmode: "numeric", Hint: "The six digits that it shows now."}
	p.Proof = web.FieldSpec{Name: "proof", Label: "Your password", Kind: "password", Required: true, Autocomplete: "current-password", Hint: "So that nobody who finds this page open can do it."}
	if p.Has {
		p.Proof = v.code(true, "What the one you have shows now.", "")
		p.Proof.Name, p.Proof.Label = "proof", "Code of your old authenticator"
	}
	p.Side, p.Drawing = drawn(p.Secret.URI)
	return v.show(status, factorPage(p))
}

func (c *Console) setFactor(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if c.Factors == nil {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "this house gives no second factors here")
	}
	no := c.Authority.SetFactor(v.r.Context(), v.by, authority.NewFactor{Secret: f.Get("secret"), Code: f.Get("code"), Proof: f.Get("proof")})
	switch {
	case v.retell(no):
		return v.showFactor(web.StatusOf(no), f.Get("secret"), saying(no))
	case no != nil:
		return no
	}
	return v.to("/me?done=factor")
}

// factorSince tells since when the reader has a second factor.
func (v *visit) factorSince(p *meView) error {
	h, err := v.c.Authority.Human(v.r.Context(), v.by, v.by.Principal)
	if err != nil || !h.Code {
		return err
	}
	p.Factor = "since the account was made, or an administrator gave it"
	set, err := v.events(authority.EventQuery{Kinds: []string{"factor.set"}, Actor: v.by.Principal, Either: v.by.Principal, Outcome: stead.OK, Newest: true, Limit: 1})
	if len(set) > 0 {
		p.Factor = "since " + v.c.at(set[0].At)
	}
	return err
}

// drawn is a text as a QR code: the side with its quiet border, and the dark modules as one path. What is too long for one
// is not drawn.
func drawn(text string) (side int, path string) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return 0, ""
	}
	const quiet = 4
	var b strings.Builder
	n := code.Bounds().Dx()
	for y := range n {
		for x := range n {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				b.WriteString("M" + versionWord(uint64(x+quiet)) + " " + versionWord(uint64(y+quiet)) + "h1v1h-1z")
			}
		}
	}
	return n + 2*quiet, b.String()
}
