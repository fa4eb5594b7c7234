package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/login"
	"github.com/steadhq/stead/internal/web"
)

func (e *env) serve() *cobra.Command {
	var file string
	var accept bool
	c := &cobra.Command{
		Use: "serve", Short: "Run Stead with a configuration", Args: cobra.NoArgs,
		Long: "serve runs Stead until it is told to end (SIGINT, SIGTERM). At the first start it makes its keys and prints a\n" +
			"link, valid for 30 minutes, by which the first administrator is made. There is no default password.",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(file, e.environ)
			if err != nil {
				return err
			}
			apps, err := checked(cfg)
			if err != nil {
				return err
			}
			return runServe(c.Context(), &server{cfg: cfg, apps: apps, talk: e.err, file: file, environ: e.environ}, accept)
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration file (stead config schema describes it)")
	c.Flags().BoolVar(&accept, "accept-older", false, "open a store that is behind its mirrored head, after a restore: every session and mandate ends")
	return c
}

// A server is a running stead serve.
type server struct {
	cfg          config.Config
	apps         []gateway.App
	talk         io.Writer
	log          *slog.Logger
	own, gate, m net.Listener
	asks         net.Listener // for proxies of others'
	house        *house.House
	doors        *house.Doors
	setup        string // token of the link that makes the first administrator; "" when there is somebody
	link         *setupLink
	node         string
	ring         *keys.Ring

	file    string // of the configuration
	environ []string
	level   slog.LevelVar
	cert    atomic.Pointer[tls.Certificate]
	reloads reloads
}

func runServe(ctx context.Context, s *server, accept bool) error {
	defer runtime.KeepAlive(house.Ballast())
	s.level.Set(level(s.cfg.Observability.Log))
	s.log = slog.New(slog.NewJSONHandler(s.talk, &slog.HandlerOptions{Level: &s.level}))
	cfg, talk := s.cfg, s.talk
	s.reloads.seen = digests(watched(s.file, cfg, s.apps)) // before they are read further: what changes from here on is noticed
	if err := s.listenAll(ctx); err != nil {
		return errors.Join(err, s.closeAll())
	}
	if err := s.build(ctx, accept); err != nil {
		return errors.Join(err, s.closeAll())
	}
	s.log.Info("stead serves", "version", version(), "own", cfg.Server.Origin(), "gateway", s.gate.Addr().String(), "log_key", s.house.Verifier, "node", s.node)
	if s.setup != "" {
		fmt.Fprintf(talk, "There is nobody here yet. Make the first administrator within 30 minutes at\n  %s/setup?token=%s\n", cfg.Server.Origin(), s.setup)
	} else if s.house.Administrators() == 0 {
		fmt.Fprintf(talk, "Nobody administers Stead: no open account is in %s. Name a group under roles.admin that somebody is in, and start Stead again.\n", strings.Join(cfg.Roles.Admin, ", "))
	}
	all := []house.Listening{{Name: "own", Listener: s.own, Handler: s.doors.Own}, {Name: "gateway", Listener: s.gate, Handler: s.doors.Apps}}
	if s.asks != nil {
		all = append(all, house.Listening{Name: "forward-auth", Listener: s.asks, Handler: s.doors.Forward})
	}
	if s.m != nil {
		watch, err := s.house.Watch(ctx, web.Door{Log: s.log})
		if err != nil {
			return errors.Join(err, s.house.Close(context.WithoutCancel(ctx)))
		}
		all = append(all, house.Listening{Name: "metrics", Listener: s.m, Handler: watch})
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go s.watch(watching)
	return s.house.Run(ctx, s.log, s.doors, all)
}

func level(name string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(name)); err != nil {
		return slog.LevelInfo
	}
	return l
}

func (s *server) listenAll(ctx context.Context) error {
	c := s.cfg
	for _, at := range []struct {
		l       *net.Listener
		address string
	}{{&s.own, c.Server.Listen}, {&s.gate, c.Server.Gateway}, {&s.m, c.Observability.Metrics}, {&s.asks, c.Server.ForwardAuth}} {
		if at.address == "" {
			continue
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", at.address)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", at.address, err)
		}
		*at.l = web.Patient(l, web.Patience)
	}
	if c.Server.TLS.Cert == "" {
		return nil
	}
	pair, err := certificate(c.Server.TLS)
	if err != nil {
		return err
	}
	s.cert.Store(pair)
	t := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil },
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	s.own, s.gate = tls.NewListener(s.own, t), tls.NewListener(s.gate, t)
	return nil
}

