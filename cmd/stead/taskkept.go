package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
	runner "github.com/steadhq/stead/client/agent"
	"github.com/steadhq/stead/internal/config"
)

// keptRun is what stead task start leaves for stead task done, beside the key of the instance.
const keptRun = "run.json"

// A taskKept names a run.
type taskKept struct {
	Addr     string `json:"addr"`
	Agent    string `json:"agent"`
	Instance string `json:"instance"`
	Mandate  string `json:"mandate"`
}

// A taskBegun is what stead task start prints.
type taskBegun struct {
	taskKept
	Environment map[string]string `json:"environment"`
}

func (e *env) taskStart() *cobra.Command {
	var o taskOptions
	var shell bool
	c := &cobra.Command{Use: "start (--mandate ID | --task TASK) --files FOLDER", Short: "Start a task for a script, which says itself when it is done", Args: cobra.NoArgs,
		Long: "Start a task for a script. What it needs is put into a folder, which is made (0700), the key of the instance with it; stead task\n" +
			"done ends the task and empties it. Nothing tells the server that the script still runs: the mandate ends with its time.\n" +
			"Where one program is all there is, stead task run is better.\n\n" + taskEnvironment,
		Example: "  stead task start --task monthly --files run\n  eval \"$(stead task start --task monthly --files run --shell)\"",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := os.Mkdir(o.files, 0o700); errors.Is(err, fs.ErrExist) {
				return fail(exitConflict, "stead task done --files "+o.files, "%s is there already", o.files)
			} else if err != nil {
				return err
			}
			return e.startTask(c, o, shell)
		}}
	o.flags(c)
	c.Flags().StringVar(&o.files, "files", "", "folder to make for what the task needs")
	c.Flags().BoolVar(&shell, "shell", false, "print lines for a shell to evaluate: export NAME='value'")
	_ = c.MarkFlagRequired("files") // its one error is a flag that is not there
	return c
}

func (e *env) startTask(c *cobra.Command, o taskOptions, shell bool) error {
	b, err := e.beginTask(c.Context(), o)
	if err != nil {
		return errors.Join(err, os.RemoveAll(o.files))
	}
	dir, err := filepath.Abs(o.files)
	var vars []string
	if err == nil {
		vars, err = b.equip(c.Context(), dir, true)
	}
	out := taskBegun{taskKept{b.run.Addr, b.run.Agent, b.run.ID, b.mandate.ID}, map[string]string{}}
	if err == nil {
		var raw []byte
		if raw, err = json.Marshal(out.taskKept); err == nil {
			err = os.WriteFile(filepath.Join(dir, keptRun), raw, 0o600)
		}
	}
	if err != nil {
		b.giveUp(c.Context(), "it could not be equipped")
		return errors.Join(err, os.RemoveAll(o.files))
	}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		out.Environment[name] = value
		if shell {
			_, err = fmt.Fprintf(e.out, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
		}
		if err != nil {
			return err
		}
	}
	if shell {
		return nil
	}
	return e.print(out, func(t *table) {
		t.row("mandate", b.mandate.ID+" until "+when(b.mandate.Until))
		for _, v := range vars {
			name, value, _ := strings.Cut(v, "=")
			t.row(name, value)
		}
	})
}

func (e *env) taskDone() *cobra.Command {
	var o taskOptions
	var because string
	c := &cobra.Command{Use: "done --files FOLDER", Short: "Say that a task is done, or that it failed", Args: cobra.NoArgs,
		Long:    "Say that a task of stead task start is done: its mandate ends, its login and its instance are gone, and its folder too.",
		Example: "  stead task done --files run --result \"report sent\"\n  stead task done --files run --failed \"the source was empty\"",
		RunE: func(c *cobra.Command, _ []string) error {
			b, err := e.keptTask(o.files)
			if err != nil {
				return err
			}
			if because != "" {
				b.giveUp(c.Context(), because)
			} else if err := b.complete(c.Context(), o.result); err != nil {
				return errors.Join(err, os.RemoveAll(o.files))
			}
			return os.RemoveAll(o.files)
		}}
	c.Flags().StringVar(&o.files, "files", "", "folder of stead task start")
	c.Flags().StringVar(&o.result, "result", "", "what came of it, in a line")
	c.Flags().StringVar(&because, "failed", "", "it failed, and why: the mandate ends without being completed")
	_ = c.MarkFlagRequired("files") // its one error is a flag that is not there
	return c
}

// keptTask goes on with what stead task start began.
func (e *env) keptTask(dir string) (*begun, error) {
	raw, err := config.Secret(filepath.Join(dir, keptRun))
	if err != nil {
		return nil, err
	}
	var kept taskKept
	if err := json.Unmarshal([]byte(raw), &kept); err != nil || kept.Addr == "" {
		return nil, fail(exitUsage, "", "%s holds no task", dir)
	}
	text, err := config.Secret(filepath.Join(dir, keyOfRun))
	if err != nil {
		return nil, err
	}
	key, err := runner.ReadKey([]byte(text))
	if err != nil {
		return nil, err
	}
	e.addr = kept.Addr
	c, err := e.client()
	if err != nil {
		return nil, err
	}
	run := &runner.Run{Addr: kept.Addr, HTTP: &http.Client{Transport: e.http.Transport}, Key: key, Now: e.now, ID: kept.Instance, Agent: kept.Agent}
	return &begun{e: e, run: run, client: e.asRun(c, run), mandate: admin.Mandate{ID: kept.Mandate}}, nil
}
