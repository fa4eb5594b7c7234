package health

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Standing is what is true just now, for the gauges.
type Standing struct {
	ReadOnly, Edit int // mandates in force, by mode
	Pending        int // requests that wait for approvals
	Sessions       int
	Lag            uint64    // events that the projection is behind
	Head           uint64    // events in the log
	HeadAt         time.Time // of the newest checkpoint
	StoreUp        bool
	ClockTrusted   bool
	NoticesWaiting int // messages that this node has still to send
	NoticesGivenUp int // by this node, since it started
}

// A Metrics counts. What follows the log tells it of events, the gateway of requests.
type Metrics struct {
	registry  *prometheus.Registry
	decisions *prometheus.CounterVec
	decided   prometheus.Histogram
	started   *prometheus.CounterVec
	ended     *prometheus.CounterVec
	refused   *prometheus.CounterVec
	requests  *prometheus.HistogramVec
	appends   prometheus.Counter
	revoked   prometheus.Histogram
	config    prometheus.Gauge
	configAt  prometheus.Gauge
	waiting   prometheus.Gauge
	now       func() time.Time
	last      lately
}

// fast are buckets from a twentieth of a millisecond to five seconds.
func fast() []float64 {
	return []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
}

// NewMetrics makes the metrics of one server. Standing is asked at every scrape; now is the clock.
func NewMetrics(version string, standing func() Standing, now func() time.Time) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), now: now}
	m.decisions = m.counters("stead_decisions_total", "Decisions about requests on behalf of somebody or for oneself.", "effect", "reason")
	m.decided = m.histogram("stead_decision_duration_seconds", "Time of a decision, until it may be released.")
	m.started = m.counters("stead_act_sessions_started_total", "Starts of acting, by application and how it went.", "app", "result")
	m.ended = m.counters("stead_act_sessions_ended_total", "Ends of acting, by reason.", "reason")
	m.refused = m.counters("stead_refusals_total", "Verbs that were refused.", "verb", "reason")
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "stead_gateway_request_duration_seconds", Help: "Time of requests through the gateway.", Buckets: fast(),
	}, []string{"app", "code"})
	m.appends = prometheus.NewCounter(prometheus.CounterOpts{Name: "stead_audit_appends_total", Help: "Events written to the log."})
	m.revoked = m.histogram("stead_revocation_latency_seconds", "Time from asking to revoke until nothing more is released.")
	m.config = prometheus.NewGauge(prometheus.GaugeOpts{Name: "stead_config_last_reload_successful", Help: "Whether the last reading of the configuration was taken (1) or refused (0)."})
	m.configAt = prometheus.NewGauge(prometheus.GaugeOpts{Name: "stead_config_last_reload_success_timestamp_seconds", Help: "When a configuration was last taken."})
	m.waiting = prometheus.NewGauge(prometheus.GaugeOpts{Name: "stead_config_restart_keys", Help: "Keys of the configuration that was last taken that wait for a restart."})
	m.Configured(true, 0)
	m.registry.MustRegister(m.requests, m.appends, m.config, m.configAt, m.waiting, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info(version), &gauges{standing, now})
	return m
}

func info(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "stead_build_info", Help: "Which Stead this is.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histogram(name, help string) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: fast()})
	m.registry.MustRegister(h)
	return h
}

// Handler serves them.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Event counts an event of the log. It never fails: whoever follows the log must not stop because of it.
func (m *Metrics) Event(e authority.StoredEvent) error {
	m.appends.Inc()
	kind := string(e.Kind)
	switch {
	case kind == "request.allowed":
		m.decisions.WithLabelValues("allow", "").Inc()
	case kind == "request.denied":
		m.decisions.WithLabelValues("deny", string(e.Reason)).Inc()
	case kind == "mandate.started":
		m.started.WithLabelValues(string(e.App), "ok").Inc()
	case kind == "mandate.start.refused":
		m.started.WithLabelValues(string(e.App), "refused").Inc()
	case kind == "mandate.ended" || kind == "mandate.revoked":
		m.ended.WithLabelValues(string(e.Reason)).Inc()
	}
	if verb, ok := strings.CutSuffix(kind, ".refused"); ok {
		m.refused.WithLabelValues(verb, string(e.Reason)).Inc()
	}
	return nil
}

// Decided notes the time of a decision.
func (m *Metrics) Decided(took time.Duration) { m.decided.Observe(took.Seconds()) }

// Served notes a request through the gateway.
func (m *Metrics) Served(app stead.AppID, status int, took time.Duration) {
	m.requests.WithLabelValues(string(app), strconv.Itoa(status)).Observe(took.Seconds())
	m.last.note(app, Answer{status, m.now()})
}

// Revoked notes how long a revocation took.
func (m *Metrics) Revoked(took time.Duration) { m.revoked.Observe(took.Seconds()) }

// Configured notes how the last reading of the configuration went, and how many keys of it wait for a restart.
func (m *Metrics) Configured(ok bool, waiting int) {
	if !ok {
		m.config.Set(0)
		return
	}
	m.config.Set(1)
	m.waiting.Set(float64(waiting))
	m.configAt.Set(float64(m.now().Unix()))
}
