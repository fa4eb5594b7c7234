package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
)

// tryFor is how long anything may take that the doctor tries.
const tryFor = 5 * time.Second

// upstreams asks every application directly, as nobody: whether it is there, by which certificate, and what time it has.
func (e *env) upstreams(ctx context.Context, apps []gateway.App) []finding {
	var found []finding
	for _, a := range apps {
		if !a.Forward {
			found = append(found, e.upstream(ctx, a)...)
		}
	}
	return found
}

func (e *env) upstream(ctx context.Context, a gateway.App) []finding {
	check := "application " + string(a.ID)
	way, err := a.Reach.Transport()
	if err != nil {
		return []finding{{check, "fail", err.Error(), "set upstream_ca_file to a file with certificates"}}
	}
	defer way.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, plainTarget(a), nil)
	if err != nil {
		return []finding{{check, "fail", err.Error(), ""}}
	}
	req.Host = a.Canonical()
	before := e.now()
	resp, err := way.RoundTrip(req)
	if err != nil {
		return []finding{{check, "fail", err.Error(), "is it running at " + a.Upstream.String() + ", and does its firewall let this machine in?"}}
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // that it answers is what was asked; what it says is not read
	_ = resp.Body.Close()
	says := fmt.Sprintf("%s answers %d", a.Upstream, resp.StatusCode)
	found := []finding{{check, "ok", says, ""}}
	if resp.StatusCode >= http.StatusInternalServerError {
		found[0] = finding{check, "warn", says, "look into its own log"}
	}
	if t := resp.TLS; t != nil && len(t.PeerCertificates) > 0 {
		found = append(found, expiry(check+" certificate", t.PeerCertificates[0].NotAfter, e.now()))
	}
	for _, f := range skew(resp, before, e.now()) {
		if f.Result != "ok" {
			found = append(found, finding{check + " clock", f.Result, f.Says, "set both by a time server: its trail and Stead's would not agree"})
		}
	}
	return found
}

// running asks the server of a configuration how it is, where machines ask it. The first finding is whether it runs.
func (e *env) running(ctx context.Context, c config.Config, file string) []finding {
	at := c.Observability.Metrics
	if at == "" {
		return []finding{{"server", "ok", "observability.metrics is off: nothing more is known of it here", "set observability.metrics"}}
	}
	ready, err := e.fetch(ctx, "http://"+at+"/readyz?verbose")
	if err != nil {
		return []finding{{"server", "warn", "not running: nobody answers at " + at, "stead serve --config " + file}}
	}
	found := []finding{{"server", "ok", "running", ""}}
	for line := range strings.Lines(ready) {
		if what, bad := strings.CutPrefix(strings.TrimSpace(line), "fail  "); bad {
			name, why, _ := strings.Cut(what, ": ")
			found = append(found, finding{name, "fail", why, "look into the server's log"})
		}
	}
	text, err := e.fetch(ctx, "http://"+at+"/metrics")
	if err != nil {
		return append(found, finding{"metrics", "fail", err.Error(), ""})
	}
	return append(found, figures(text, lastWritten(file))...)
}

// fetch gets a page of the server's own, whatever its status.
func (e *env) fetch(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := e.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err == nil && resp.Header.Get("Content-Type") == "" {
		err = errors.New("this is no page of Stead's")
	}
	return string(raw), err
}

// Figures that a healthy server stays under.
const (
	oldCheckpoint = 24 * time.Hour
	farBehind     = 10_000
)

// lastWritten is when a file was; of one that is not there nothing is known.
func lastWritten(file string) time.Time {
	about, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return about.ModTime()
}

// figures reads what the server counts of itself, whose configuration was written then.
func figures(text string, config time.Time) []finding {
	value := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		name, number, ok := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(number, 64); ok && err == nil && !strings.HasPrefix(name, "#") {
			value[name] = n
		}
	}
	age := time.Duration(value["stead_audit_checkpoint_age_seconds"]) * time.Second
	lag := int(value["stead_projection_lag_events"])
	made := "made just now"
	if age >= time.Second {
		made = "made " + age.String() + " ago"
	}
	found := []finding{{"checkpoint", "ok", made, ""}, {"searchable copy", "ok", number(lag) + " events behind", ""}, {"configuration in force", "ok", "what the file says", ""}}
	if up := int(value["stead_notices_given_up"]); up > 0 {
		found = append(found, finding{"messages", "warn", number(up) + " to people were given up since the start", "stead notice list says which; correct notify.channels"})
	}
	if age > oldCheckpoint {
		found[0] = finding{"checkpoint", "warn", "made " + age.String() + " ago: nothing was recorded since", "does anybody come in? See the server's log"}
	}
	if lag > farBehind {
		found[1] = finding{"searchable copy", "warn", number(lag) + " events behind", "if it does not shrink, look into the server's log"}
	}
	waiting := int(value["stead_config_restart_keys"])
	switch ok, there := value["stead_config_last_reload_successful"]; {
	case there && ok == 0:
		found[2] = finding{found[2].Check, "fail", "the file was refused, and an older configuration is in force", "stead config validate; then stead config reload says it again"}
	case there && config.After(time.Unix(int64(value["stead_config_last_reload_success_timestamp_seconds"])+1, 0)):
		found[2] = finding{found[2].Check, "warn", "the file was written since it was read", "it is read by itself within seconds; stead config reload says what became of it"}
	case waiting > 0:
		found[2] = finding{found[2].Check, "warn", "keys of the file that wait for a restart: " + number(waiting), "stead config reload names them; then restart the server"}
	}
	return found
}
