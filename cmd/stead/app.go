package main

import (
	"bufio"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
)

func (e *env) app() *cobra.Command {
	c := &cobra.Command{Use: "app", Short: "Write and test the rules of applications", Long: "Applications stand under apps: in the configuration, or in a file of their own. docs/reference/apps.md says what their\nlines mean; `stead app check` and `stead app learn` look at a running application and say which lines it needs."}
	c.AddCommand(e.appTest(), e.appClassify(), e.appCheck(), e.appLearn(), e.appSchema())
	return c
}

// appsOf reads the applications of a file: a configuration, or one that holds nothing but apps.
func appsOf(file string) ([]gateway.App, error) {
	raw, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fail(exitNotFound, "", "there is no file %s", file)
	case err != nil:
		return nil, err
	}
	c, problems := config.Parse(raw, nil)
	text := c.AppsText()
	if len(problems) > 0 {
		return nil, fail(exitUsage, "stead config validate --config "+file, "%s: %s", file, problems[0])
	}
	if len(text) == 0 {
		return nil, fail(exitUsage, "", "%s holds no apps", file)
	}
	apps, err := gateway.ParseRules(text)
	return apps, stead.Because(err, file)
}

// appOf is one of the applications of a file: the one that is named, or the only one.
func appOf(file, id string) (*gateway.App, error) {
	apps, err := appsOf(file)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i, a := range apps {
		if string(a.ID) == id || id == "" && len(apps) == 1 {
			return &apps[i], nil
		}
		ids = append(ids, string(a.ID))
	}
	if id == "" {
		return nil, fail(exitUsage, "", "%s holds several applications; say which: --app %s", file, strings.Join(ids, ", --app "))
	}
	return nil, fail(exitNotFound, "", "%s holds no application %q; it holds %s", file, id, strings.Join(ids, ", "))
}

func (e *env) appTest() *cobra.Command {
	return &cobra.Command{
		Use: "test FILE", Short: "Run the tests beside the rules", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			apps, err := appsOf(args[0])
			if err != nil {
				return err
			}
			r := gateway.RunTests(apps)
			if err := e.print(r, func(t *table) { testTable(t, args[0], r) }); err != nil {
				return err
			}
			if n := r.Failed(); n > 0 {
				return fail(exitVerify, "", "%d of %d tests failed", n, len(r.Tests))
			}
			e.say("%s passed.", count(len(r.Tests), "test"))
			for _, rule := range r.Unreached {
				e.say("note: no test reaches the rule %s", rule)
			}
			return nil
		},
	}
}

func testTable(t *table, file string, r gateway.Report) {
	t.columns = []string{"result", "app", "test", "place", "why"}
	for _, c := range r.Tests {
		result := "ok"
		if c.Failed != "" {
			result = "FAILED"
		}
		t.row(result, string(c.App), c.Name, file+":"+number(c.Line), c.Failed)
	}
}

// A verdict is what rules make of one request.
type verdict struct {
	Class gateway.Class `json:"class"`
	Rule  string        `json:"rule"`
	Why   []string      `json:"why"`
}

func (e *env) appClassify() *cobra.Command {
	var id, body, kind string
	c := &cobra.Command{
		Use: "classify FILE REQUEST", Short: "Say what the rules make of one request, and why", Args: cobra.ExactArgs(2),
		Example: "  stead app classify apps.yaml 'GET /item/7?id=1'",
	}
	c.Flags().StringVar(&id, "app", "", "which application of the file (not needed where it holds one)")
	c.Flags().StringVar(&body, "body", "", "body of the request")
	c.Flags().StringVar(&kind, "type", "application/x-www-form-urlencoded", "media type of the body")
	c.RunE = func(_ *cobra.Command, args []string) error {
		a, err := appOf(args[0], id)
		if err != nil {
			return err
		}
		r, err := gateway.Test{Request: args[1], Body: body, Headers: map[string]string{"Content-Type": kind}}.Ask(a)
		if err != nil {
			return fail(exitUsage, "", "%s: %s", args[1], err)
		}
		v, why := a.Explain(r)
		return e.print(verdict{v.Class, v.Rule, why}, func(t *table) {
			t.row("class", string(v.Class))
			t.row("rule", v.Rule)
			for _, line := range why {
				t.row("why", line)
			}
		})
	}
	return c
}

func (e *env) appSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a file of applications, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := e.out.Write(gateway.Schema())
			return err
		},
	}
}

// seeds are the targets of a file, one a line: an access log cut down to its paths will do.
func seeds(file string) ([]string, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(exitNotFound, "", "there is no file %s", file)
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		switch line := strings.TrimSpace(lines.Text()); {
		case line == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "/"):
			return nil, fail(exitUsage, "", "%s: %q is no path of the application", file, line)
		default:
			out = append(out, line)
		}
	}
	return out, lines.Err()
}

// asked tells whether the rules name a target's GET, and whether they let nobody ask for it.
func asked(a *gateway.App, target string) (named, closed bool) {
	r, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return false, true
	}
	v := a.Classify(r)
	named = v.Rule != gateway.DefaultRule
	return named, named && (v.Class == gateway.Write || v.Class == gateway.Closed || v.Class == gateway.Logout || v.Class == gateway.Quiet)
}
