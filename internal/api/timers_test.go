package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func (d *desk) Timers(context.Context, authority.By) ([]authority.TimerText, stead.Bundle, error) {
	return []authority.TimerText{{App: "orders", MaxDuration: stead.Duration(2 * time.Minute)}},
		stead.Bundle{ID: authority.TimersBundle, Version: 3, Files: map[string]string{"timers.json": "[]"}, Applied: "prn_sam", At: noon}, d.err
}

func (d *desk) SetTimers(_ context.Context, by authority.By, w authority.TimersSet) (stead.Bundle, error) {
	d.tied = by.Proviso
	what := "set-timers"
	for _, t := range w.Timers {
		what += " " + t.For() + " " + time.Duration(t.MaxDuration).String()
	}
	if w.File {
		what += " file"
	}
	return stead.Bundle{}, d.note(what + ": " + w.Reason)
}

func TestTimers(t *testing.T) {
	wish := `{"timers":[{"app":"orders","group":"staff/testers","max_duration":"5m"}],"reason":"audit"}`
	for name, c := range map[string]struct {
		method, token, body, match string
		status                     int
		says                       string
		asked                      string
	}{
		"read":              {"GET", "stp_aud", "", "", 200, `"timers":[{"app":"orders","max_duration":"2m0s"}],"from":"set","version":3,"by":{"id":"prn_sam"`, ""},
		"read, no role":     {"GET", "stp_sam", "", "", 404, "not-yours", ""},
		"set":               {"PUT", "stp_ada", wish, `"3"`, 200, `"from":"set"`, "set-timers orders, staff/testers 5m0s: audit"},
		"back":              {"PUT", "stp_ada", `{"configuration":true,"reason":"done"}`, `"3"`, 200, "", "set-timers file: done"},
		"both":              {"PUT", "stp_ada", strings.Replace(wish, `{"timers"`, `{"configuration":true,"timers"`, 1), `"3"`, 400, "not both", ""},
		"not seen":          {"PUT", "stp_ada", wish, "", 428, "send If-Match", ""},
		"no reason":         {"PUT", "stp_ada", `{"timers":[]}`, `"3"`, 400, "reason", ""},
		"no time":           {"PUT", "stp_ada", strings.Replace(wish, "5m", "soon", 1), `"3"`, 400, "", ""},
		"what is not there": {"PUT", "stp_ada", `{"timers":[{"apps":"orders"}],"reason":"x"}`, `"3"`, 400, "", ""},
	} {
		r := newRig(t)
		var head []string
		if c.match != "" {
			head = []string{"If-Match", c.match}
		}
		w := r.do(c.method, timersPath, c.token, c.body, head...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if got := strings.Join(r.desk.asked, ", "); !strings.Contains(got, c.asked) || (c.asked == "" && strings.Contains(got, "set-timers")) {
			t.Errorf("%s: asked %q", name, got)
		}
		if c.method == "GET" && w.Code == 200 && w.Header().Get("ETag") != `"3"` {
			t.Errorf("%s: ETag %s", name, w.Header().Get("ETag"))
		}
		if want := (authority.Proviso{Kind: stead.KindBundle, ID: authority.TimersBundle, Tags: "3,none"}); strings.HasPrefix(c.asked, "set") && cmp.Diff(want, r.desk.tied) != "" {
			t.Errorf("%s: tied to %+v", name, r.desk.tied)
		}
	}
}
