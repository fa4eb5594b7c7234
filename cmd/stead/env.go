package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// An env is all that commands see of the machine.
type env struct {
	ctx      context.Context
	in       *os.File
	out, err io.Writer
	getenv   func(string) string
	environ  []string
	now      func() time.Time
	http     *http.Client
	version  string

	format  string // of -o
	profile string // of --profile
	addr    string // of --addr
}

func system() *env {
	// The first signal asks to end, the second one ends: stop gives the machine its own way back.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return &env{
		ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, environ: os.Environ(),
		now: time.Now, http: &http.Client{Transport: http.DefaultTransport}, version: version(),
	}
}

// version is the module's version, or the commit it was built from.
func version() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := b.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range b.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
