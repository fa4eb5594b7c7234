package api

import (
	"context"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Health is summed up by the worst that is found; what there is none of is an empty list.
func TestHealth(t *testing.T) {
	for worst, found := range map[string][]string{"ok": {"ok"}, "warn": {"ok", "warn", "ok"}, "fail": {"warn", "fail", "warn"}} {
		r := newRig(t, func(a *API) {
			a.Look = func(context.Context) (l Look) {
				for _, result := range found {
					l.Findings = append(l.Findings, Finding{Name: "Store", Result: result})
				}
				return l
			}
		})
		w := r.do("GET", "/v1/health", "stp_aud", "")
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), `{"result":"`+worst+`"`) || !strings.Contains(w.Body.String(), `"nodes":[]`) {
			t.Errorf("%s: %d %s", worst, w.Code, w.Body)
		}
	}
}

// What is staged is told with what becomes of people and mandates; who has no role learns neither that nor who wrote it.
func TestStagedPlan(t *testing.T) {
	r := newRig(t)
	r.desk.staged = stead.Bundle{ID: authority.StagedBundle, Version: 4, Digest: strings.Repeat("cd", 32), Author: sam.ID, Files: map[string]string{"a.cedar": "one\nthree\n"}}
	w := r.do("GET", "/v1/policy/staged", "stp_sec", "")
	for _, part := range []string{`"digest":"cdcd`, `"in_force":"abab`, `"gain":[{"id":"prn_sam"`, `"gains":3`, `"lose":[]`, `"ends":[{"id":"man_1"`, `"file":"b.cedar","how":"removed"`, `"ok":true`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("%d %s lacks %s", w.Code, w.Body, part)
		}
	}
	over, under := r.do("GET", "/v1/policy", "stp_aud", ""), r.do("GET", "/v1/policy", "stp_sam", "")
	if !strings.Contains(over.Body.String(), `"staged"`) || strings.Contains(under.Body.String(), `"staged"`) || under.Header().Get("ETag") != `"1"` {
		t.Errorf("%s\n%s %s", over.Body, under.Header(), under.Body)
	}
	if w = r.do("POST", "/v1/policy/try", "stp_aud", `{"actor":"staff/sam","app":"orders","policy":"staged"}`); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Events leave only once that is on record, those that there were, and nothing in a sheet is a formula.
func TestExportIsOnRecord(t *testing.T) {
	r := newRig(t)
	r.desk.trail = trail(2)
	r.desk.trail[1].What = stead.Fields{"path": "=cmd|x", "title": "a, b"}
	w := r.do("GET", "/v1/audit/export?form=csv&kind=mandate.", "stp_aud", "")
	if got := strings.Join(r.desk.asked, ", "); got != "export csv 2 kind=mandate." {
		t.Errorf("asked %s", got)
	}
	if r.desk.query.Before != 3 || r.desk.counts.Within != 0 {
		t.Errorf("of %+v, counted %+v", r.desk.query, r.desk.counts)
	}
	if want := "2,2026-03-02T12:00:00Z,mandate.started,,customers/dana,prn_dana,staff/sam,prn_sam,,,,,,'=cmd|x,\"a, b\",,,,\n"; !strings.HasSuffix(w.Body.String(), want) {
		t.Errorf("%s", w.Body)
	}
	r.desk.err = stead.E(stead.Broken, stead.ReasonRecord, "no record")
	if w = r.do("GET", "/v1/audit/export?form=csv", "stp_aud", ""); w.Code != 503 || strings.Contains(w.Body.String(), "number,") {
		t.Errorf("%d %s left without a record", w.Code, w.Body)
	}
}

// What the last reload that was taken changed stays readable after one that was not.
func TestLastReload(t *testing.T) {
	r := newRig(t, func(a *API) { a.Reload = reread{} })
	w := r.do("GET", "/v1/config/reload", "stp_sec", "")
	for _, part := range []string{`"key":"acting.max","before":"10m","after":"5m"`, `"changed_at":"2026-03-02T12:00:00Z"`, `"by":{"id":"prn_sam"`, `"account":"sam"`, `"problem":"line 3"`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("%d %s lacks %s", w.Code, w.Body, part)
		}
	}
}

type reread struct{}

func (reread) Reload(context.Context, authority.By) (Reloaded, error) { return Reloaded{}, nil }
func (reread) Last() Reload {
	return Reload{Problem: "line 3", By: &Who{ID: sam.ID}, Changed: []KeyChange{{Key: "acting.max", Before: "10m", After: "5m"}}, Taken: noon}
}