func (s *server) closeAll() error {
	var errs []error
	for _, l := range []net.Listener{s.own, s.gate, s.m, s.asks} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *server) build(ctx context.Context, accept bool) (err error) {
	c := s.cfg
	master := c.Keys.MasterKeyFile
	if master == "" {
		master = filepath.Join(c.Store.Dir, "master.key")
	}
	kept, err := openKept(ctx, c.Store)
	if err != nil {
		return err
	}
	s.node = kept.node
	m, err := house.Unlock(ctx, master, kept.secrets)
	if err != nil {
		return errors.Join(err, kept.close())
	}
	defer func() { err = errors.Join(err, kept.close()) }()
	files, err := firstPolicy(c.Policies)
	if err != nil {
		return err
	}
	if s.house, err = openHouse(ctx, c, settings(c, s.apps), kept, m, files, accept, s.log); err != nil {
		return err
	}
	if err := s.open(ctx, m); err != nil {
		return errors.Join(err, s.house.Close(context.WithoutCancel(ctx)))
	}
	return nil
}

// openHouse opens the store that a configuration names.
func openHouse(ctx context.Context, c config.Config, set *authority.Settings, kept kept, m house.Material, files map[string]string, accept bool, log *slog.Logger) (*house.House, error) {
	systems, err := connected(c)
	if err != nil {
		return nil, err
	}
	told, err := telling(c)
	if err != nil {
		return nil, err
	}
	return house.Open(ctx, house.Options{Systems: systems, Notices: told, Dir: kept.dir, DSN: kept.dsn, Node: kept.node, Mirror: c.Store.Mirror, Accept: accept,
		Settings: set, Files: files, Wall: time.Now, Boot: house.Boot(), Rand: rand.Reader, Master: m.Master, LogKey: m.LogKey,
		Origin: c.LogOrigin(), CodeKey: m.CodeKey, KeyFile: filepath.Join(c.Store.Dir, keyFile), Cost: directory.Standard,
		Alarm: func(t string) { log.Error(t, "alarm", true) }})
}

func (s *server) open(ctx context.Context, m house.Material) error {
	c := s.cfg
	var err error
	s.ring, err = keys.OpenRing(ctx, keys.Signing{Issuer: c.Server.Origin(), Now: s.house.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		return err
	}
	if s.house.Empty() {
		if len(c.Roles.Admin) == 0 {
			return stead.E(stead.Invalid, stead.ReasonRequest, "roles.admin names no group: nobody could be made administrator")
		}
		directory, group := within(c.Roles.Admin[0], "")
		s.link = &setupLink{house: s.house, within: directory, group: group, box: m.Box, secrets: m.Secrets}
		if s.setup, err = setupToken(m.Box, s.house.Now()); err != nil {
			return err
		}
	}
	asking, err := callers(c.AuthZEN)
	if err != nil {
		return err
	}
	vouching, err := vouchers(c, s.house.Now)
	if err != nil {
		return err
	}
	if s.doors, err = s.house.Doors(s.site(c, s.apps, asking, vouching)); err != nil {
		return err
	}
	s.begun()
	if shared := s.doors.Gateway.Shared(); len(shared) > 0 {
		s.log.Warn("people act at these applications' own hosts, where scripts of the page run too: name server.acting_hosts, or say origin: shared",
			"applications", shared)
	}
	return nil
}

// site is where a configuration says that the house stands.
func (s *server) site(c config.Config, apps []gateway.App, asking []authzen.Caller, who vouching) house.Site {
	site := house.Site{Callers: asking, Trusts: who.trusts, Attesters: who.attesters, Letters: who.letters, Origin: c.Server.Origin(), Listen: s.own.Addr().String(), Gateway: s.gate.Addr().String(),
		Acting: strings.TrimPrefix(c.Server.Acting, "*."), Apps: apps, Trusted: c.Server.Proxies(), Version: version(), Log: s.log, Ring: s.ring, Reload: s}
	for _, d := range c.Directories {
		site.Directories = append(site.Directories, login.Directory{ID: d.ID, Label: d.Label})
	}
	site.Documents.Hosts = c.Documents.Hosts
	for _, n := range c.Documents.Networks {
		site.Documents.Networks = append(site.Documents.Networks, netip.MustParsePrefix(n)) // it was read before
	}
	if s.link != nil {
		site.Setup = s.link
	}
	return site
}

func certificate(t config.TLS) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "load the certificate of server.tls: %w", err)
	}
	return &pair, nil
}

