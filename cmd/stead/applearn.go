package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/survey"
)

// A learning is what learn is told.
type learning struct {
	visiting
	folders, logs, databases []string
	ignore, trace, skip      string
	seeds                    string
	pages, each              int
	settle, most             time.Duration
}

func (e *env) appLearn() *cobra.Command {
	l := learning{}
	c := &cobra.Command{
		Use: "learn [URL]", Short: "Walk through a test copy of an application under a watch, and propose its rules", Args: cobra.MaximumNArgs(1),
		Long: "Walk through a test copy of an application as a person of a test, by GET, while its database and files are watched, and\npropose rules: what changed something is a write, what changed nothing a read. The walk presses links that delete: use\na copy. What nobody asked for, or no watch sees, is in no rule and stays a write. Look at every line before you use it:\na name in only: lets any value pass. The proposal goes to stdout and is what `stead app test` reads.",
		Example: "  stead app learn http://127.0.0.1:8080 --header X-Remote-User --as dana \\\n" +
			"    --watch-postgres dsn.txt --watch-dir /srv/wiki/data --trace 'recent|views' > wiki.yaml",
	}
	l.visiting.flags(c)
	f := c.Flags()
	f.StringArrayVar(&l.as, "as", nil, "person of a test: dana or customers/dana")
	f.StringArrayVar(&l.folders, "watch-dir", nil, "folder whose files are watched")
	f.StringArrayVar(&l.logs, "watch-log", nil, "log of statements that grows: MariaDB's general log, PostgreSQL's with log_statement=mod")
	f.StringArrayVar(&l.databases, "watch-postgres", nil, "file with the connection string of a PostgreSQL database whose tables are watched")
	f.StringVar(&l.ignore, "ignore", "", "changes that are none (regular expression): own tables of sessions, caches")
	f.StringVar(&l.trace, "trace", "", "changes that are traces of looking (regular expression): what leaves only those is a mark")
	f.StringVar(&l.skip, "skip", "", "targets that are not asked for (regular expression)")
	f.StringVar(&l.seeds, "seeds", "", "file with targets to ask for besides, one a line")
	f.IntVar(&l.pages, "pages", 400, "most requests")
	f.IntVar(&l.each, "each", 3, "most requests of one shape: of the same path, names and words")
	f.DurationVar(&l.settle, "settle", 100*time.Millisecond, "how long a change may take to be seen after its answer")
	f.DurationVar(&l.most, "for", 10*time.Minute, "longest walk")
	c.RunE = func(c *cobra.Command, args []string) error { return e.learn(c.Context(), &l, args) }
	return c
}

func (e *env) learn(ctx context.Context, l *learning, args []string) error {
	if err := l.prepare(args); err != nil {
		return err
	}
	if len(l.as) > 1 {
		return fail(exitUsage, "", "one person walks: give --as once")
	}
	learner := &survey.Learner{Person: l.visitor(l.as[0]), Nobody: l.visitor(""), Closed: l.closed, Pages: l.pages, Each: l.each, Settle: l.settle, Say: e.say}
	for _, one := range []struct {
		into *(*regexp.Regexp)
		name string
		text string
	}{{&learner.Ignore, "ignore", l.ignore}, {&learner.Trace, "trace", l.trace}, {&learner.Skip, "skip", l.skip}} {
		if one.text == "" {
			continue
		}
		var err error
		if *one.into, err = regexp.Compile(one.text); err != nil {
			return fail(exitUsage, "", "--%s: %s", one.name, err)
		}
	}
	begin := []string{l.start}
	if l.seeds != "" {
		more, err := seeds(l.seeds)
		if err != nil {
			return err
		}
		begin = append(begin, more...)
	}
	watch, err := l.watches(ctx)
	if err != nil {
		return err
	}
	learner.Watch = watch
	within, done := context.WithTimeout(ctx, l.most)
	defer done()
	lesson, err := learner.Learn(within, begin)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && lesson.Requests == 0 && stead.KindOf(err) != stead.Refused:
		return fail(exitUnreachable, "", "%s", err)
	case err != nil:
		return err
	}
	return e.propose(l, lesson)
}

