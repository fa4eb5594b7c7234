package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"crypto/rand"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/demo"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/login"
	"github.com/steadhq/stead/internal/web"
)

// devOptions are the flags of stead dev.
type devOptions struct {
	listen, gateway, data, dsn string
	json, noDatabase           bool
}

func (e *env) dev() *cobra.Command {
	var o devOptions
	c := &cobra.Command{
		Use:   "dev",
		Short: "Try Stead: a demo shop, people and policies, all on this machine",
		Long: "dev starts everything on loopback with demo data: no configuration, no database. Without --data nothing is\n" +
			"left behind. It is not for production: everybody's password is shown, and the clock can be moved.\n\n" +
			"With --dsn-file the demonstration is kept in a PostgreSQL database that is empty, or holds one from before. The\n" +
			"master key it was sealed under stays in the folder of --data, and is needed again.\n\n" +
			"Where PostgreSQL is installed the agents get a database to read, in a folder of its own, which goes with the demonstration.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runDev(c.Context(), o, e.out, e.err)
		},
	}
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8420", "address of Stead's own pages; port 0 takes a free one")
	f.StringVar(&o.gateway, "gateway", "127.0.0.1:8421", "address of the demo shop behind the gateway; port 0 takes a free one")
	f.StringVar(&o.data, "data", "", "folder to keep the data in (default: none is kept; with --dsn-file, that file's name and .data)")
	f.StringVar(&o.dsn, "dsn-file", "", "file with the connection string of a PostgreSQL database to keep the data in (default: a store in the folder)")
	f.BoolVar(&o.noDatabase, "no-database", false, "start no PostgreSQL for the agents of the demonstration beside it")
	f.BoolVar(&o.json, "json", false, "print one line of JSON once ready, and nothing else")
	return c
}

func runDev(ctx context.Context, o devOptions, out, talk io.Writer) (err error) {
	defer runtime.KeepAlive(house.Ballast())
	if o.data == "" && o.dsn != "" {
		o.data = o.dsn + ".data"
	}
	kept := o.data
	if kept == "" {
		if o.data, err = os.MkdirTemp("", "stead-dev-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.data)) }()
	}
	d := &dev{kept: kept, out: out, talk: talk, log: slog.New(slog.NewTextHandler(talk, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if err := d.listenAll(ctx, o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.sales.close()) }()
	if err := d.build(ctx, o); err != nil {
		return errors.Join(err, d.own.Close(), d.gate.Close(), d.shop.Close())
	}
	if err := d.announce(o.json); err != nil {
		return err
	}
	if err := d.house.Run(ctx, d.log, d.doors, d.servers()); err != nil {
		return err
	}
	if !o.json {
		fmt.Fprintln(talk, "Stead dev has ended.")
	}
	return nil
}

// A dev is a running demonstration.
type dev struct {
	kept            string // folder of what stays; empty: nothing does
	out, talk       io.Writer
	log             *slog.Logger
	own, gate, shop net.Listener
	house           *house.House
	doors           *house.Doors
	orders          *demo.App
	people          []devPerson
	agents          []devAgent
	service         devAsker
	sales           *demoDatabase // nil: there is none, and why
	unsold          error
	setup           *demoLink
}

func (d *dev) listenAll(ctx context.Context, o devOptions) (err error) {
	for _, at := range []struct {
		l       *net.Listener
		address string
	}{{&d.own, o.listen}, {&d.gate, o.gateway}, {&d.shop, "127.0.0.1:0"}} {
		if *at.l, err = listenLoopback(ctx, at.address); err != nil {
			return err
		}
	}
	return nil
}

// listenLoopback listens on this machine alone: a demonstration shows everybody's password.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no address such as 127.0.0.1:8420", address)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest,
			"stead dev listens on loopback only, not on %s: it shows everybody's password. Use stead serve", host)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w\nIs another Stead running? Choose other ports with --listen and --gateway", address, err)
	}
	return web.Patient(l, web.Patience), nil
}

func (d *dev) build(ctx context.Context, o devOptions) (err error) {
	at := config.Store{Dir: o.data, DSN: o.dsn}
	if o.dsn != "" {
		at.Driver = "postgres"
	}
	kept, err := openKept(ctx, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.close()) }()
	m, err := house.Unlock(ctx, filepath.Join(o.data, "master.key"), kept.secrets)
	if err != nil {
		return err
	}
	apps, err := gateway.ParseRules(demo.Rules(d.gate.Addr().String(), "http://"+d.shop.Addr().String()))
	if err != nil {
		return err
	}
	settings := devSettings(apps)
	systems, err := d.database(ctx, o)
	if err != nil {
		return err
	}
	files := cedar.Default()
	files["agents.cedar"] = demoAgentRules
	d.house, err = house.Open(ctx, house.Options{Systems: systems, Dir: kept.dir, DSN: kept.dsn, Node: kept.node, Mirror: filepath.Join(o.data, "head"),
		Settings: settings, Files: files, Wall: time.Now, Boot: house.Boot(), Movable: true, Rand: rand.Reader,
		Master: m.Master, LogKey: m.LogKey, Origin: "stead-dev/log", CodeKey: m.CodeKey, KeyFile: filepath.Join(o.data, keyFile), Cost: directory.Standard,
		Alarm: func(s string) { d.log.Error(s) }})
	if err != nil {
		return err
	}
	if err := d.open(ctx, m, apps); err != nil {
		return errors.Join(err, d.house.Close(context.WithoutCancel(ctx)))
	}
	return nil
}

