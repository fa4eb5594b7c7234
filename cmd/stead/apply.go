package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead"
)

// applyOptions are the flags of stead apply.
type applyOptions struct {
	files                        []string
	dryRun, exitCode, prune, yes bool
	remap                        bool
	schema                       bool
}

func (e *env) apply() *cobra.Command {
	var o applyOptions
	c := &cobra.Command{Use: "apply -f FILE|FOLDER|-", Short: "Make people, groups, things, policy and agents what files say", Args: cobra.NoArgs,
		Long: "apply reads files, compares them with what is there, and changes what is different: people and groups, things and policy,\n" +
			"exclusions and flows, templates and agents. Done again it changes nothing, and what was broken off is finished. What the files\n" +
			"do not name stays, unless with --prune. Policy is only staged: another person than you puts it in force with stead policy apply.\n\n" +
			"A file is YAML or JSON: documents of kind: Person, Group, Thing, Policy, Exclusion, Flow or AgentTemplate, lists under people:,\n" +
			"groups: … and agents:, or entities as Cedar writes them. docs/guide/files.md explains, --schema is for editors.",
		Example: "  stead apply -f house/ --dry-run\n  stead apply -f people.yaml -f agents.yaml\n  cat agents.yaml | stead apply -f -",
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.schema:
				_, err := e.out.Write(filesSchema())
				return err
			case len(o.files) == 0:
				return fail(exitUsage, "stead apply --help", "say what is to be applied: -f FILE, a folder, or - for stdin")
			}
			return e.applyFiles(c.Context(), o)
		}}
	f := c.Flags()
	f.StringArrayVarP(&o.files, "file", "f", nil, "a file, a folder, or - for stdin; several times if wanted")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done, and do nothing")
	f.BoolVar(&o.exitCode, "exit-code", false, "with --dry-run: exit with 10 where something would change")
	f.BoolVar(&o.prune, "prune", false, "take away what the files do not name, of the kinds that they name")
	f.BoolVar(&o.yes, "yes", false, "do not ask back before something is taken away")
	f.BoolVar(&o.remap, "remap", false, "look up again what needs are that say the same as before; else they stay what they came to")
	f.BoolVar(&o.schema, "schema", false, "print the JSON Schema of the files")
	return c
}

// applyFiles reads, plans, shows and does.
func (e *env) applyFiles(ctx context.Context, o applyOptions) error {
	w, err := e.readFiles(o.files)
	if err != nil {
		return err
	}
	client, err := e.client()
	if err != nil {
		return err
	}
	p := &planner{e: e, client: client, want: w, prune: o.prune, remap: o.remap, progress: e.progress("looking at")}
	err = p.plan(ctx)
	p.progress.done()
	if err != nil {
		return err
	}
	if o.dryRun {
		return e.planned(p, o.exitCode)
	}
	if n := p.TakenAway; n > 0 {
		if err := e.confirm(o.yes, number(n)+" gone", "takes away "+p.goes()); err != nil {
			return err
		}
	}
	if err := e.carryOut(ctx, p); err != nil {
		return err
	}
	if err := e.showPlan(p); err != nil {
		return err
	}
	e.say("%s", p.told("made", "changed", "taken away"))
	p.next(e)
	return nil
}

func (e *env) planned(p *planner, code bool) error {
	if err := e.showPlan(p); err != nil {
		return err
	}
	e.say("Nothing was done. %s", p.told("to make", "to change", "to take away"))
	if code && p.changes() > 0 {
		return fail(exitChanges, "the same without --dry-run", "%d differ", p.changes())
	}
	return nil
}

// told counts in words.
func (p *planner) told(made, changed, gone string) string {
	text := fmt.Sprintf("%d %s, %d %s, %d unchanged", p.Made, made, p.Changed, changed, p.Unchanged)
	if p.TakenAway > 0 {
		text += fmt.Sprintf(", %d %s", p.TakenAway, gone)
	}
	return text + "."
}

// goes names what is taken away, as far as a question has room for it.
func (p *planner) goes() string {
	var all []string
	for _, r := range p.Rows {
		if r.How == howGone {
			all = append(all, r.What+" "+r.Name)
		}
	}
	if more := len(all) - 5; more > 0 {
		all = append(all[:5], fmt.Sprintf("%d more", more))
	}
	return strings.Join(all, ", ")
}

// mostRows are shown at a terminal; programs read all of them.
const mostRows = 200

func (e *env) showPlan(p *planner) error {
	return e.print(many{p, p.Rows}, func(t *table) {
		t.columns = []string{"what", "name", "how", "changes"}
		for i, r := range p.Rows {
			if i == mostRows && e.format == "table" {
				e.say("and %d more: -o json has them all", len(p.Rows)-i)
				break
			}
			t.row(r.What, r.Name, r.How, r.changes())
		}
	})
}

// carryOut does step by step what was planned. What was done before one of them failed stays done.
func (e *env) carryOut(ctx context.Context, p *planner) error {
	progress := e.progress("applying")
	defer progress.done()
	done := 0
	for _, s := range p.steps {
		if err := e.patient(ctx, s.do); err != nil {
			progress.done()
			if done > 0 {
				e.say("%d of %d were done. The same again does the rest.", done, p.changes())
			}
			return fmt.Errorf("%s: %w", s.what, err)
		}
		done += s.rows
		progress.at(uint64(done), uint64(p.changes()), "changes")
	}
	return nil
}

// patient waits where the server says that this goes too fast for it.
func (e *env) patient(ctx context.Context, do func(context.Context) error) error {
	for {
		err := do(ctx)
		if err == nil || reasonOf(err) != stead.ReasonTooMany || !aWhile(ctx) {
			return err
		}
	}
}

// aWhile lets a second go by, unless ctx is over before.
func aWhile(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Second):
		return true
	}
}
