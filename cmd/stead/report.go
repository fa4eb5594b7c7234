package main

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/report"
)

func (e *env) report() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Evidence from the record: who acted for whom, counted and signed"}
	c.AddCommand(e.reportList(), e.reportRun(), e.reportVerify())
	return c
}

func (e *env) reportList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the reports there are", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out, err := client.ListReports(c.Context())
		if err != nil {
			return err
		}
		return e.print(out.Reports, func(t *table) {
			t.columns = []string{"report", "title", "what"}
			for _, r := range out.Reports {
				t.row(r.ID, r.Title, r.Says)
			}
		})
	}}
}

type reportWish struct {
	form, from, to, person, app, names, out string
	count                                   bool
}

func (e *env) reportRun() *cobra.Command {
	var w reportWish
	c := &cobra.Command{
		Use: "run REPORT", Short: "Make a report of the last 30 days, or of another period", Args: cobra.ExactArgs(1),
		Long: "Make a report and write it to a file. The file says what was asked, how many rows and events it holds and up to which\n" +
			"checkpoint of the record, and is signed by the key of the log: stead report verify checks it without the server.\n" +
			"That it was made is on record.",
		Example: "  stead report run acting-by-person --from 2026-11-01 --to 2026-12-01\n  stead report run my-data --person customers/dana --names role --form csv --out dana.csv",
		RunE:    func(c *cobra.Command, args []string) error { return e.runReport(c.Context(), args[0], w) },
	}
	f := c.Flags()
	f.StringVar(&w.form, "form", "html", "html, csv or jsonl")
	f.StringVar(&w.from, "from", "", "since then: RFC 3339, a day (2026-03-02), or how long ago (720h)")
	f.StringVar(&w.to, "to", "", "before then")
	f.StringVar(&w.person, "person", "", "id, directory/name or me: who acted or in whose name; of my-data the one it is about (default: you)")
	f.StringVar(&w.app, "app", "", "application")
	f.StringVar(&w.names, "names", "", "how those who acted are called: name, role or pseudonym")
	f.BoolVar(&w.count, "count", false, "only say how much it would hold: nothing is made")
	f.StringVar(&w.out, "out", "", "file to write, - for stdout (default: a name that says what it is, in this folder)")
	return c
}

func (e *env) runReport(ctx context.Context, kind string, w reportWish) error {
	client, err := e.client()
	if err != nil {
		return err
	}
	if kind == "my-data" && w.person == "" {
		w.person = "me"
	}
	q := admin.MakeReportQuery{Form: w.form, Person: w.person, App: w.app, Names: w.names}
	for _, end := range []struct {
		text string
		at   *time.Time
	}{{w.from, &q.From}, {w.to, &q.To}} {
		if end.text == "" {
			continue
		}
		if *end.at, err = moment(end.text, time.Now()); err != nil {
			return err
		}
	}
	if w.count {
		n, err := client.PreviewReport(ctx, kind, admin.PreviewReportQuery{From: q.From, To: q.To, Person: q.Person, App: q.App, Names: q.Names})
		if err != nil {
			return err
		}
		return e.print(n, func(t *table) { t.row("rows", number(n.Rows)); t.row("events", number(n.Events)) })
	}
	resp, file, err := e.awaitReport(ctx, client, kind, q)
	if err != nil {
		return err
	}
	if w.out == "-" {
		_, err := e.out.Write(file)
		return err
	}
	if w.out == "" {
		_, params, _ := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
		w.out = filepath.Base(params["filename"])
	}
	if err := os.WriteFile(w.out, file, 0o600); err != nil {
		return fail(exitFailed, "name another file: --out", "%s cannot be written: %s", w.out, unwrapped(err))
	}
	_, signed, err := report.Split(file)
	if err != nil {
		return err
	}
	e.say("%s: %s", w.out, summed(string(signed)))
	return nil
}

// awaitReport asks for a report until it is made, and says how far it is.
func (e *env) awaitReport(ctx context.Context, client *client, kind string, q admin.MakeReportQuery) (*http.Response, []byte, error) {
	p := e.progress("Making the report:")
	defer p.done()
	for {
		resp, err := client.MakeReportRaw(ctx, kind, q, admin.Async)
		if err != nil {
			return nil, nil, err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // it was read to its end
		if err != nil {
			return nil, nil, fail(exitFailed, "try again", "the report was broken off: %s", err)
		}
		if resp.StatusCode != http.StatusAccepted {
			return resp, body, nil
		}
		var far admin.ReportProgress
		if err := json.Unmarshal(body, &far); err != nil {
			return nil, nil, fail(exitFailed, "try again", "the server does not say how far the report is: %s", err)
		}
		of := uint64(far.Events)
		if far.Progress > 0 {
			of = uint64(float64(far.Events) / far.Progress)
		}
		p.at(uint64(far.Events), of, "events")
		select { // the server has waited a second already
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// summed says in a line what a statement under a report says.
func summed(text string) string {
	said := map[string]string{}
	for _, l := range report.Lines(text) {
		said[l[0]] = l[1]
	}
	return several(said["rows"], "row") + ", from " + several(said["events"], "event") + ", up to event " + said["checkpoint-size"] + " of the record"
}

func (e *env) reportVerify() *cobra.Command {
	var key string
	c := &cobra.Command{
		Use: "verify FILE", Short: "Check that a report is whole and unchanged, without the server", Args: cobra.ExactArgs(1),
		Long: "Check the signature at the end of a report and that its file is the one that was signed. The key comes from --key,\n" +
			"$STEAD_LOG_KEY or the profile; stead audit checkpoint prints it. The exit code is 7 when something is wrong.",
		Example: "  stead report verify stead-acting-by-person-20261122-120000.html --key \"$(cat log.pub)\"",
		RunE:    func(_ *cobra.Command, args []string) error { return e.verifyReport(args[0], key) },
	}
	c.Flags().StringVar(&key, "key", "", "verifier key of the log, or a file with it")
	return c
}

func (e *env) verifyReport(name, key string) error {
	file, err := os.ReadFile(name)
	if err != nil {
		return fail(exitNotFound, "", "%s cannot be read: %s", name, unwrapped(err))
	}
	if _, p, err := e.here(); err == nil && key == "" && e.getenv("STEAD_LOG_KEY") == "" {
		key = p.Key
	}
	v, err := e.verifier(verifyWish{key: key}, func() string { return "" }) // a report does not bring its own key
	if err != nil {
		return err
	}
	wrong := func(err error) error {
		return fail(exitVerify, "ask for the file again, and compare the key with one that came another way", "%s: %s", name, err)
	}
	body, signed, err := report.Split(file)
	if err != nil {
		return wrong(err)
	}
	text, err := ledger.OpenStatement(report.StatementForm, signed, v)
	if err != nil {
		return wrong(err)
	}
	said, err := report.Check(body, text)
	if err != nil {
		return wrong(err)
	}
	if err := e.print(said, func(t *table) {
		for _, l := range report.Lines(text) {
			t.row(l[0], strings.TrimSpace(l[1]))
		}
	}); err != nil {
		return err
	}
	e.say("It is as it was signed for %s.", v.Name())
	return nil
}
