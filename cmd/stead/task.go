package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	runner "github.com/steadhq/stead/client/agent"
)

// taskOptions are the flags of stead task.
type taskOptions struct {
	who            whoOptions
	mandate        string
	ask            admin.TaskBody
	needs          []string
	beat, patience time.Duration
	files          string
	result         string
	shareKey       bool
}

func (e *env) task() *cobra.Command {
	c := &cobra.Command{Use: "task", Short: "Run an agent's task: asked for, begun, and ended with the program",
		Long: "For the machine where an agent runs. It proves the agent by its key (--agent and --key-file), its secret (--secret-file), a\n" +
			"SPIFFE JWT-SVID (--svid-file) or a one-time token (--enrolment-file): begins an instance with a key of its own, asks for\n" +
			"the task or takes a mandate that was agreed to, and gives the program what it needs in files that only it can read."}
	c.AddCommand(e.taskRun(), e.taskStart(), e.taskDone())
	return c
}

func (o *taskOptions) flags(c *cobra.Command) {
	o.who.flags(c)
	f := c.Flags()
	f.StringVar(&o.mandate, "mandate", "", "a mandate that was agreed to")
	f.StringVar(&o.ask.Task, "task", "", "a task that the agent has declared: it is asked for first")
	f.StringVar(&o.ask.Reason, "reason", "", "why, with --task (default: the task's own purpose)")
	f.StringVar(&o.ask.Ticket, "ticket", "", "ticket it is for, with --task")
	f.StringVar(&o.ask.Transaction, "transaction", "", "the only transaction it is for, by its service's id, with --task: it ends with it")
	f.StringVar(&o.ask.For, "for", "", "how long it may take, such as 2h, with --task; task and policy may shorten it")
	f.StringVar(&o.ask.Mode, "mode", "", "read-only or edit, with --task")
	f.StringArrayVar(&o.needs, "need", nil, "less than all of the task, with --task: \"SYSTEM ACTION RESOURCE(COLUMN, COLUMN)\", as often as needed")
	f.DurationVar(&o.patience, "timeout", 10*time.Minute, "how long to wait for those who must agree")
	f.BoolVar(&o.shareKey, "share-key", false, "give the program the instance's key too, for services that ask for a proof of it")
}

const taskEnvironment = "The program finds in its environment, of a PostgreSQL that gives logins: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSFILE and\n" +
	"DATABASE_URL (without the password, which is in the file); and STEAD_ADDR, STEAD_MANDATE, STEAD_INSTANCE, STEAD_TASK_DIR,\n" +
	"STEAD_TASK_TOKEN_FILE (an access token for the system, kept fresh), with --transaction STEAD_TRANSACTION, with --share-key\n" +
	"STEAD_TASK_KEY_FILE. No secret is in an argument."

func (e *env) taskRun() *cobra.Command {
	var o taskOptions
	c := &cobra.Command{Use: "run (--mandate ID | --task TASK) -- PROGRAM [ARGUMENT...]", Short: "Run a program under a mandate of its own, which ends with it", Args: cobra.ArbitraryArgs,
		Long: "Run a program under a mandate of its own. The mandate is completed when the program ends well, and ends when it ends otherwise,\n" +
			"when this command is killed (it is not heard of any more), and when somebody takes it back: then the program is asked to\n" +
			"end, and killed after ten seconds. Signals go to the program; the exit code is the program's.\n\n" + taskEnvironment,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || o.beat <= 0 {
				return fail(exitUsage, "stead task run --help", "say which program to run, after --; a heart beats every now and then")
			}
			return e.runTask(c.Context(), o, args)
		}}
	o.flags(c)
	c.Flags().DurationVar(&o.beat, "beat", 30*time.Second, "the mandate ends when this command was not heard of for so long")
	c.Flags().StringVar(&o.result, "result", "", "what came of it when the program ends well, in a line")
	return c
}

// A begun is a task under way.
type begun struct {
	e       *env
	run     *runner.Run
	client  *client
	mandate admin.Mandate
	beat    time.Duration
	renew   time.Time // when the token in the file is to be fresh
}

