package health

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/steadhq/stead/internal/web"
)

// A Check asks one thing that must work: nil, or why it does not, for whoever runs this server.
type Check struct {
	Name string
	Ask  func(context.Context) error
}

// A Health is the door.
type Health struct {
	Checks  []Check
	Metrics http.Handler
}

// patience is how long one check may take: a check that hangs has failed.
const patience = 2 * time.Second

// Routes adds what this door serves.
func (h Health) Routes(t *web.Routes) {
	h.Probes(t)
	t.Add("GET /metrics", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		h.Metrics.ServeHTTP(w, r)
		return nil
	})
}

// Probes adds what may be asked by anybody: whether this server lives and is ready.
func (h Health) Probes(t *web.Routes) {
	t.Add("GET /livez", web.Public, func(w http.ResponseWriter, _ *http.Request) error {
		return say(w, http.StatusOK, "ok\n")
	})
	t.Add("GET /readyz", web.Public, h.ready)
}

func (h Health) ready(w http.ResponseWriter, r *http.Request) error {
	status, lines := http.StatusOK, []string{}
	for _, c := range h.Checks {
		line := "ok    " + c.Name
		if err := c.Run(r.Context()); err != nil {
			status = http.StatusServiceUnavailable
			line = fmt.Sprintf("fail  %s: %s", c.Name, strings.ReplaceAll(err.Error(), "\n", " "))
		}
		lines = append(lines, line)
	}
	if !r.URL.Query().Has("verbose") {
		return say(w, status, map[bool]string{true: "ok\n", false: "not ready: ask /readyz?verbose\n"}[status == http.StatusOK])
	}
	return say(w, status, strings.Join(lines, "\n")+"\n")
}

// Run asks; a check that hangs has failed.
func (c Check) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Ask(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %s", patience)
	}
}

func say(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := io.WriteString(w, text)
	return err
}
