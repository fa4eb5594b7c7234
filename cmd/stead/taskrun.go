package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/steadhq/stead"
)

// grace is how long a program has to end once its mandate is over.
const grace = 10 * time.Second

// runTask runs a program under a mandate.
func (e *env) runTask(ctx context.Context, o taskOptions, args []string) error {
	program, err := exec.LookPath(args[0])
	if err != nil {
		return fail(exitNotFound, "", "%s cannot be run: %s", args[0], unwrapped(err))
	}
	b, err := e.beginTask(ctx, o)
	if err != nil {
		return err
	}
	dir, remove, err := taskFolder(e.now())
	if err != nil {
		b.giveUp(ctx, "no folder for its files")
		return err
	}
	defer remove()
	vars, err := b.equip(ctx, dir, o.shareKey)
	if err != nil {
		b.giveUp(ctx, "it could not be equipped")
		return err
	}
	child := exec.Command(program, args[1:]...) //nolint:gosec // that is what is asked for
	child.Args[0], child.Env = args[0], e.childEnviron(vars)
	child.SysProcAttr = outlived(syscall.SIGTERM)
	child.Stdin, child.Stdout, child.Stderr = e.in, e.out, e.err
	w := &minded{b: b, dir: dir, child: child}
	code, why := w.run(ctx)
	return b.over(ctx, o, code, why)
}

// over tells the server how the program ended, and gives its exit code.
func (b *begun) over(ctx context.Context, o taskOptions, code int, why string) error {
	if code == 0 && why == "" {
		return b.complete(ctx, o.result)
	}
	if why == "" {
		why = fmt.Sprintf("the program ended with %d", code)
	}
	b.giveUp(ctx, why)
	if code == 0 {
		code = exitDenied // it ended well, but not under its mandate
	}
	return fail(code, "", "%s: the mandate %s is over", why, b.mandate.ID)
}

// A minded program runs as long as its mandate is in force.
type minded struct {
	b     *begun
	dir   string
	child *exec.Cmd
	why   string           // the mandate is over, or the program was stopped
	kill  <-chan time.Time // when it has had time enough to end
}

// run gives the exit code, and why the program was not left to itself.
func (w *minded) run(ctx context.Context) (code int, why string) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	runtime.LockOSThread() // the program is outlived by the thread that started it
	defer runtime.UnlockOSThread()
	if err := w.child.Start(); err != nil {
		return exitFailed, "the program did not start: " + unwrapped(err).Error()
	}
	ended := make(chan error, 1)
	go func() { ended <- w.child.Wait() }()
	each := time.NewTicker(min(w.b.beat/3, tokenEach))
	defer each.Stop()
	for {
		select {
		case err := <-ended:
			return exitCode(err), w.why
		case s := <-signals:
			w.pass(s)
		case <-each.C:
			w.beat(context.WithoutCancel(ctx))
		case <-w.kill:
			_ = w.child.Process.Kill() // if it is gone, ended says so
		}
	}
}

// pass hands a signal on. What is typed at a terminal the program has heard already.
func (w *minded) pass(s os.Signal) {
	if s == os.Interrupt && terminal(w.b.e.in) {
		return
	}
	_ = w.child.Process.Signal(s) // if it is gone, ended says so
}

// beat tells that the run lives, keeps its token fresh, and stops the program where the mandate is over. A server that does
// not answer stops nothing here: what it does not hear of ends there.
func (w *minded) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.b.beat)
	defer cancel()
	err := w.b.client.BeatInstance(ctx, w.b.run.ID)
	if err == nil && !w.b.e.now().Before(w.b.renew) {
		err = w.b.freshToken(ctx, w.dir)
	}
	if err == nil {
		if m, no := w.b.client.GetMandate(ctx, w.b.mandate.ID); no != nil || m.State == stateEnded || m.State == string(stead.Suspended) {
			if err = no; no == nil {
				w.stop("the mandate is over: " + stead.Ending(stead.Reason(m.Why)))
				return
			}
		}
	}
	switch codeOf(err) {
	case exitDenied, exitNotFound:
		w.stop("the mandate is over")
	}
}

// stop asks the program to end, once.
func (w *minded) stop(why string) {
	if w.why != "" {
		return
	}
	w.why = why
	w.b.e.say("%s: %s is asked to end.", why, w.child.Args[0])
	_ = w.child.Process.Signal(syscall.SIGTERM) // if it is gone, ended says so
	w.kill = time.After(grace)
}

// exitCode is a program's, as shells tell it.
func exitCode(err error) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		if err != nil {
			return exitFailed
		}
		return exitOK
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}
