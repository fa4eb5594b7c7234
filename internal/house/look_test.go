package house

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/health"
)

// A reader is a configuration file and how its last reading went.
type reader struct{ last api.Reload }

func (r reader) Reload(context.Context, authority.By) (api.Reloaded, error) {
	return api.Reloaded{}, nil
}
func (r reader) Last() api.Reload { return r.last }

// What health says of applications and of the file is what happened to them last.
func TestLook(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	began := now
	clock := func() time.Time { return now }
	h := &House{Authority: &authority.Authority{Clock: authority.NewClock(clock, func() time.Duration { return now.Sub(began) }, time.Time{})}}
	h.metrics = health.NewMetrics("1", func() health.Standing { return health.Standing{} }, h.Now)
	site := Site{Apps: []gateway.App{{App: stead.App{ID: "orders"}}}, Labels: map[string]string{"orders": "Acme Orders"}}
	app := func(status int, result string, says ...string) {
		t.Helper()
		if status != 0 {
			h.metrics.Served("orders", status, time.Millisecond)
		}
		now = now.Add(5 * time.Minute)
		f := h.answers(site)[0]
		if f.Name != "Acme Orders" || f.Result != result || (f.Next != "") != (result != "ok") {
			t.Errorf("after %d: %+v", status, f)
		}
		for _, s := range says {
			if !strings.Contains(f.Says, s) {
				t.Errorf("after %d: %q lacks %q", status, f.Says, s)
			}
		}
	}
	app(0, "ok", "nobody has asked")
	app(404, "ok", "answered 404, 5 min ago")
	app(502, "fail", "answered 502")
	app(200, "warn", "answered 200, 5 min ago", "failed with 502 10 min ago")
	now = now.Add(time.Hour)
	app(200, "ok")

	for name, c := range map[string]struct {
		reload api.Reloader
		result string
		says   string
	}{
		"none":  {nil, "ok", "without a file"},
		"taken": {reader{api.Reload{File: "/etc/stead.yaml", At: now.Add(-time.Hour), OK: true}}, "ok", "/etc/stead.yaml, read 60 min ago"},
		"wrong": {reader{api.Reload{File: "/etc/stead.yaml", Problem: "line 3: no such key"}}, "fail", "line 3: no such key"},
		"waits": {reader{api.Reload{OK: true, At: now, Restart: []api.KeyChange{{Key: "roles.admin"}}}}, "warn", "not in force yet: roles.admin"},
	} {
		f := h.file(Site{Reload: c.reload})
		if f.Result != c.result || !strings.Contains(f.Says, c.says) || (f.Next != "") != (c.result != "ok") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for d, want := range map[time.Duration]string{0: "just now", 30 * time.Second: "30 s ago", 90 * time.Minute: "90 min ago", 47 * time.Hour: "47 h ago", 72 * time.Hour: "3 days ago"} {
		if got := ago(d); got != want {
			t.Errorf("%s: %q", d, got)
		}
	}
	if f := h.signing(Site{}); f.Result != "warn" {
		t.Errorf("no keys: %+v", f)
	}
	h.renewal.tried(now, errors.New("the disk is full"))
	if f := h.signing(Site{}); f.Result != "fail" || !strings.Contains(f.Says, "the disk is full") || f.Next == "" {
		t.Errorf("keys that can not be renewed: %+v", f)
	}
}
