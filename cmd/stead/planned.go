package main

import (
	"context"

	"github.com/steadhq/stead/client/admin"
)

// planStaged shows what is staged, and what it would change for people and mandates.
func (e *env) planStaged(ctx context.Context, code bool) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	p, err := c.GetStaged(ctx)
	if err != nil {
		return err
	}
	if err := e.print(p, func(t *table) { stagedRows(t, p) }); err != nil {
		return err
	}
	switch {
	case !p.OK:
		return fail(exitVerify, "stage files that compile and pass: stead policy test", "%s", p.Problem)
	case code:
		return fail(exitChanges, "somebody else runs stead policy apply "+p.Digest, "would change: %s", count(len(p.Changes), "file"))
	}
	e.say("Another person than the author puts it in force: stead policy apply %s", p.Digest)
	return nil
}

func stagedRows(t *table, p admin.StagedPlan) {
	t.row("staged", p.Digest)
	t.row("by", account(p.Author)+", "+when(p.At))
	fileChanges(t, p.Changes)
	people(t, "gain", "may act for somebody then", p.Gain, p.Gains)
	people(t, "lose", "may not act for anybody any more", p.Lose, p.Loses)
	for _, m := range p.Ends {
		t.row("ends", m.ID+": "+account(m.Actor)+" for "+account(m.Subject))
	}
	if p.Gains+p.Loses+int64(len(p.Ends)) == 0 {
		t.row("people", "nobody gains or loses the right to act, as far as groups tell; no mandate ends")
	}
}

// people names those who gain or lose, and how many more there are.
func people(t *table, how, what string, some []admin.Who, all int64) {
	if all == 0 {
		return
	}
	t.row(how, number(all)+" "+what)
	for _, w := range some {
		t.row("", account(w))
	}
	if more := all - int64(len(some)); more > 0 {
		t.row("", "and "+number(more)+" more")
	}
}

// fileChanges are the lines of files that come and go.
func fileChanges(t *table, all []admin.FileChange) {
	for _, f := range all {
		t.row(f.How, f.File)
		for _, l := range f.Before {
			t.row("  -", l)
		}
		for _, l := range f.After {
			t.row("  +", l)
		}
	}
}
