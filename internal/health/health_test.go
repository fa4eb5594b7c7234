package health

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func serve(t *testing.T, h Health, target string) (int, string) {
	t.Helper()
	var routes web.Routes
	h.Routes(&routes)
	mux := http.NewServeMux()
	if err := routes.Mount(mux, web.Door{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Code, w.Body.String()
}

func TestReady(t *testing.T) {
	works := Check{"policy", func(context.Context) error { return nil }}
	fails := Check{"store", func(context.Context) error { return errors.New("disk\nfull") }}
	for _, row := range []struct {
		target string
		checks []Check
		status int
		body   string
	}{
		{"/livez", []Check{fails}, 200, "ok\n"},
		{"/readyz", []Check{works}, 200, "ok\n"},
		{"/readyz?verbose", []Check{works}, 200, "ok    policy\n"},
		{"/readyz", []Check{works, fails}, 503, "not ready: ask /readyz?verbose\n"},
		{"/readyz?verbose", []Check{fails, works}, 503, "fail  store: disk full\nok    policy\n"},
	} {
		if code, body := serve(t, Health{Checks: row.checks}, row.target); code != row.status || body != row.body {
			t.Errorf("%s: %d %q", row.target, code, body)
		}
	}
	hung := false
	synctest.Test(t, func(t *testing.T) {
		release := make(chan int)
		hangs := Check{"clock", func(context.Context) error { <-release; return nil }}
		hung = hangs.Run(t.Context()) != nil
		close(release)
	})
	if !hung {
		t.Error("a check that hangs has not failed")
	}
}

func metrics() *Metrics {
	m := NewMetrics("1.2.3", func() Standing {
		return Standing{ReadOnly: 2, Pending: 1, Sessions: 3, Head: 7, HeadAt: noon.Add(-5 * time.Second), StoreUp: true}
	}, func() time.Time { return noon })
	for _, e := range []stead.Event{
		{Kind: "request.allowed", Actor: "prn_secret", Session: "ses_secret", Mandate: "man_secret", App: "orders"},
		{Kind: "request.denied", Reason: stead.ReasonReadOnly, Actor: "prn_secret"},
		{Kind: "mandate.started", App: "orders", Mandate: "man_secret"},
		{Kind: "mandate.start.refused", App: "orders", Reason: stead.ReasonChain},
		{Kind: "mandate.ended", Reason: stead.ReasonExpired},
	} {
		_ = m.Event(authority.StoredEvent{Event: e})
	}
	m.Decided(time.Millisecond)
	m.Served("orders", 502, time.Millisecond)
	m.Served("orders", 200, 3*time.Millisecond)
	m.Revoked(time.Millisecond)
	return m
}

func TestMetrics(t *testing.T) {
	code, body := serve(t, Health{Metrics: metrics().Handler()}, "/metrics")
	if code != 200 {
		t.Fatal(code)
	}
	for _, line := range []string{
		`stead_build_info{go_version=`, `stead_decisions_total{effect="allow",reason=""} 1`,
		`stead_decisions_total{effect="deny",reason="read-only"} 1`, `stead_decision_duration_seconds_count 1`,
		`stead_act_sessions{mode="read-only"} 2`, `stead_act_sessions_started_total{app="orders",result="ok"} 1`,
		`stead_act_sessions_started_total{app="orders",result="refused"} 1`, `stead_act_sessions_ended_total{reason="expired"} 1`,
		`stead_refusals_total{reason="chaining",verb="mandate.start"} 1`, `stead_requests_pending 1`,
		`stead_gateway_request_duration_seconds_count{app="orders",code="200"} 1`, `stead_audit_appends_total 5`,
		`stead_audit_checkpoint_age_seconds 5`, `stead_revocation_latency_seconds_count 1`, `stead_store_up 1`, `stead_clock_trusted 0`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("%s is missing", line)
		}
	}
	if strings.Contains(body, "secret") {
		t.Error("a label names somebody")
	}
	if got, want := metrics().Lately("orders"), (Answers{Answer{200, noon}, Answer{502, noon}}); got != want || metrics().Lately("wiki") != (Answers{}) {
		t.Errorf("lately %+v, want %+v", got, want)
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "stead_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
