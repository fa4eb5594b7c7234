package api

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func trail(n int) []authority.StoredEvent {
	var all []authority.StoredEvent
	for i := range n {
		all = append(all, authority.StoredEvent{Index: uint64(i), Event: stead.Event{
			ID: "evt_1", Kind: "mandate.started", At: noon, Actor: dana.ID, Subject: sam.ID, Session: "ses_9",
			Who: stead.Fields{"name": "dana", "address": "10.0.0.1", "client": "curl"},
		}})
	}
	return all
}

func TestEventsForWhom(t *testing.T) {
	r := newRig(t)
	r.desk.trail = trail(1)
	w := r.do("GET", "/v1/events?mandate=man_1&kind=mandate.,session.", "stp_sam", "")
	if r.desk.query.Either != sam.ID || r.desk.query.Mandate != "man_1" || len(r.desk.query.Kinds) != 2 {
		t.Errorf("who is no auditor asked for %+v", r.desk.query)
	}
	for _, secret := range []string{"10.0.0.1", "curl", "ses_9"} {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("the subject learns %s: %s", secret, w.Body)
		}
	}
	w = r.do("GET", "/v1/events?actor=staff/sam&person=prn_x", "stp_aud", "")
	if r.desk.query.Either != "prn_x" || r.desk.query.Actor != sam.ID || !strings.Contains(w.Body.String(), "10.0.0.1") {
		t.Errorf("an auditor asked for %+v: %s", r.desk.query, w.Body)
	}
	// Who is no auditor cannot find out by name who exists.
	known, unknown := r.do("GET", "/v1/events?actor=customers/dana", "stp_sam", ""), r.do("GET", "/v1/events?actor=customers/eve", "stp_sam", "")
	if known.Code != 404 || unknown.Code != 404 {
		t.Errorf("%d and %d", known.Code, unknown.Code)
	}
}

// A filter as it is written in the console is one here; parameters stand over it, and it opens nobody's trail.
func TestWrittenFilter(t *testing.T) {
	r := newRig(t)
	r.do("GET", "/v1/events?q=dana+refused+actor%3Astaff/sam+kind%3Amandate.&outcome=ok", "stp_aud", "")
	if q := r.desk.query; q.Actor != sam.ID || q.Outcome != stead.OK || len(q.Kinds) != 1 || len(q.Words) != 1 || q.Words[0] != "dana" {
		t.Errorf("it asked for %+v", q)
	}
	r.do("GET", "/v1/events?q=person%3Aprn_x", "stp_sam", "")
	if q := r.desk.query; q.Either != sam.ID {
		t.Errorf("who is no auditor asked for %+v", q)
	}
	if w := r.do("GET", "/v1/events?q=acter%3Asam", "stp_aud", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "did you mean actor:?") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, q := range []string{"from=2026-12-01T00:00:00Z&to=2026-11-01T00:00:00Z", "q=from%3A2026-12-01&to=2026-11-01T00:00:00Z", "q=from%3A24h+to%3A48h"} {
		if w := r.do("GET", "/v1/events?"+q, "stp_aud", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "the period ends before it begins") {
			t.Errorf("%s: %d %s", q, w.Code, w.Body)
		}
	}
	if w := r.do("GET", "/v1/events?q=actor%3Acustomers/dana", "stp_sam", ""); w.Code != 404 {
		t.Errorf("%d: it tells who there is", w.Code)
	}
}

// A page for which there was not time enough holds fewer events, or none, and the next goes on from there.
func TestPageGivenUp(t *testing.T) {
	r := newRig(t)
	r.desk.trail, r.desk.short = trail(5), 4
	w := r.do("GET", "/v1/events?text=zebra", "stp_aud", "")
	_, token, more := strings.Cut(w.Body.String(), `"next_page_token":"`)
	if w.Code != 200 || !more || !strings.Contains(w.Body.String(), `"events":[]`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	token, _, _ = strings.Cut(token, `"`)
	w = r.do("GET", "/v1/events?text=zebra&page_token="+token, "stp_aud", "")
	if w.Code != 200 || strings.Count(w.Body.String(), `{"index":`) != 3 || strings.Contains(w.Body.String(), "next_page_token") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPagesGoOnWhereTheLastEnded(t *testing.T) {
	r := newRig(t)
	r.desk.trail = trail(5)
	for _, order := range []string{"newest", "oldest"} {
		next, got := "", ""
		for range 4 {
			w := r.do("GET", "/v1/events?limit=2&order="+order+next, "stp_aud", "")
			for _, part := range strings.Split(w.Body.String(), `{"index":`)[1:] {
				got += part[:1]
			}
			_, token, more := strings.Cut(w.Body.String(), `"next_page_token":"`)
			if !more {
				break
			}
			token, _, _ = strings.Cut(token, `"`)
			next = "&page_token=" + token
			if link := w.Header().Get("Link"); !strings.Contains(link, "page_token="+token) {
				t.Errorf("Link: %s", link)
			}
		}
		if want := map[string]string{"newest": "43210", "oldest": "01234"}[order]; got != want {
			t.Errorf("%s: %s, want %s", order, got, want)
		}
	}
	if w := r.do("GET", "/v1/events?page_token=x", "stp_aud", ""); w.Code != 400 {
		t.Errorf("a made-up page: %d", w.Code)
	}
}

func TestStream(t *testing.T) {
	r := newRig(t)
	r.desk.trail = trail(3)
	server := httptest.NewServer(r.mux)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/events", nil)
	req.Header.Set("Authorization", "Bearer stp_aud")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", "2")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || ct != "text/event-stream" {
		t.Fatalf("%d %s", resp.StatusCode, ct)
	}
	lines := bufio.NewScanner(resp.Body)
	var got []string
	for len(got) < 3 && lines.Scan() {
		if l := lines.Text(); l != "" && !strings.HasPrefix(l, ":") && !strings.HasPrefix(l, "retry:") {
			got = append(got, l)
		}
	}
	if len(got) < 3 || got[0] != "id: 3" || got[1] != "event: mandate.started" || !strings.Contains(got[2], `"index":2`) {
		t.Errorf("%q", got)
	}
	cancel()
}

func TestStreamEndsWithItsSession(t *testing.T) {
	r := newRig(t)
	r.desk.trail = trail(1)
	s := &stream{a: r.api, q: authority.EventQuery{Limit: 500}, w: httptest.NewRecorder()}
	s.out = http.NewResponseController(s.w)
	req := httptest.NewRequest(http.MethodGet, "/v1/events", nil)
	req.Header.Set("Authorization", "Bearer stp_aud")
	s.by.Principal = "prn_aud"
	if err := s.still(req); err != nil {
		t.Fatal(err)
	}
	s.by.Principal = sam.ID // no auditor any more
	if stead.KindOf(s.still(req)) != stead.Missing {
		t.Error("it goes on for who is no auditor any more")
	}
	r.desk.over = true
	s.own = true
	if err := s.still(req); stead.ReasonOf(err) != stead.ReasonSignIn {
		t.Errorf("it goes on after the session: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		if err := s.run(req.WithContext(t.Context())); stead.ReasonOf(err) != stead.ReasonSignIn {
			t.Errorf("run ended with %v", err)
		}
	})
}

func TestStreamRefusals(t *testing.T) {
	r := newRig(t)
	if w := r.do("GET", "/v1/events", "stp_aud", "", "Accept", "text/event-stream", "Last-Event-ID", "x"); w.Code != 400 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.do("GET", "/v1/events", "", "", "Accept", "text/event-stream"); w.Code != 401 {
		t.Errorf("%d", w.Code)
	}
}
