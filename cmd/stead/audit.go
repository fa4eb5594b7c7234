package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

func (e *env) audit() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Read, export and verify the record"}
	c.AddCommand(e.auditTail(), e.auditSearch(), e.auditExport(), e.auditVerify(), e.auditProve(), e.auditCheckpoint())
	return c
}

// An eventFilter is the same here, in the API and in the console.
type eventFilter struct {
	kinds                                                                            []string
	actor, subject, person, mandate, session, decision, app, outcome, from, to, text string

	written string
}

func (f *eventFilter) flags(s *pflag.FlagSet) {
	s.StringVar(&f.written, "filter", "", "all of it as one text, as in the console: \"dana outcome:refused from:2026-11-01\"")
	s.StringSliceVar(&f.kinds, "kind", nil, "kinds or their beginnings: mandate. or request.denied")
	s.StringVar(&f.actor, "actor", "", "who did it: id, directory/name or me")
	s.StringVar(&f.subject, "subject", "", "for whom: id, directory/name or me")
	s.StringVar(&f.person, "person", "", "as actor or as subject")
	s.StringVar(&f.mandate, "mandate", "", "mandate id")
	s.StringVar(&f.session, "session", "", "session id")
	s.StringVar(&f.decision, "decision", "", "decision id")
	s.StringVar(&f.app, "app", "", "application")
	s.StringVar(&f.outcome, "outcome", "", "ok, refused or unknown")
	s.StringVar(&f.from, "from", "", "since then: RFC 3339, a day (2026-03-02), or how long ago (24h)")
	s.StringVar(&f.to, "to", "", "before then")
	s.StringVar(&f.text, "text", "", "anywhere in what was recorded")
}

func (f *eventFilter) query(now time.Time) (q admin.ListEventsQuery, err error) {
	q = admin.ListEventsQuery{Kind: f.kinds, Actor: f.actor, Subject: f.subject, Person: f.person, Mandate: f.mandate, Session: f.session,
		Decision: f.decision, App: f.app, Outcome: f.outcome, Text: f.text, Q: f.written}
	for _, end := range []struct {
		text string
		at   *time.Time
	}{{f.from, &q.From}, {f.to, &q.To}} {
		if end.text == "" {
			continue
		}
		if *end.at, err = moment(end.text, now); err != nil {
			return q, err
		}
	}
	return q, nil
}

// moment reads a time in one of the forms that people type.
func moment(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fail(exitUsage, "", "%q is no time: 2026-03-02T12:00:00Z, 2026-03-02, or 24h for a day ago", s)
}

func eventTable(t *table, list []admin.Event) {
	t.columns = []string{"index", "at", "kind", "outcome", "actor", "subject", "app", "reason", "decision", "what"}
	for _, v := range list {
		t.row(eventCells(v)...)
	}
}

func eventCells(v admin.Event) []string {
	what := v.What["path"]
	for _, name := range []string{"page", "reason"} {
		if what == "" {
			what = v.What[name]
		}
	}
	return []string{number(v.Index), when(v.At), v.Kind, v.Outcome, account(v.Actor), account(v.Subject),
		v.App, string(v.Reason), v.Decision, what}
}

func (e *env) auditSearch() *cobra.Command {
	var f eventFilter
	var limit int
	var oldest bool
	c := &cobra.Command{
		Use: "search", Short: "Search the record, newest first", Args: cobra.NoArgs,
		Example: "  stead audit search --subject customers/dana --kind mandate. --from 24h\n  stead audit search --outcome refused -o csv",
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			q, err := f.query(e.now())
			if err != nil {
				return err
			}
			q.Order = map[bool]string{true: "oldest", false: "newest"}[oldest]
			list, err := client.events(c.Context(), q, limit)
			if err != nil {
				return err
			}
			return e.print(many{admin.Events{Events: list}, list}, func(t *table) { eventTable(t, list) })
		},
	}
	f.flags(c.Flags())
	c.Flags().IntVar(&limit, "limit", 100, "most events to print; 0 is all of them")
	c.Flags().BoolVar(&oldest, "oldest", false, "oldest first")
	return c
}

// events reads as many pages as it takes.
func (c *client) events(ctx context.Context, q admin.ListEventsQuery, most int) ([]admin.Event, error) {
	all := []admin.Event{}
	_, err := limited{most}.pages(func(n int64, token string) (int, string, error) {
		q.Limit, q.PageToken = n, token
		page, err := c.ListEvents(ctx, q)
		all = append(all, page.Events...)
		return len(page.Events), page.NextPageToken, err
	})
	return all, err
}

