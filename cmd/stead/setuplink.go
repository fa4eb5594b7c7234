package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
)

// setupFor is how long the link of a new house is good for.
const setupFor = 30 * time.Minute

// A setupLink is the one-time link that makes the first administrator (console.Setup). Whichever node gave it, all take
// it: it is sealed, what was said on the way is kept with the secrets, and it is spent when there is somebody.
type setupLink struct {
	house   *house.House
	group   string // of the first administrator
	within  string // its directory; "": any
	box     *keys.Box
	secrets keys.Secrets
}

// Labels of what is sealed.
const (
	setupLabel = "setup/link"
	firstLabel = "setup/first"
)

// setupToken makes a link's token.
func setupToken(box *keys.Box, now time.Time) (string, error) {
	until := strconv.FormatInt(now.Add(setupFor).Unix(), 10)
	sealed, err := box.Seal(setupLabel, []byte(until))
	return "setup_" + base64.RawURLEncoding.EncodeToString(sealed), err
}

func (l *setupLink) check(token string) error {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "setup_"))
	if err == nil {
		b, err = l.box.Open(setupLabel, b)
	}
	if err != nil {
		return stead.E(stead.Refused, stead.ReasonBadProof, "this is not the setup link of this server")
	}
	until, err := strconv.ParseInt(string(b), 10, 64)
	switch {
	case err != nil || !l.house.Now().Before(time.Unix(until, 0)):
		return stead.E(stead.Expired, stead.ReasonExpired, "this link is too old: restart the server for a new one")
	case !l.house.Empty():
		return stead.E(stead.Conflict, stead.ReasonUsed, "this link was used already: sign in")
	}
	return nil
}

// Demo says that this is no demonstration.
func (l *setupLink) Demo(_ context.Context, token string) (bool, error) { return false, l.check(token) }

// Redeem is a demonstration's.
func (l *setupLink) Redeem(context.Context, string, authority.Presented) (authority.Signed, error) {
	return authority.Signed{}, stead.E(stead.Refused, stead.ReasonState, "this link makes an administrator")
}

// First notes who becomes the administrator and makes the secret for his authenticator.
func (l *setupLink) First(ctx context.Context, token string, p authority.NewPerson) (console.Secret, error) {
	if err := l.check(token); err != nil {
		return console.Secret{}, err
	}
	if text := (stead.Principal{Directory: p.Directory, Name: p.Name, Shown: p.Shown}).Wrong(); text != "" {
		return console.Secret{}, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
	}
	if l.within != "" && p.Directory != l.within { // a group of that name elsewhere runs nothing, and the link would be spent
		return console.Secret{}, stead.E(stead.Invalid, stead.ReasonRequest, "the first administrator is of the directory %s, whose group %s runs Stead (roles.admin): choose that", l.within, l.group)
	}
	secret, err := l.house.Prover.NewSecret()
	if err != nil {
		return console.Secret{}, err
	}
	p.TOTP, p.Groups = secret, []string{l.group}
	return console.Secret{Base32: secret, URI: directory.URI("Stead", p.Directory+"/"+p.Name, secret)}, l.keep(ctx, p)
}

// keep seals who is about to become the administrator, and in the end nobody. Who says so last it is.
func (l *setupLink) keep(ctx context.Context, p authority.NewPerson) error {
	text, err := json.Marshal(p)
	if err != nil {
		return stead.Because(err, "write who becomes the administrator")
	}
	sealed, err := l.box.Seal(firstLabel, text)
	if err != nil {
		return err
	}
	for {
		was, err := l.sealed(ctx)
		if err != nil {
			return err
		}
		if err = l.secrets.PutSecret(ctx, firstLabel, was, sealed); stead.KindOf(err) != stead.Conflict {
			return err
		}
	}
}

// sealed is what is kept; nil: nothing.
func (l *setupLink) sealed(ctx context.Context) ([]byte, error) {
	sealed, err := l.secrets.Secret(ctx, firstLabel)
	if stead.KindOf(err) == stead.Missing {
		return nil, nil
	}
	return sealed, err
}

func (l *setupLink) kept(ctx context.Context) (p authority.NewPerson, err error) {
	sealed, err := l.sealed(ctx)
	if err != nil || sealed == nil {
		return p, err
	}
	text, err := l.box.Open(firstLabel, sealed)
	if err != nil {
		return p, err
	}
	return p, stead.Because(json.Unmarshal(text, &p), "read who becomes the administrator")
}

// Finish makes the account once a right code has shown that the secret has arrived.
func (l *setupLink) Finish(ctx context.Context, token, code string, p authority.Presented) (authority.Signed, error) {
	if err := l.check(token); err != nil {
		return authority.Signed{}, err
	}
	first, err := l.kept(ctx)
	if err != nil {
		return authority.Signed{}, err
	}
	if first.Name == "" {
		return authority.Signed{}, stead.E(stead.Conflict, stead.ReasonState, "say first who becomes the administrator")
	}
	sealed, err := l.house.Prover.Seal("setup", first.TOTP)
	if err != nil {
		return authority.Signed{}, err
	}
	if _, ok := l.house.Prover.Code(&stead.Credentials{Principal: "setup", TOTP: sealed}, code, l.house.Now()); !ok {
		return authority.Signed{}, stead.E(stead.Refused, stead.ReasonSecondFactor, "this code does not fit: look at your authenticator again")
	}
	if _, err := l.house.Seed(ctx, []authority.NewPerson{first}); err != nil {
		return authority.Signed{}, err
	}
	if err := l.keep(ctx, authority.NewPerson{}); err != nil {
		return authority.Signed{}, err
	}
	return l.house.SignIn(ctx, authority.SignIn{Directory: first.Directory, Name: first.Name, Password: first.Password, Code: code,
		Host: p.Host, Address: p.Address, Client: p.Client})
}
