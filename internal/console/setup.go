package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Setup is the one-time link that a new house begins with. Errors of all methods: refused bad-proof, expired, or
// conflict used, for a token that is wrong, too old or spent; refused second-factor for a code that does not fit; and
// what the verbs behind them say.
type Setup interface {
	// Demo tells whether the link signs in to a demonstration instead of making an administrator. It spends nothing.
	Demo(ctx context.Context, token string) (bool, error)
	// Redeem spends the link of a demonstration and signs in.
	Redeem(ctx context.Context, token string, p authority.Presented) (authority.Signed, error)
	// First notes who becomes the administrator, and gives the secret for his authenticator. It may be called again.
	First(ctx context.Context, token string, p authority.NewPerson) (Secret, error)
	// Finish spends the link: a right code proves that the secret has arrived, and only then is the account made.
	Finish(ctx context.Context, token, code string, p authority.Presented) (authority.Signed, error)
}

// A Secret is what an authenticator is given, in base32 and as an otpauth:// address.
type Secret struct{ Base32, URI string }

// A setupView is the form for the first administrator.
type setupView struct {
	Token, Name, Shown, Directory, Problem string
	Directories                            web.FieldSpec
	Secret                                 Secret
	Side                                   int    // of the drawing, in modules
	Drawing                                string // the modules that are dark, as a path
}

func (c *Console) setupForm(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	demo, err := c.Setup.Demo(r.Context(), token)
	if err != nil {
		return err
	}
	if !demo {
		v := setupView{Token: token, Directories: c.homeOf("")}
		return web.WritePage(r.Context(), w, http.StatusOK, setupPage(v))
	}
	signed, err := c.Setup.Redeem(r.Context(), token, presented(r, c.Cookie))
	if err != nil {
		return err
	}
	c.Cookie.Set(w, signed.Secret, 0)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// homeOf is the choice of the directory an account is kept in.
func (c *Console) homeOf(chosen string) web.FieldSpec {
	f := c.directoryField(chosen)
	f.Options, f.Required = f.Options[1:], true
	return f
}

func (c *Console) setupFirst(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	f := r.PostForm
	v := setupView{Token: f.Get("token"), Name: strings.TrimSpace(f.Get("name")), Shown: strings.TrimSpace(f.Get("shown")),
		Directory: f.Get("directory"), Directories: c.homeOf(f.Get("directory"))}
	err := newPassword(f)
	if err == nil {
		v.Secret, err = c.Setup.First(r.Context(), v.Token, authority.NewPerson{Directory: v.Directory, Name: v.Name, Shown: v.Shown, Password: f.Get("password")})
	}
	switch {
	case err == nil:
		v.Side, v.Drawing = drawn(v.Secret.URI)
		return web.WritePage(r.Context(), w, http.StatusOK, setupCodePage(v))
	case stead.KindOf(err) == stead.Invalid && web.PrefersHTML(r):
		v.Problem = saying(err)
		return web.WritePage(r.Context(), w, web.StatusOf(err), setupPage(v))
	}
	return err
}

// newPassword tells what is wrong with a password that was chosen and typed twice.
func newPassword(f url.Values) error {
	text := stead.WrongPassword(f.Get("password"))
	if text == "" && f.Get("password") != f.Get("again") {
		text = "the two passwords differ"
	}
	if text != "" {
		return stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
	}
	return nil
}

func (c *Console) setupCode(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	f := r.PostForm
	signed, err := c.Setup.Finish(r.Context(), f.Get("token"), f.Get("code"), presented(r, c.Cookie))
	switch {
	case err == nil:
		c.Cookie.Set(w, signed.Secret, 0)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	case stead.ReasonOf(err) == stead.ReasonSecondFactor && web.PrefersHTML(r):
		v := setupView{Token: f.Get("token"), Problem: saying(err)}
		return web.WritePage(r.Context(), w, web.StatusOf(err), setupCodePage(v))
	}
	return err
}

// grouped writes a secret in fours, as authenticators ask for it.
func grouped(s string) string {
	out := ""
	for i := 0; i < len(s); i += 4 {
		out += s[i:min(i+4, len(s))] + " "
	}
	return strings.TrimSpace(out)
}
