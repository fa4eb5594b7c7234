package admin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestClient(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = fmt.Sprintf("%s %s %s %s|%s|%s", r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("If-Match")+r.Header.Get("Idempotency-Key"), body)
		switch r.URL.Path {
		case "/v1/mandates/man_1/end":
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"detail":"it has ended","reason_code":"ended","status":409,"hint":"none"}`)
		case "/v1/logout":
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<html>")
		case "/v1/whoami":
			_, _ = io.WriteString(w, "no JSON")
		case "/v1/acting/disarm":
			w.WriteHeader(http.StatusNoContent)
		default:
			_, _ = io.WriteString(w, `{"id":"prn_1","version":4,"index":0}`)
		}
	}))
	defer server.Close()
	c, ctx := &Client{Addr: server.URL, Token: "stp_x", Agent: "test", HTTP: server.Client()}, t.Context()
	off := false
	for _, row := range []struct {
		name string
		do   func() error
		want string
	}{
		{"patch", func() error {
			p, err := c.ChangePerson(ctx, "prn/1", ChangeIn{Disabled: &off}, IfMatch(3), Once("k"))
			return errors.Join(err, is(p.Version == 4 && p.ID == "prn_1"))
		}, `PATCH /v1/people/prn%2F1 Bearer stp_x application/json|"3"k|{"disabled":false}`},
		{"csv", func() error {
			_, err := c.ImportPeople(ctx, ImportPeopleQuery{Directory: "staff"}, strings.NewReader("name\nkim\n"))
			return err
		}, "POST /v1/people/import?directory=staff Bearer stp_x text/csv||name\nkim\n"},
		{"what must be there", func() error { _, err := c.ProveEvent(ctx, ProveEventQuery{}); return err }, "GET /v1/audit/proof?index=0 Bearer stp_x ||"},
		{"filters", func() error {
			_, err := c.ListEvents(ctx, ListEventsQuery{Kind: []string{"mandate.", "request."}, From: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)})
			return err
		}, "GET /v1/events?from=2026-03-04T12%3A00%3A00Z&kind=mandate.%2Crequest. Bearer stp_x ||"},
		{"nothing comes back", func() error { return c.Disarm(ctx) }, "POST /v1/acting/disarm Bearer stp_x ||"},
		{"a no", func() error {
			_, err := c.EndMandate(ctx, "man_1")
			var p *Problem
			return is(errors.As(err, &p) && p.ReasonCode == ReasonCodeEnded && p.Status == 409 && err.Error() == "it has ended")
		}, "POST /v1/mandates/man_1/end Bearer stp_x ||"},
		{"another server", func() error {
			var u *Unread
			return is(errors.As(c.Logout(ctx), &u) && u.Status == 502)
		}, "POST /v1/logout Bearer stp_x ||"},
		{"no JSON", func() error {
			_, err := c.Whoami(ctx)
			var u *Unread
			return is(errors.As(err, &u) && u.Status == 200)
		}, "GET /v1/whoami Bearer stp_x ||"},
	} {
		if err := row.do(); err != nil || asked != row.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", row.name, err, asked, row.want)
		}
	}
	c.No = func(error) error { return io.EOF }
	if c.Logout(ctx) != io.EOF { //nolint:errorlint // the very one
		t.Error("the error was not told in the caller's words")
	}
}

func is(yes bool) error {
	if yes {
		return nil
	}
	return errors.New("not as it should be")
}