func (l *learning) watches(ctx context.Context) (survey.Watches, error) {
	var all survey.Watches
	add := func(what string, w survey.Watch, err error) error {
		if err != nil {
			return fail(exitUsage, "", "%s cannot be watched: %s", what, err)
		}
		all = append(all, w)
		return nil
	}
	for _, dir := range l.folders {
		w, err := survey.WatchFolder(dir)
		if err := add(dir, w, err); err != nil {
			return nil, err
		}
	}
	for _, file := range l.logs {
		w, err := survey.WatchLog(file)
		if err := add(file, w, err); err != nil {
			return nil, err
		}
	}
	for _, file := range l.databases {
		dsn, err := os.ReadFile(file)
		if err != nil {
			return nil, fail(exitUsage, "", "%s cannot be read: %s", file, unwrapped(err))
		}
		w, err := survey.WatchPostgres(ctx, strings.TrimSpace(string(dsn)))
		if err := add("the database of "+file, w, err); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, fail(exitUsage, "", "without a watch nothing is learned: --watch-dir, --watch-log or --watch-postgres")
	}
	return all, nil
}

// propose prints what was learned as a file that app test reads, and runs it as app test would.
func (e *env) propose(l *learning, lesson survey.Lesson) error {
	rules := lesson.Propose()
	fresh := rules[:0]
	for _, r := range rules {
		if l.app == nil || !l.names(r) {
			fresh = append(fresh, r)
		}
	}
	if lesson.Blind {
		e.say("WARNING: nothing changed in %d requests, not even what a visit leaves: see that what is watched is where this application writes.\n  What is called like a change (delete, save, send …) is proposed as no read.", lesson.Requests)
	}
	for _, n := range lesson.Noise {
		e.say("note: every request changes %s; that counts for nothing", n)
	}
	once := lesson.Once()
	for _, place := range slices.Sorted(maps.Keys(once)) {
		e.say("note: %s was changed by %d kinds of requests, each the first time only: where that is a cache, --ignore it", place, once[place])
	}
	if lesson.Cut {
		e.say("note: there is more than was asked for: raise --pages, --each or --for")
	}
	text := l.yaml(fresh)
	e.say("%d requests, %d rules.", lesson.Requests, len(fresh))
	apps, err := gateway.ParseRules([]byte(text))
	if err == nil {
		err = gateway.RunTests(apps).Err()
	}
	if err != nil {
		e.say("note: correct these lines before you use them: %s", err)
	}
	if e.format == "table" {
		_, err := io.WriteString(e.out, text)
		return err
	}
	return e.print(fresh, func(t *table) {
		t.columns = []string{"rule", "is", "line", "evidence"}
		for _, r := range fresh {
			t.row(r.ID, r.Is, r.Text(), r.Evidence)
		}
	})
}

// names tells whether the rules of the file name what r is about.
func (l *learning) names(r survey.Rule) bool {
	for _, q := range r.Requests {
		method, target, _ := strings.Cut(q, " ")
		if named, _ := asked(l.app, target); method != "GET" || !named {
			return false
		}
	}
	return len(r.Requests) > 0
}

func (l *learning) yaml(rules []survey.Rule) string {
	var b strings.Builder
	id, at := "learned", l.at.String()
	if l.app != nil {
		id = string(l.app.ID)
		if l.app.Reach.Socket != "" {
			at = "unix://" + l.app.Reach.Socket
		}
	}
	fmt.Fprintf(&b, "# Proposed by stead app learn. What no line names stays a write. realms, privileged and the rest: docs/reference/apps.md.\napps:\n  - id: %s\n    host: %s\n    upstream: %s\n", id, l.host, at)
	if l.app == nil && len(l.headers) > 0 {
		fmt.Fprintf(&b, "    identity: { headers: { %s: \"{subject.name}\" } }\n", strings.Join(l.headers, ": \"{subject.name}\", "))
	}
	b.WriteString("    rules:\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "      - %s # %s\n", r.Text(), r.Evidence)
	}
	b.WriteString("    tests:\n")
	for _, r := range rules {
		for _, line := range r.Tests() {
			fmt.Fprintf(&b, "      - %s\n", line)
		}
	}
	return b.String()
}