// beginTask enrolls an instance, and has it start the mandate. What fails ends the instance.
func (e *env) beginTask(ctx context.Context, o taskOptions) (*begun, error) {
	if (o.mandate == "") == (o.ask.Task == "") {
		return nil, fail(exitUsage, "stead task --help", "say one of --mandate and --task")
	}
	for _, text := range o.needs {
		need, err := stead.ReadNeed(text)
		if err != nil {
			return nil, fail(exitUsage, "", "--need %s", err)
		}
		o.ask.Grants = append(o.ask.Grants, admin.Entitlement{System: string(need.System), Action: string(need.Action), Resource: need.Resource, Columns: need.Columns})
	}
	client, err := e.client()
	if err != nil {
		return nil, err
	}
	run, err := e.enroll(ctx, client, o)
	if err != nil {
		return nil, err
	}
	b := &begun{e: e, run: run, client: e.asRun(client, run), beat: o.beat}
	stop := b.beating(ctx)
	err = b.start(ctx, o)
	stop()
	if err != nil {
		b.giveUp(ctx, "it could not be started")
		return nil, err
	}
	return b, nil
}

// asRun is a client that calls as an instance.
func (e *env) asRun(c *client, run *runner.Run) *client {
	out := *c
	out.Client = run.API("stead-task")
	out.No = out.explain
	return &out
}

// beating tells that the instance lives while somebody else is waited for.
func (b *begun) beating(ctx context.Context) (stop func()) {
	if b.beat == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		each := time.NewTicker(b.beat / 3)
		defer each.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-each.C:
				_ = b.client.BeatInstance(ctx, b.run.ID) // what is wrong the next call tells
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (b *begun) start(ctx context.Context, o taskOptions) (err error) {
	if o.mandate != "" {
		b.mandate, err = b.client.GetMandate(ctx, o.mandate)
	} else {
		b.mandate, err = b.client.AskTask(ctx, o.ask)
	}
	if err == nil && b.mandate.State == stateAsked {
		if b.mandate, err = b.e.await(ctx, b.client, b.mandate, o.patience); err != nil && o.mandate == "" {
			b.withdraw(ctx)
		}
	}
	if err != nil {
		return err
	}
	if b.mandate.State == stateEnded {
		return fail(exitDenied, "stead mandate show "+b.mandate.ID, "%s has ended: %s", b.mandate.ID, b.mandate.Why)
	}
	b.mandate, err = b.client.StartMandate(ctx, b.mandate.ID, admin.CodeBody{})
	return err
}

// withdraw takes back what nobody waits for any more.
func (b *begun) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
	defer cancel()
	_, _ = b.client.WithdrawMandate(ctx, b.mandate.ID) // it ends by itself where this fails
}

// ending is how long it is tried to tell the server of an end.
const ending = 20 * time.Second

func (b *begun) giveUp(ctx context.Context, because string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
	defer cancel()
	if err := b.client.EndInstance(ctx, b.run.ID, admin.EndInstanceQuery{Because: because}); err != nil && codeOf(err) != exitDenied {
		b.e.say("warning: the server was not told that this run is over: %s", err)
	}
}

// complete says that the task is done, and ends the instance.
func (b *begun) complete(ctx context.Context, result string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
	defer cancel()
	_, err := b.client.CompleteMandate(ctx, b.mandate.ID, admin.CompleteBody{Result: result})
	b.giveUp(ctx, "")
	return err
}

// lease is the login to the system, nil where it gives none.
func (b *begun) lease(ctx context.Context) (*admin.Lease, error) {
	l, err := b.client.LeaseMandate(ctx, b.mandate.ID)
	switch reasonOf(err) {
	case stead.ReasonNoRoute:
		return nil, nil //nolint:nilnil // there is none, and that is fine
	case stead.ReasonBudget:
		b.e.say("This mandate has a budget or conditions, which a login cannot keep to: each use is asked for instead.")
		return nil, nil //nolint:nilnil // as above
	}
	return &l, err
}
