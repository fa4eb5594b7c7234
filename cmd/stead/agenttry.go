package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
	runner "github.com/steadhq/stead/client/agent"
)

// wanted is how a mandate is written in one line: "db:sales read until task done or 24h".
var wanted = regexp.MustCompile(`\Adb:([a-z][a-z0-9-]*) (read|write) until task done or ([0-9]+[hms])\z`)

func (e *env) agentTry() *cobra.Command {
	var mandate string
	c := &cobra.Command{Use: "try AGENT", Short: "See an agent's task from asking to the database's own no, in stead dev", Args: cobra.ExactArgs(1),
		Long: "See what becomes of an agent's task, with stead dev running: it begins a run, asks, the demonstration's people agree, it reads\n" +
			"the real database with a login of its own, says that it is done, and is refused: by Stead, and by the database itself.\n" +
			"Where PostgreSQL is not installed the database's part is left out, and it says so.",
		Example: "  stead agent try monthly-report --mandate \"db:sales read until task done or 24h\"",
		RunE: func(c *cobra.Command, args []string) error {
			client, err := e.client()
			if err != nil {
				return err
			}
			t := &trying{e: e, client: client, began: e.now()}
			if err := t.cast(c.Context()); err != nil {
				return err
			}
			return t.play(c.Context(), args[0], mandate)
		}}
	c.Flags().StringVar(&mandate, "mandate", "db:sales read until task done or 24h", "what is asked for: db:SYSTEM read until task done or LENGTH")
	return c
}

// A trying is one play with everybody of stead dev.
type trying struct {
	e      *env
	client *client
	devCast
	began  time.Time
	failed bool
}

// step says what happened, and when.
func (t *trying) step(format string, args ...any) {
	fmt.Fprintf(t.e.out, "%6.2fs  %s\n", t.e.now().Sub(t.began).Seconds(), fmt.Sprintf(format, args...))
}

// refused says that something was refused, as it had to be; where it was not, the play has failed.
func (t *trying) refused(what string, err error) {
	if err == nil {
		t.failed = true
		t.step("%s: NOT REFUSED", what)
		return
	}
	t.step("%s: refused: %s", what, err)
}