// checked reads the part of a configuration that is the gateway's: its applications, whose rules must say what their tests say.
func checked(c config.Config) ([]gateway.App, error) {
	text := c.AppsText()
	if len(text) == 0 {
		return nil, nil
	}
	apps, err := gateway.ParseRules(text)
	if err == nil {
		err = gateway.RunTests(apps).Err()
	}
	if err == nil {
		err = gateway.ReadPasswords(apps, config.Secret)
	}
	return apps, stead.Because(err, c.Name())
}

// settings is what the authority needs of the configuration.
func settings(c config.Config, apps []gateway.App) *authority.Settings {
	s := &authority.Settings{
		Roles: map[authority.Role][]string{authority.Admin: c.Roles.Admin, authority.Auditor: c.Roles.Auditor, authority.Security: c.Roles.Security},
		Level: c.Roles.Level, Ordinary: c.Audit.Ordinary, Session: authority.Ends{Idle: c.Sessions.Idle, Absolute: c.Sessions.Absolute},
		Terms: c.Acting.Terms(), ArmFor: c.Acting.ArmFor, Warn: c.Acting.WarnBefore, Zone: c.Acting.Location(),
		Run: c.Agents.Run, Instances: c.Agents.Instances,
	}
	for _, d := range c.Directories {
		s.Directories = append(s.Directories, d.ID)
	}
	for _, t := range c.Timers {
		s.Timers = append(s.Timers, authority.Timer{App: stead.AppID(t.App), Realm: stead.RealmID(t.Realm), Group: t.Group, Terms: t.Terms()})
	}
	for _, a := range apps {
		s.Apps = append(s.Apps, a.App)
	}
	for _, system := range c.Systems {
		s.Apps = append(s.Apps, stead.NewSystem(stead.AppID(system.ID)))
	}
	for _, r := range c.Resources {
		s.Apps = append(s.Apps, resource(r))
	}
	s.Described = described(c.Documents)
	s.Issuers = issuers(c.Agents.Issuers)
	evaluators(s, c.AuthZEN)
	for _, g := range c.Segments {
		for _, id := range g.Systems {
			if app := s.App(stead.AppID(id)); app != nil {
				app.Segment = g.ID
			}
		}
	}
	return s
}

// described are the tasks of clients that describe themselves.
func described(c config.Documents) []stead.Task {
	var all []stead.Task
	for _, t := range c.Tasks {
		task := stead.Task{ID: t.ID, Purpose: t.Purpose, Length: stead.Duration(t.Length)}
		for _, name := range t.Reads {
			task.Grants = append(task.Grants, stead.Entitlement{System: stead.AppID(t.Resource), Action: stead.ActionRead, Resource: name})
		}
		all = append(all, task)
	}
	return all
}

// resource is what agents act for people in, as decisions see it.
func resource(r config.Resource) stead.App {
	app := stead.NewSystem(stead.AppID(r.ID))
	app.Address, app.Privileged, app.Aware, app.Bearer = r.Address, r.Privileged, r.Aware, r.Bearer
	if len(r.House.Clients) > 0 {
		app.House = &stead.House{Clients: map[string]string{}, Resources: r.House.Resources}
		for _, client := range r.House.Clients {
			app.House.Clients[client.Agent] = client.ID
		}
	}
	app.Realms[0].Level, app.Realms[0].ActorLevel = max(r.Level, 1), max(r.Level, 1)
	return app
}

// connected are the systems of a configuration, with the secrets that lead there.
func connected(c config.Config) ([]house.System, error) {
	var all []house.System
	for _, s := range c.Systems {
		dsn, err := config.Secret(s.DSN)
		if err != nil {
			return nil, stead.Because(err, "read the connection string of the system "+s.ID)
		}
		all = append(all, house.System{ID: stead.AppID(s.ID), DSN: dsn, Accept: s.Accept})
	}
	return all, nil
}

// firstPolicy is that of an empty store: the files of the folder, or the default bundle.
func firstPolicy(p config.Policies) (map[string]string, error) {
	if p.Dir == "" {
		return cedar.Default(), nil
	}
	return policyFiles(p.Dir)
}
