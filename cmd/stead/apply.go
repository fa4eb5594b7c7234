package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/steadhq/stead/client/admin"
)

// applied is what stead apply reads: YAML documents, a list of agents or one thing of a kind each.
type applied struct {
	Agents     []admin.AgentBody `json:"agents"`
	Exclusions []namedExclusion  `json:"exclusions,omitempty"`
	Flows      []namedFlow       `json:"flows,omitempty"`
}

type namedExclusion struct {
	Name string `json:"name"`
	admin.ExclusionBody
}

type namedFlow struct {
	Name string `json:"name"`
	admin.FlowBody
}

func (e *env) apply() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "apply -f FILE", Short: "Put agents, exclusions and flows in force as a file says", Args: cobra.NoArgs,
		Long: "Register the agents of a YAML file that are not there yet, and change those that are. What an agent may no more then ends.\n" +
			"A document of kind: Exclusion, or kind: Flow, is put in force before the agents. What the file does not name stays as it is.\n" +
			"examples/agents has files to begin with.",
		Example: "  stead apply -f agents.yaml\n  cat agents.yaml | stead apply -f -",
		RunE: func(c *cobra.Command, _ []string) error {
			wanted, err := e.readApplied(file)
			if err != nil {
				return err
			}
			client, err := e.client()
			if err != nil {
				return err
			}
			var made done
			if err := made.apply(c.Context(), client, wanted); err != nil {
				return err
			}
			return e.print(made.shown(), made.rows)
		}}
	c.Flags().StringVarP(&file, "file", "f", "", "the file, - for stdin")
	_ = c.MarkFlagRequired("file") // its one error is a flag that is not there
	return c
}

// done is what is in force after an apply.
type done struct {
	Exclusions []admin.Exclusion `json:"exclusions,omitempty"`
	Flows      []admin.Flow      `json:"flows,omitempty"`
	Agents     []admin.Agent     `json:"agents,omitempty"`
}

// apply puts what keeps apart in force before those whom it binds.
func (d *done) apply(ctx context.Context, client *client, wanted applied) error {
	for _, x := range wanted.Exclusions {
		now, err := client.SetExclusion(ctx, x.Name, x.ExclusionBody)
		if err != nil {
			return fmt.Errorf("%s: %w", x.Name, err)
		}
		d.Exclusions = append(d.Exclusions, now)
	}
	for _, f := range wanted.Flows {
		now, err := client.SetFlow(ctx, f.Name, f.FlowBody)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		d.Flows = append(d.Flows, now)
	}
	for _, a := range wanted.Agents {
		now, err := applyAgent(ctx, client, a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		d.Agents = append(d.Agents, now)
	}
	return nil
}

// shown is the list of agents where there is nothing else, as ever.
func (d *done) shown() any {
	if len(d.Exclusions)+len(d.Flows) == 0 {
		return d.Agents
	}
	return d
}

func (d *done) rows(t *table) {
	t.columns = []string{"agent", "owner", "tasks", "state", "version"}
	if len(d.Exclusions)+len(d.Flows) > 0 {
		t.columns[0], t.columns[1] = "what", "owner or author"
	}
	for _, x := range d.Exclusions {
		t.row("exclusion "+x.Name, account(x.Author), "", "in force", number(x.Version))
	}
	for _, f := range d.Flows {
		t.row("flow "+f.Name, account(f.Author), "", "open", number(f.Version))
	}
	for _, a := range d.Agents {
		t.row(a.Account, account(a.Owner), number(int64(len(a.Tasks))), agentState(a), number(a.Version))
	}
}

func (e *env) readApplied(file string) (out applied, err error) {
	var raw []byte
	if file == "-" {
		raw, err = io.ReadAll(e.in)
	} else {
		raw, err = os.ReadFile(file)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return out, fail(exitNotFound, "", "there is no file %s", file)
	case err != nil:
		return out, err
	}
	for d := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var one any
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return out, fail(exitUsage, "", "%s is no YAML: %s", file, err)
		}
		if err := out.read(one); err != nil {
			return out, fail(exitUsage, "", "%s: %s", file, strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	if len(out.Agents)+len(out.Exclusions)+len(out.Flows) == 0 {
		return out, fail(exitUsage, "", "%s names nothing to apply: begin with agents: and a list, or with kind: Exclusion or kind: Flow", file)
	}
	return out, nil
}

// read takes one document.
func (a *applied) read(one any) error {
	members, _ := one.(map[string]any)
	kind, typed := members["kind"].(string)
	delete(members, "kind")
	text, err := json.Marshal(one)
	if err != nil {
		return fmt.Errorf("names are texts: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	switch {
	case one == nil:
		return nil
	case !typed:
		var more applied
		err = d.Decode(&more)
		a.Agents, a.Exclusions, a.Flows = append(a.Agents, more.Agents...), append(a.Exclusions, more.Exclusions...), append(a.Flows, more.Flows...)
	case kind == "Exclusion":
		var x namedExclusion
		err = d.Decode(&x)
		a.Exclusions = append(a.Exclusions, x)
	case kind == "Flow":
		var f namedFlow
		err = d.Decode(&f)
		a.Flows = append(a.Flows, f)
	default:
		err = fmt.Errorf("there is no kind %q: Exclusion or Flow", kind)
	}
	return cmp.Or(err, a.named())
}

// named refuses what has no name: it could not be put anywhere.
func (a *applied) named() error {
	for _, x := range a.Exclusions {
		if x.Name == "" {
			return errors.New("an exclusion needs a name")
		}
	}
	for _, f := range a.Flows {
		if f.Name == "" {
			return errors.New("a flow needs a name")
		}
	}
	return nil
}

// applyAgent registers an agent, or changes the one that is there while nobody else does.
func applyAgent(ctx context.Context, client *client, a admin.AgentBody) (admin.Agent, error) {
	now, err := client.GetAgent(ctx, a.Name)
	if codeOf(err) == exitNotFound {
		return client.RegisterAgent(ctx, a)
	}
	if err != nil {
		return now, err
	}
	return client.ChangeAgent(ctx, a.Name, a, admin.IfMatch(now.Version))
}
