package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// authorize shows what a client asks of who is signed in. It changes nothing.
func (d *Door) authorize(w http.ResponseWriter, r *http.Request) error {
	a, err := d.asked(r.Context(), r.URL.RawQuery)
	if err != nil {
		return d.wrong(w, r, a, err)
	}
	by, err := d.by(r)
	if err != nil {
		return d.signIn(w, r, err, "/login", a)
	}
	return d.show(w, r, by, a, http.StatusOK, "")
}

// by tells who sent r.
func (d *Door) by(r *http.Request) (authority.By, error) {
	c := web.ClientOf(r)
	return d.Asks.Present(r.Context(), authority.Presented{Secret: d.Cookie.Read(r), Host: r.Host, Client: c.Mark, Address: c.Addr.String()})
}

// signIn sends somebody to sign in, or to prove more, and back to the request.
func (d *Door) signIn(w http.ResponseWriter, r *http.Request, no error, page string, a ask) error {
	if stead.KindOf(no) == stead.Broken {
		return no
	}
	http.Redirect(w, r, page+"?"+url.Values{"next": {authorizePath + "?" + a.raw}}.Encode(), http.StatusSeeOther)
	return nil
}

// wrong tells what is wrong with a request: the client, once it is known that it is the client, else who sees the page.
func (d *Door) wrong(w http.ResponseWriter, r *http.Request, a ask, err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	if a.redirect == "" {
		return &web.Fault{Err: stead.E(stead.Invalid, stead.ReasonRequest, "%s", plain(f.err)),
			Hint: "Nothing was sent on, as it is not certain who asked. Go back to the program that sent you here, and tell those who look after it."}
	}
	return d.back(w, r, a, f.code, plain(f.err))
}

func (d *Door) back(w http.ResponseWriter, r *http.Request, a ask, code, text string) error {
	http.Redirect(w, r, d.to(a, url.Values{"error": {code}, "error_description": {text}}), http.StatusSeeOther)
	return nil
}

// show writes the page that asks, or why it cannot ask.
func (d *Door) show(w http.ResponseWriter, r *http.Request, by authority.By, a ask, status int, problem string) error {
	p, err := d.Asks.Propose(r.Context(), by, a.wish)
	switch stead.ReasonOf(err) {
	case stead.ReasonNone:
		if err != nil {
			return err
		}
	case stead.ReasonLevel, stead.ReasonSecondFactor:
		return d.signIn(w, r, err, "/step-up", a)
	case stead.ReasonSignIn, stead.ReasonSessionIdle, stead.ReasonSessionOver:
		return d.signIn(w, r, err, "/login", a)
	default:
		return d.never(w, r, a, err)
	}
	goesTo(w, a.redirect)
	return web.WritePage(r.Context(), w, status, consentPage(proposal(p, a, problem, d.Zone)))
}

// never tells the person why there is nothing to agree to, and lets him go back with a no.
func (d *Door) never(w http.ResponseWriter, r *http.Request, a ask, no error) error {
	if k := stead.KindOf(no); k == stead.Broken || errors.As(no, new(*authority.Held)) {
		return no
	}
	v := refusal{Text: plainText(no), Back: d.to(a, url.Values{"error": {"access_denied"}}), Host: hostOf(a.redirect)}
	return web.WritePage(r.Context(), w, web.StatusOf(no), refusedPage(v))
}

// goesTo lets the form of this one answer lead to where the client waits: browsers hold form-action against redirects, too.
func goesTo(w http.ResponseWriter, redirect string) {
	u, err := url.Parse(redirect)
	if err != nil {
		return
	}
	to := u.Scheme + "://" + u.Host
	if strings.HasPrefix(u.Host, "[") {
		to = "http:" // a policy cannot name an IPv6 address
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action ", "form-action "+to+" ", 1))
}

// answer takes the person's yes or no, by a form of ours.
func (d *Door) answer(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	f := r.PostForm
	a, err := d.asked(r.Context(), f.Get("request"))
	if err != nil {
		return d.wrong(w, r, a, err)
	}
	by, err := d.by(r)
	if err != nil {
		return d.signIn(w, r, err, "/login", a)
	}
	a.wish.Shown = f.Get("shown")
	if f.Get("answer") != "yes" {
		if err := d.Asks.Decline(r.Context(), by, a.wish); err != nil {
			return err
		}
		return d.back(w, r, a, "access_denied", "the person said no")
	}
	if a.wish.For, err = chosen(f.Get("for")); err != nil {
		return err
	}
	code, err := d.Asks.Consent(r.Context(), by, a.wish)
	switch {
	case err == nil:
		http.Redirect(w, r, d.to(a, url.Values{"code": {code}}), http.StatusSeeOther)
		return nil
	case stead.KindOf(err) == stead.Broken || errors.As(err, new(*authority.Held)):
		return err
	case stead.ReasonOf(err) == stead.ReasonUsed:
		return d.never(w, r, a, stead.E(stead.Conflict, stead.ReasonUsed, "this was answered already: begin again where you came from"))
	}
	return d.show(w, r, by, a, web.StatusOf(err), plainText(err))
}

// chosen is how long the person says.
func chosen(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 {
		return 0, stead.E(stead.Invalid, stead.ReasonRequest, "say how long as 30m or 8h")
	}
	return length, nil
}

// pushedName begins the name of a pushed request (RFC 9126 2.2).
const pushedName = "urn:ietf:params:oauth:request_uri:"

// pushedLife is how long a pushed request waits to be answered, sign-in included.
const pushedLife = 5 * time.Minute

type pushedAnswer struct {
	Name    string `json:"request_uri"`
	Expires int64  `json:"expires_in"`
}

// push takes a request from its client before a browser comes with its name (RFC 9126).
func (d *Door) push(c *call) (answer, error) {
	if err := d.client(c); err != nil {
		return nil, err
	}
	f := form{}
	for name, v := range c.form {
		switch name {
		case "client_secret", "client_assertion", "client_assertion_type":
		default:
			f[name] = v
		}
	}
	f["client_id"] = c.client
	if f["request_uri"] != "" {
		return nil, says("invalid_request", "a request_uri cannot be pushed")
	}
	if len(c.r.Header["Dpop"]) > 0 {
		key, err := d.proof(c)
		if err != nil {
			return nil, err
		}
		if f["dpop_jkt"] != "" && f["dpop_jkt"] != key.Thumbprint {
			return nil, says("invalid_dpop_proof", "dpop_jkt names another key than the proof")
		}
		f["dpop_jkt"] = key.Thumbprint
	} else if err := d.use(c, "invalid_client"); err != nil {
		return nil, err
	}
	a := ask{form: f}
	if err := d.whole(c.r.Context(), &a); err != nil {
		return nil, err
	}
	values := url.Values{}
	for name, v := range f {
		values.Set(name, v)
	}
	name := pushedName + d.Asks.Push(values.Encode(), d.Now().Add(pushedLife))
	if len(name) > longestAsk/2 {
		return nil, says("invalid_request", "this request is too long")
	}
	return pushedAnswer{name, int64(pushedLife / time.Second)}, nil
}
