package main

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// A beginning is what stead init asks for.
type beginning struct {
	dir                  string // of the configuration
	public               string // origin of Stead's own pages
	listen, gateway      string
	data                 string // folder of the store
	driver, dsn          string
	appHost, appUpstream string
	acting               string
}

func (e *env) initCommand() *cobra.Command {
	b := beginning{}
	var yes bool
	c := &cobra.Command{
		Use: "init [FOLDER]", Short: "Begin: write configuration, keys, policy, store, and a first link", Args: cobra.MaximumNArgs(1),
		Long: "init asks five questions; every flag answers a part of one, and --yes takes the rest as proposed. It writes stead.yaml, a schema\n" +
			"for editors, policies with their tests, the keys (0600) and the store, and prints one link, valid for 30 minutes, by which the\n" +
			"first administrator is made. There is no default password. Nothing that is there is overwritten, and when anything fails,\n" +
			"nothing is left behind. With PostgreSQL the tables are made by the first start, so that the database is touched once.",
		Example: "  stead init\n  stead init /etc/stead --data /var/lib/stead --public-url https://stead.example.com --yes\n" +
			"  stead init --store postgres --dsn-file /etc/stead/db.dsn --app-host orders.example.com --app-upstream http://10.0.0.5:8080",
		RunE: func(c *cobra.Command, args []string) error {
			if b.dir = "."; len(args) > 0 {
				b.dir = args[0]
			}
			if err := b.settle(); err != nil {
				return err
			}
			if !yes && !terminal(e.in) {
				return fail(exitUsage, "stead init --yes takes every answer as proposed; flags give others", "there is no terminal to ask at")
			}
			if !yes {
				if err := e.interview(&b, c.Flags().Changed); err != nil {
					return err
				}
			}
			b.fill()
			return e.begin(c.Context(), b)
		},
	}
	f := c.Flags()
	f.StringVar(&b.public, "public-url", "", "origin by which browsers reach Stead's own pages (default http:// and --listen)")
	f.StringVar(&b.listen, "listen", "127.0.0.1:8420", "address of Stead's own pages and the API")
	f.StringVar(&b.gateway, "gateway", "", "address of the gateway (default: the port after that of --listen)")
	f.StringVar(&b.driver, "store", "embedded", "embedded or postgres")
	f.StringVar(&b.data, "data", "", "folder of the store and the keys (default FOLDER/data)")
	f.StringVar(&b.dsn, "dsn-file", "", "with postgres: file with the connection string, which its owner alone may read")
	f.StringVar(&b.appHost, "app-host", "", "host of the first application, as people type it")
	f.StringVar(&b.appUpstream, "app-upstream", "", "where that application is: http://10.0.0.5:8080")
	f.StringVar(&b.acting, "acting-hosts", "", "domain for the hosts of mandates: *.act.example.com")
	f.BoolVar(&yes, "yes", false, "ask nothing: flags, and what is proposed")
	return c
}

// settle makes the folders absolute: a server may be started from anywhere.
func (b *beginning) settle() (err error) {
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if b.data == "" {
		b.data = filepath.Join(b.dir, "data")
	}
	for _, p := range []*string{&b.data, &b.dsn} {
		if *p == "" {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	return nil
}

// fill derives what was not said.
func (b *beginning) fill() {
	if b.gateway == "" {
		b.gateway = nextPort(b.listen)
	}
	if b.public == "" {
		b.public = "http://" + b.listen
	}
	b.public = strings.TrimSuffix(b.public, "/")
	if b.acting != "" && !strings.HasPrefix(b.acting, "*.") {
		b.acting = "*." + b.acting
	}
	if b.dsn != "" {
		b.driver = "postgres"
	}
}

// nextPort is the address beside another one; what is no address is told when all is checked.
func nextPort(address string) string {
	host, port, err := net.SplitHostPort(address)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil || n == 0 {
		return address
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1))
}