// cast asks the demonstration who can be played.
func (t *trying) cast(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.client.profile.Addr+"/v1/dev/cast", nil)
	if err != nil {
		return err
	}
	resp, err := t.e.http.Do(req)
	if err != nil {
		return fail(exitUnreachable, "stead dev, in another terminal", "%s cannot be reached: %s", t.client.profile.Addr, unwrapped(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&t.devCast) != nil {
		return fail(exitNotFound, "stead dev, in another terminal", "%s is no demonstration: only stead dev can be tried", t.client.profile.Addr)
	}
	return nil
}

// play is the whole story.
func (t *trying) play(ctx context.Context, name, mandate string) error {
	a, task, length, err := t.find(ctx, name, mandate)
	if err != nil {
		return err
	}
	b, err := t.begins(ctx, a)
	if err != nil {
		return err
	}
	defer b.giveUp(ctx, "")
	if err := t.asks(ctx, b, task, length); err != nil {
		return err
	}
	if err := t.works(ctx, b); err != nil {
		return err
	}
	t.step("Every step is on record: stead audit search --mandate %s", b.mandate.ID)
	if t.failed {
		return fail(exitVerify, "", "something was not refused that had to be")
	}
	return nil
}

// find reads what is asked for against what the agent has declared.
func (t *trying) find(ctx context.Context, name, mandate string) (a devAgent, task, length string, err error) {
	m := wanted.FindStringSubmatch(mandate)
	if m == nil {
		return a, "", "", fail(exitUsage, "--mandate \"db:sales read until task done or 24h\"", "%q says nothing that can be asked for", mandate)
	}
	for _, one := range t.Agents {
		if one.Name == name {
			a = one
		}
	}
	if a.Name == "" {
		return a, "", "", fail(exitNotFound, "stead agent list", "the demonstration has no agent %q", name)
	}
	owner, err := t.as(ctx, a.Owner)
	if err != nil {
		return a, "", "", err
	}
	known, err := owner.GetAgent(ctx, name)
	if err != nil {
		return a, "", "", err
	}
	for _, k := range known.Tasks {
		if g := k.Grants[0]; g.System == m[1] && g.Action == m[2] {
			return a, k.ID, m[3], nil
		}
	}
	return a, "", "", fail(exitDenied, "stead agent show "+name, "%s has declared no task to %s %s: what is not declared is never granted", name, m[2], m[1])
}

// as signs in as somebody of the demonstration.
func (t *trying) as(ctx context.Context, account string) (*client, error) {
	directory, name := within(account, "")
	for _, p := range t.People {
		if p.Directory != directory || p.Name != name {
			continue
		}
		c := *t.client
		c.Client = &admin.Client{Addr: t.client.profile.Addr, Agent: agent, HTTP: t.e.http, No: t.client.explain}
		in, err := c.Login(ctx, admin.LoginIn{Directory: directory, Name: name, Password: p.Password})
		if err != nil {
			return nil, err
		}
		c.Token = in.Token
		return &c, nil
	}
	return nil, fail(exitNotFound, "", "the demonstration has nobody called %s", account)
}

// begins enrolls an instance with a key of its own.
func (t *trying) begins(ctx context.Context, a devAgent) (*begun, error) {
	own, err := runner.ReadKey(a.Key)
	if err != nil {
		return nil, err
	}
	key, err := runner.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	run := &runner.Run{Addr: t.client.profile.Addr, HTTP: t.e.http, Key: key, Now: t.e.now}
	if err := run.Enroll(ctx, runner.ByKey{Agent: a.Name, Key: own}, time.Hour, 0); err != nil {
		return nil, t.client.notProved(err)
	}
	t.step("%s begins a run, %s, with a key that nobody else has", a.Name, run.ID)
	return &begun{e: t.e, run: run, client: t.e.asRun(t.client, run)}, nil
}

// asks has the agent ask for its task, and everybody agree whose turn it is.
func (t *trying) asks(ctx context.Context, b *begun, task, length string) (err error) {
	if b.mandate, err = b.client.AskTask(ctx, admin.TaskBody{Task: task, For: length}); err != nil {
		return err
	}
	t.step("it asks for its task %s, for at most %s: %s is %s", task, length, b.mandate.ID, b.mandate.State)
	if len(b.mandate.Stages) > 0 {
		_, err := b.client.StartMandate(ctx, b.mandate.ID, admin.CodeBody{})
		t.refused("it starts before anybody has agreed", err)
	}
	for _, s := range b.mandate.Stages {
		if err := t.agree(ctx, b, s); err != nil {
			return err
		}
	}
	if b.mandate, err = b.client.StartMandate(ctx, b.mandate.ID, admin.CodeBody{}); err == nil {
		t.step("it starts: in force until %s, for this run's key alone", when(b.mandate.Until))
	}
	return err
}

// agree has somebody of a stage's groups say yes to exactly what is asked.
func (t *trying) agree(ctx context.Context, b *begun, s admin.Stage) error {
	var last error
	for _, p := range t.People {
		for _, group := range p.Groups {
			if !listed(s.Groups, p.Directory+"/"+group) {
				continue
			}
			c, err := t.as(ctx, p.Directory+"/"+p.Name)
			if err != nil {
				return err
			}
			if _, last = c.ApproveMandate(ctx, b.mandate.ID, admin.ApproveIn{Digest: b.mandate.Digest, Comment: "stead agent try"}); last == nil {
				t.step("%s/%s agrees, for %s", p.Directory, p.Name, s.Groups[0])
				return nil
			}
		}
	}
	if last == nil {
		last = errors.New("nobody of the demonstration is in " + fmt.Sprint(s.Groups))
	}
	return last
}
