package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/survey"
	"github.com/steadhq/stead/internal/web"
)

// A canaryHouse is a house with two people and one application, for one check: the exception that opens edit mode for an
// application that is not proven yet stands in its policy alone, has an owner, and is over with it.
type canaryHouse struct {
	*house.House
	c              *canary
	gw             *gateway.Gateway
	server         *http.Server
	at             string // where it listens
	password, totp string
	dir            string // to be taken away
}

const canaryRule = `@id("canary")
@owner(%q)
@requires("second-factor, reason")
@max("5m")
@mode("edit")
@advice("Open for one check of one application.")
permit (principal in Group::%q, action == Action::"act", resource in Group::%q)
when { context.mode == "edit" };

@id("canary-own")
@owner(%q)
@advice("Everybody is himself.")
permit (principal, action in [Action::"look", Action::"change"], resource is Realm)
when { context.capacity == "self" };

@id("canary-other")
@owner(%q)
@advice("What the check writes.")
permit (principal in Group::%q, action in [Action::"look", Action::"change"], resource is Realm)
when { context.capacity == "for-other" && context.mode == "edit" };
`

func (c *canary) house(ctx context.Context) (h *canaryHouse, err error) {
	h = &canaryHouse{c: c, password: rand.Text(), totp: (rand.Text() + rand.Text())[:32]}
	dir := c.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "stead-canary-"); err != nil {
			return nil, err
		}
		h.dir = dir
	} else if err = os.Mkdir(dir, 0o700); err != nil {
		return nil, fail(exitUsage, "", "--keep wants a new folder: %s", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	app := *c.app
	app.Aware, app.Shared, app.OriginSaid, app.FirstVisit = true, true, true, "allow"
	app.Banner, app.Clicks = gateway.Banner{}, false // nobody sees a page of it
	m, err := house.Unlock(ctx, filepath.Join(dir, "master.key"), house.Cabinet(filepath.Join(dir, "secrets")))
	if err != nil {
		return h, err
	}
	settings := devSettings([]gateway.App{app})
	settings.Terms.Default, settings.Terms.Max = 5*time.Minute, 5*time.Minute
	h.House, err = house.Open(ctx, house.Options{Dir: filepath.Join(dir, "store"), Settings: settings, Files: c.policy(), Wall: c.env.now,
		Boot: house.Boot(), Rand: rand.Reader, Master: m.Master, LogKey: m.LogKey, Origin: "stead-canary/log", CodeKey: m.CodeKey,
		KeyFile: filepath.Join(dir, "store", keyFile), Cost: directory.Standard, Alarm: func(s string) { c.env.say("%s", s) }})
	if err != nil {
		return h, err
	}
	if err = h.people(ctx); err != nil {
		return h, err
	}
	return h, h.open(ctx, m, app)
}

func (c *canary) policy() map[string]string {
	owner := "who ran the check"
	if me, err := user.Current(); err == nil {
		owner = me.Username
	}
	actor, _, _ := strings.Cut(c.actor, "/")
	subject, _, _ := strings.Cut(c.subject, "/")
	return map[string]string{"canary.cedar": fmt.Sprintf(canaryRule, owner, actor+"/canary-actor", subject+"/canary-subject", owner, owner, actor+"/canary-actor")}
}

func (h *canaryHouse) people(ctx context.Context) error {
	var all []authority.NewPerson
	for who, group := range map[string]string{h.c.actor: "canary-actor", h.c.subject: "canary-subject"} {
		directory, name, _ := strings.Cut(who, "/")
		all = append(all, authority.NewPerson{Directory: directory, Name: name, Shown: name, Groups: []string{group}, Password: h.password, TOTP: h.totp})
	}
	_, err := h.Seed(ctx, all)
	return err
}

// open lets the house listen on loopback, as behind a proxy with TLS.
func (h *canaryHouse) open(ctx context.Context, m house.Material, app gateway.App) error {
	l, err := listenLoopback(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.at = l.Addr().String()
	origin := &url.URL{Scheme: "http", Host: h.at}
	ring, err := keys.OpenRing(ctx, keys.Signing{Issuer: origin.String(), Now: h.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	log := slog.New(slog.DiscardHandler)
	gw := &gateway.Gateway{Apps: []gateway.App{app}, Passes: h.Authority, Starts: h.Authority, Ends: h.Authority, Decider: h.Authority, Signer: ring,
		Console: origin, JarKey: m.CodeKey, Door: web.Door{Log: log}, Cookie: web.NewCookie("stead", h.at, false),
		Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Now: h.Now, NewID: h.NewID}
	door, err := gw.Open()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	h.gw = gw
	h.server = web.NewServer(door, log)
	go func() { _ = h.server.Serve(web.Listener(l, nil)) }()
	return nil
}

// acts is the actor, acting for the subject in edit mode.
func (h *canaryHouse) acts(ctx context.Context) (*survey.Visitor, error) {
	v := survey.NewVisitor(http.DefaultTransport, &url.URL{Scheme: "http", Host: h.at}, h.c.app.Canonical(),
		http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"127.0.0.1"}})
	directory, name, _ := strings.Cut(h.c.actor, "/")
	in, err := h.SignIn(ctx, authority.SignIn{Directory: directory, Name: name, Password: h.password, Host: strings.ToLower(v.Host),
		Address: "127.0.0.1", Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {survey.Agent}}})})
	if err != nil {
		return nil, stead.Because(err, "sign in as "+h.c.actor)
	}
	v.Keep(&http.Cookie{Name: h.gw.Cookie.Name, Value: in.Secret, Path: "/"})
	code, err := totp.GenerateCode(h.totp, h.c.env.now())
	if err != nil {
		return nil, err
	}
	where, whom, _ := strings.Cut(h.c.subject, "/")
	s := gateway.Step{Method: "POST", Target: "/.stead/act", Form: map[string]string{"subject": whom, "directory": where, "mode": "edit",
		"reason": "stead app check --write-canary " + h.c.text, "code": code, "target": "/"}}
	r, err := s.Request(ctx, v.At.String(), nil)
	if err != nil {
		return nil, err
	}
	a, err := v.Send(r, nil)
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusSeeOther {
		return nil, fail(exitDenied, "", "%s cannot act for %s here: %s", h.c.actor, h.c.subject, gist(a.Body))
	}
	return v, nil
}

// close ends what is under way, signs out of the application where its rules say how, and takes the house away.
func (h *canaryHouse) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	if h.server != nil {
		errs = append(errs, h.server.Shutdown(ctx))
	}
	if h.House != nil {
		errs = append(errs, h.EndAll(ctx))
	}
	if h.gw != nil {
		h.gw.Sweep(ctx)
		errs = append(errs, h.gw.Close(ctx))
	}
	if h.House != nil {
		errs = append(errs, h.Close(ctx))
	}
	if h.dir != "" {
		errs = append(errs, os.RemoveAll(h.dir))
	}
	return errors.Join(errs...)
}
