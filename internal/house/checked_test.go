package house_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/login"
)

// A reader is an auditor's browser at the console.
type reader struct {
	t    *testing.T
	h    *housetest.House
	door http.Handler
	jar  []*http.Cookie
}

const origin = "http://stead.test"

func reads(t *testing.T, h *housetest.House) *reader {
	t.Helper()
	apps := []gateway.App{{App: stead.App{ID: "orders", Hosts: []string{"orders.test"}}}}
	doors, err := h.Doors(house.Site{Origin: origin, Listen: "stead.test", Gateway: "orders.test", Apps: apps, Log: slog.New(slog.DiscardHandler),
		Directories: []login.Directory{{ID: "staff", Label: "Staff"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, h: h, door: doors.Own}
	r.asks("POST", "/login", url.Values{"directory": {"staff"}, "name": {"carla"}, "password": {housetest.Password}, "code": {h.Code("staff/carla")}})
	return r
}

// asks sends a request with the cookie there is, and gives what comes.
func (b *reader) asks(method, path string, form url.Values) (status int, body string) {
	b.t.Helper()
	r := httptest.NewRequest(method, origin+path, strings.NewReader(form.Encode()))
	r.RequestURI = r.URL.RequestURI()
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, k := range b.jar {
		r.AddCookie(k)
	}
	w := httptest.NewRecorder()
	b.door.ServeHTTP(w, r)
	res := w.Result()
	if k := res.Cookies(); len(k) > 0 {
		b.jar = k
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// The badge follows from reading: what was changed on the disk is found, and named.
func TestBadgeIsTrue(t *testing.T) {
	h := housetest.New(t)
	b := reads(t, h)
	if status, body := b.asks("GET", "/audit", nil); status != 200 || !strings.Contains(body, "✓ Verified up to event ") {
		t.Fatalf("%d %s", status, body)
	}
	h.Kinds(1)
	before := h.Store.Head().Size
	b.asks("GET", "/audit", nil)
	by := h.Login("staff/sam", "stead.test")
	if _, err := h.Act(by, "staff/sam", "customers/dana", stead.ReadOnly); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(h.Options.Dir, "stead.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE log SET event = replace(event, 'mandate.started', 'mandate.stopped') WHERE idx >= ?", before); err != nil {
		t.Fatal(err)
	}
	_, body := b.asks("GET", "/audit", nil)
	if strings.Contains(body, "✓") || !strings.Contains(body, "does not hash to its leaf") {
		t.Error("a changed record is called verified")
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// The rows of the file are those that were counted and shown, whatever has happened since; and the file proves itself.
func TestExportIsWhatWasShown(t *testing.T) {
	h := housetest.New(t)
	b := reads(t, h)
	by := h.Login("staff/sam", "stead.test")
	if _, err := h.Act(by, "staff/sam", "customers/dana", stead.ReadOnly); err != nil {
		t.Fatal(err)
	}
	const q = "q=kind:session.started+kind:mandate.+from:24h"
	_, screen := b.asks("GET", "/audit?size=500&"+q, nil)
	shown := strings.Count(screen, "data-number=")
	_, body := b.asks("GET", "/audit/export?"+q, nil)
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], m[2])
	}
	if form.Get("rows") != fmt.Sprint(shown) || shown < 3 {
		t.Fatalf("%d rows on the screen, %q counted", shown, form)
	}
	h.Login("staff/tess", "stead.test") // which comes too late
	form.Set("form", "csv")
	_, table := b.asks("POST", "/audit/export", form)
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(rows)-1 != shown {
		t.Errorf("%d rows in the table, %d on the screen: %v", len(rows)-1, shown, err)
	}
	h.Flush() // that he is still there is written when nobody waits for it
	form.Set("form", "jsonl")
	status, file := b.asks("POST", "/audit/export", form)
	key, err := ledger.Verifier(h.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	report, _, err := ledger.VerifyExport(bufio.NewReader(bytes.NewBufferString(file)), ledger.ExportCheck{Key: key})
	if err != nil || status != 200 || !report.Good() || report.Events != uint64(shown) {
		t.Errorf("%d: the file holds %d events, %d were on the screen: %v %v", status, report.Events, shown, report.Faults, err)
	}
	if own := h.Store.Head().Size; report.Size != own-1 {
		t.Errorf("the file reaches event %d, and that it was made is event %d", report.Size, own)
	}
	found, err := h.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"audit.exported"}})
	if h.Kinds(1); err != nil || len(found) == 0 || found[0].What["rows"] != fmt.Sprint(shown) || found[0].What["form"] != "csv" {
		t.Errorf("on record stands %+v, %v", found, err)
	}
}

// Whoever is no auditor counts what he may read, and takes no file; that he tried is on record.
func TestCountsAreOnesOwn(t *testing.T) {
	h := housetest.New(t)
	by, other := h.Login("staff/sam", "stead.test"), h.Login("staff/tess", "stead.test")
	h.Kinds(1)
	all, err := h.Counted(t.Context(), h.Login("staff/carla", "stead.test"), authority.EventQuery{}, authority.Counting{})
	if err != nil && stead.ReasonOf(err) != stead.ReasonLevel {
		t.Fatal(err)
	}
	own, err := h.Counted(t.Context(), by, authority.EventQuery{}, authority.Counting{})
	if err != nil {
		t.Fatal(err)
	}
	mine, err := h.Events(t.Context(), by, authority.EventQuery{Limit: 1000})
	if err != nil || own.Total != uint64(len(mine)) || own.Total == 0 || all.Total <= own.Total && all.Total > 0 {
		t.Errorf("sam counts %d of %d, and reads %d: %v", own.Total, all.Total, len(mine), err)
	}
	if _, err := h.Counted(t.Context(), by, authority.EventQuery{Either: other.Principal}, authority.Counting{}); stead.ReasonOf(err) != stead.ReasonNotYours {
		t.Errorf("sam counts what tess did: %v", err)
	}
	if err := h.Export(t.Context(), by, authority.Exporting{Form: "csv", Rows: 1}); err == nil {
		t.Error("sam takes a file")
	}
	if kinds := h.Kinds(1); kinds[0] != "audit.export.refused" {
		t.Errorf("on record stands %v", kinds)
	}
}