// open enrols the people and opens the doors.
func (d *dev) open(ctx context.Context, m house.Material, apps []gateway.App) error {
	var err error
	if d.people, err = enrolDemo(ctx, d.house, m.CodeKey); err != nil {
		return err
	}
	if d.agents, err = enrolAgents(ctx, d.house, m.CodeKey); err != nil {
		return err
	}
	d.service = newDevAsker(m.CodeKey)
	origin := "http://" + d.own.Addr().String()
	ring, err := keys.OpenRing(ctx, keys.Signing{Issuer: origin, Now: d.house.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		return err
	}
	d.orders = demo.New(d.house.Now)
	show := &devShow{house: d.house, people: d.people, agents: d.agents, service: d.service, database: d.about(), shop: "http://" + d.gate.Addr().String()}
	d.setup = &demoLink{house: d.house, person: d.people[0], token: d.house.NewID("setup_"), until: d.house.Now().Add(setupFor)}
	d.doors, err = d.house.Doors(house.Site{Origin: origin, Listen: d.own.Addr().String(), Gateway: d.gate.Addr().String(), Apps: apps,
		Labels: map[string]string{"orders": "Acme Orders"}, Directories: demoDirectories(), Version: version(), Log: d.log, Ring: ring,
		Setup: d.setup, Demo: show, Advance: d.advance, Callers: []authzen.Caller{d.service.caller()}})
	return err
}

// advance moves the clock and ends what is over by then.
func (d *dev) advance(ctx context.Context, by time.Duration) (time.Time, error) {
	if by < 0 {
		return time.Time{}, stead.E(stead.Invalid, stead.ReasonRequest, "the clock is moved ahead only")
	}
	d.house.Clock.Advance(by)
	return d.house.Now(), d.house.Sweep(ctx)
}

func (d *dev) servers() []house.Listening {
	return []house.Listening{
		{Name: "own", Listener: d.own, Handler: d.doors.Own},
		{Name: "gateway", Listener: d.gate, Handler: d.doors.Apps},
		{Name: "shop", Listener: d.shop, Handler: http.Handler(d.orders.Handler())},
	}
}

func (d *dev) announce(asJSON bool) error {
	own, gate := "http://"+d.own.Addr().String(), "http://"+d.gate.Addr().String()
	setup := own + "/setup?token=" + d.setup.token
	if asJSON {
		return json.NewEncoder(d.out).Encode(struct {
			Console string `json:"console"`
			Gateway string `json:"gateway"`
			Acting  string `json:"acting_hosts"`
			Setup   string `json:"setup_url"`
			Issuer  string `json:"issuer"`
			devCast
		}{own, gate, "*." + d.doors.Gateway.Acting, setup, own, devCast{d.people, d.agents, []devAsker{d.service}, d.about()}})
	}
	_, err := fmt.Fprint(d.out, tour(own, gate, setup, d))
	return err
}

func demoDirectories() []login.Directory {
	return []login.Directory{{ID: "staff", Label: "Acme staff"}, {ID: "customers", Label: "Customers"}, {ID: "partners", Label: "Partners"}}
}

func devSettings(apps []gateway.App) *authority.Settings {
	s := &authority.Settings{
		Roles: map[authority.Role][]string{authority.Admin: {"staff/admins"}, authority.Security: {"staff/security"},
			authority.Auditor: {"staff/security", "staff/compliance"}},
		Level: 1, Ordinary: "allow", Session: authority.Ends{Idle: 30 * time.Minute, Absolute: 12 * time.Hour},
		Terms: stead.Terms{Default: 10 * time.Minute, Max: time.Hour, Extensions: 10, StartWindow: 15 * time.Minute,
			AskWindow: 8 * time.Hour, Fresh: 5 * time.Minute, PerActor: 1},
		ArmFor: 5 * time.Minute, Warn: time.Minute, Zone: time.Local,
	}
	for _, d := range demoDirectories() {
		s.Directories = append(s.Directories, d.ID)
	}
	for _, a := range apps {
		s.Apps = append(s.Apps, a.App)
	}
	s.Apps = append(s.Apps, stead.NewSystem(demoSystem))
	asks := stead.Evaluator{ID: demoAsker, Level: 1, Keys: true}
	for _, a := range s.Apps {
		asks.Apps = append(asks.Apps, a.ID)
	}
	s.Evaluators = []stead.Evaluator{asks}
	return s
}

// database starts what the agents read, where it can be had.
func (d *dev) database(ctx context.Context, o devOptions) ([]house.System, error) {
	if d.unsold = errNotWanted; !o.noDatabase {
		d.sales, d.unsold = startDemoDatabase(ctx)
	}
	switch {
	case d.unsold == nil:
		return []house.System{{ID: demoSystem, DSN: d.sales.dsn("stead_sales", d.sales.stead, string(demoSystem))}}, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, nil
}

// about says where the agents' database is, or why there is none.
func (d *dev) about() string {
	if d.sales == nil {
		return "none: " + d.unsold.Error()
	}
	return "PostgreSQL at 127.0.0.1:" + strconv.Itoa(d.sales.port)
}
