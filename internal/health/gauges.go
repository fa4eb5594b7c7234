package health

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges asks once for all of them, so that one scrape shows one moment.
type gauges struct {
	standing func() Standing
	now      func() time.Time
}

type gauge struct {
	desc  *prometheus.Desc
	value float64
	label []string
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

func (g *gauges) list(s Standing) []gauge {
	acting := describe("stead_act_sessions", "Mandates in force, by mode.", "mode")
	age := 0.0
	if !s.HeadAt.IsZero() {
		age = max(0, g.now().Sub(s.HeadAt).Seconds())
	}
	return []gauge{
		{acting, float64(s.ReadOnly), []string{"read-only"}},
		{acting, float64(s.Edit), []string{"edit"}},
		{describe("stead_requests_pending", "Requests that wait for approvals."), float64(s.Pending), nil},
		{describe("stead_sessions", "Sessions of people."), float64(s.Sessions), nil},
		{describe("stead_audit_log_size", "Events in the log."), float64(s.Head), nil},
		{describe("stead_audit_checkpoint_age_seconds", "Time since the newest checkpoint."), age, nil},
		{describe("stead_projection_lag_events", "Events that can not be searched yet."), float64(s.Lag), nil},
		{describe("stead_store_up", "1 while the store takes events."), truth(s.StoreUp), nil},
		{describe("stead_notices_waiting", "Messages to people that this node has still to send."), float64(s.NoticesWaiting), nil},
		{describe("stead_notices_given_up", "Messages to people that were given up since the start: stead notice list."), float64(s.NoticesGivenUp), nil},
		{describe("stead_clock_trusted", "0 after a jump of the clock, until two people have looked."), truth(s.ClockTrusted), nil},
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Describe is asked for by Prometheus.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, one := range g.list(Standing{}) {
		out <- one.desc
	}
}

// Collect is asked for by Prometheus.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	for _, one := range g.list(g.standing()) {
		out <- prometheus.MustNewConstMetric(one.desc, prometheus.GaugeValue, one.value, one.label...)
	}
}
