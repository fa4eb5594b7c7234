package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/survey"
)

// A canary is one write to an application by an actor of a test, and the question whom the application's own record
// names (R26).
type canary struct {
	gateway.Canary
	*visiting
	env            *env
	actor, subject string // directory/name
	keep           string // folder for the log of the check; "" keeps none
	text           string // what is written
	trace          survey.Trace
	found          []survey.Finding
}

// canaryFor reads what the flags say, and refuses what would prove nothing.
func (e *env) canaryFor(v *visiting, file, actor, keep string) (*canary, error) {
	if v.app == nil || v.app.Forward {
		return nil, fail(exitUsage, "", "a canary goes through the gateway: give the application's --file with its upstream")
	}
	if actor == "" || len(v.as) != 1 {
		return nil, fail(exitUsage, "", "a canary needs two people of a test: --actor staff/NAME who writes, and one --as customers/NAME for whom")
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(exitNotFound, "", "there is no file %s", file)
	} else if err != nil {
		return nil, err
	}
	c := &canary{visiting: v, env: e, actor: inTest(actor), subject: inTest(v.as[0]), keep: keep}
	if c.Canary, err = gateway.ParseCanary(raw, v.app); err != nil {
		return nil, stead.Because(err, file)
	}
	c.text = "stead-canary-" + strings.ToLower(rand.Text()[:12])
	c.trace = survey.Trace{Actor: v.account(c.actor), Subject: v.account(c.subject), Entry: regexp.MustCompile(c.Pattern(c.text)), Names: c.Actor}
	if strings.EqualFold(c.trace.Actor, c.trace.Subject) {
		return nil, fail(exitUsage, "", "%s and %s have one account name: no record tells them apart", c.actor, c.subject)
	}
	for _, s := range c.Write {
		for _, text := range append(values(s.Form), s.Target, s.Body, c.text) {
			if c.trace.NamesActor(text) {
				return nil, fail(exitUsage, "", "%q holds the name of %s: that the record has it would prove nothing", text, c.actor)
			}
		}
	}
	return c, nil
}

func inTest(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return "test/" + name
}

func values(form map[string]string) (all []string) {
	for _, text := range form {
		all = append(all, text)
	}
	return all
}

// plan says what will be done, before anything is.
func (c *canary) plan() {
	c.env.say("This writes to %s, which is %s. As %s for %s, in edit mode, it will:", c.app.ID, c.at, c.actor, c.subject)
	words := map[string]string{"canary": c.text}
	for _, s := range c.Write {
		c.env.say("  %s %s", s.Method, s.At(words))
	}
	c.env.say("then read, as %s:\n  GET %s", cmp.Or(c.As, c.subject), c.Record.At(words))
	if len(c.Undo) > 0 {
		c.env.say("and take it back:")
	}
	for _, s := range c.Undo {
		c.env.say("  %s %s", s.Method, s.At(words))
	}
	c.env.say("What it writes holds %s.", c.text)
	if c.Remain != "" {
		c.env.say("What stays: %s", c.Remain)
	}
	c.env.say("Edit mode is open for these two people alone, in a house of this check's own that is gone afterwards.")
}

// run writes, looks and takes it back. An error means that nothing was written.
func (c *canary) run(ctx context.Context) (err error) {
	before, err := c.record(ctx)
	if err != nil {
		return fail(exitUnreachable, "", "%s", err)
	}
	h, err := c.house(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	sam, err := h.acts(ctx)
	if err != nil {
		return err
	}
	if err := c.steps(ctx, sam, c.Write, map[string]string{"canary": c.text}); err != nil {
		c.note("write", survey.Bad, "%s. Look for %s in the application before you try again", err, c.text)
		return nil
	}
	c.note("write", survey.OK, "%s wrote %s for %s at %s", c.actor, c.text, c.subject, c.env.now().UTC().Format(time.RFC3339))
	if after, err := c.record(ctx); err != nil {
		c.note("record", survey.Bad, "%s", err)
	} else {
		c.found = append(c.found, c.trace.Look(before, after))
	}
	c.undo(ctx, sam)
	return nil
}

func (c *canary) note(check, level, format string, args ...any) {
	c.found = append(c.found, survey.Finding{Check: check, Level: level, Found: fmt.Sprintf(format, args...)})
}

// steps sends one request after the other.
func (c *canary) steps(ctx context.Context, v *survey.Visitor, all []gateway.Step, words map[string]string) error {
	for _, s := range all {
		r, err := s.Request(ctx, v.At.String(), words)
		if err != nil {
			return err
		}
		a, err := v.Send(r, nil)
		if err != nil {
			return err
		}
		if a.Status >= http.StatusBadRequest {
			return fmt.Errorf("%s %s is answered %d: %s", s.Method, s.At(words), a.Status, gist(a.Body))
		}
		if err := s.Learn(a.Header, a.Body, words); err != nil {
			return err
		}
	}
	return nil
}

// record asks the application itself, as somebody who has never been there: no page of the gateway's is between, whose
// bar would name the actor.
func (c *canary) record(ctx context.Context) ([]byte, error) {
	all, err := c.visitor(cmp.Or(c.As, c.subject)).Open(ctx, c.Record.At(map[string]string{"canary": c.text}), nil)
	if err != nil {
		return nil, err
	}
	last := all[len(all)-1]
	if last.Status != http.StatusOK && last.Status != http.StatusNotFound { // where nobody has written yet
		return nil, fmt.Errorf("the record at %s is answered %d", last.Target, last.Status)
	}
	return last.Body, nil
}

func (c *canary) undo(ctx context.Context, sam *survey.Visitor) {
	switch err := c.steps(ctx, sam, c.Undo, map[string]string{"canary": c.text}); {
	case len(c.Undo) == 0:
		c.note("undo", survey.Note, "%s stays where it was written. %s", c.text, c.Remain)
	case err != nil:
		c.note("undo", survey.Bad, "not taken back: %s. Look for %s", err, c.text)
	default:
		c.note("undo", survey.OK, "taken back. %s", c.Remain)
	}
}

// gist is the beginning of what an answer says.
func gist(body []byte) string {
	text := strings.Join(strings.Fields(string(body)), " ")
	return text[:min(len(text), 200)]
}