func (e *env) auditTail() *cobra.Command {
	var f eventFilter
	var last int
	var follow bool
	c := &cobra.Command{
		Use: "tail", Short: "Show the newest events, and with -f what comes", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			q, err := f.query(e.now())
			if err != nil {
				return err
			}
			q.Order = "newest"
			list, err := client.events(c.Context(), q, last)
			if err != nil {
				return err
			}
			for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
				list[i], list[j] = list[j], list[i]
			}
			if !follow {
				return e.print(many{admin.Events{Events: list}, list}, func(t *table) { eventTable(t, list) })
			}
			for _, v := range list {
				if err := e.line(v); err != nil {
					return err
				}
			}
			q.Order = ""
			return e.follow(c.Context(), client, q)
		},
	}
	f.flags(c.Flags())
	c.Flags().IntVarP(&last, "lines", "n", 20, "how many to begin with")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until interrupted")
	return c
}

// line prints one event on one line: JSON lines, or the cells of the table.
func (e *env) line(v admin.Event) error {
	if e.format != "table" && e.format != "csv" {
		return json.NewEncoder(e.out).Encode(v)
	}
	t := &table{}
	t.row(eventCells(v)...)
	t.write(e.out, width(e.out, e.getenv))
	return nil
}

// follow reads the stream of events (SSE) until it is interrupted. What was cut off goes on where it ended.
func (e *env) follow(ctx context.Context, c *client, q admin.ListEventsQuery) error {
	resp, err := c.ListEventsRaw(ctx, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var v admin.Event
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			return err
		}
		if err := e.line(v); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return fail(exitUnreachable, "stead whoami, then again", "the stream has ended")
}

func (e *env) auditCheckpoint() *cobra.Command {
	return &cobra.Command{
		Use: "checkpoint", Short: "Print the signed head of the log: keep it elsewhere, and verify against it later", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			out, err := client.GetCheckpoint(c.Context())
			if err != nil {
				return err
			}
			e.say("Verifier key: %s", out.Key)
			if e.format == "table" || e.format == "csv" {
				_, err = e.out.Write([]byte(out.Checkpoint))
				return err
			}
			return e.print(out, nil)
		},
	}
}

func (e *env) auditExport() *cobra.Command {
	var f eventFilter
	var file string
	var sizes []uint
	c := &cobra.Command{
		Use: "export", Short: "Export events so that anybody can verify them without Stead's help", Args: cobra.NoArgs,
		Long: "Export events as JSON lines (form stead-export/1). What a filter leaves out is left out provably. Check it with\nstead audit verify --file. With -o csv it is a sheet that cannot be verified. That events leave is on record.",
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			q, err := f.query(e.now())
			if err != nil {
				return err
			}
			wish := admin.ExportAuditQuery{Kind: q.Kind, Actor: q.Actor, Subject: q.Subject, Person: q.Person, Mandate: q.Mandate, Session: q.Session,
				Decision: q.Decision, App: q.App, Outcome: q.Outcome, From: q.From, To: q.To, Text: q.Text, Q: q.Q}
			if e.format == "csv" {
				wish.Form = "csv"
			}
			for _, s := range sizes {
				wish.CheckpointSize = append(wish.CheckpointSize, int64(s))
			}
			return e.exportTo(c.Context(), client, wish, file)
		},
	}
	f.flags(c.Flags())
	c.Flags().StringVar(&file, "out", "", "file to write (default: stdout)")
	c.Flags().UintSliceVar(&sizes, "checkpoint-size", nil, "size of a checkpoint you hold, so that the export can be compared with it")
	return c
}

func (e *env) exportTo(ctx context.Context, c *client, q admin.ExportAuditQuery, file string) error {
	out := e.out
	if file != "" {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fail(exitFailed, "", "%s cannot be written: %s", file, unwrapped(err))
		}
		defer f.Close()
		out = f
	}
	resp, err := c.ExportAuditRaw(ctx, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := e.copy(out, resp.Body, "exported")
	if err != nil {
		return fail(exitUnreachable, "again", "the export broke off after %d bytes: %s", n, err)
	}
	return nil
}

// inclusion is the answer of /v1/audit/proof.
type inclusion struct {
	Index uint64     `json:"index"`
	Event string     `json:"event"`
	Proof string     `json:"proof"`
	Key   string     `json:"key"`
	Leaf  stead.Hash `json:"leaf"`
}
