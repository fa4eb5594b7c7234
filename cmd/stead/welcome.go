package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// welcome is what stead alone says: where one is, and what comes next.
func (e *env) welcome() error {
	where := "  stead login NAME --addr URL                  sign in to a server\n"
	if name, p, err := e.here(); err == nil && p.Token != "" {
		where = fmt.Sprintf("  (signed in at %s, profile %s)\n  stead whoami                                 who you are, and for whom you act\n", clean(p.Addr), clean(name))
	}
	_, err := fmt.Fprintf(e.out, `Stead %s: act for somebody else. Asked for, agreed, limited, shown, recorded.

Try it
  stead dev                                    a demonstration: no configuration, nothing is kept

Use it
%s  stead act PERSON --app APP --reason WHY      ask to act for somebody
  stead mandate list                           what you may do for whom, and until when
  stead why DECISION                           why something was refused

Run it
  stead init                                   a configuration, keys and a store, in five questions
  stead doctor --config stead.yaml             what is wrong here
  stead serve --config stead.yaml              the server

  stead --help has all commands, stead COMMAND --help explains one.
`, e.version, where)
	return err
}

// exemplify gives an example to the commands that have none of their own.
func exemplify(c *cobra.Command) {
	if at, ok := examples[c.CommandPath()]; ok && c.Example == "" {
		c.Example = at
	}
	for _, sub := range c.Commands() {
		exemplify(sub)
	}
}

var examples = map[string]string{
	"stead login":                 "  stead login staff/sam --addr https://stead.example.com",
	"stead logout":                "  stead logout",
	"stead whoami":                "  stead whoami -o json",
	"stead agent list":            "  stead agent list",
	"stead agent show":            "  stead agent show monthly-report",
	"stead agent usage":           "  stead agent usage monthly-report --days 30",
	"stead agent new":             "  stead agent new report-north --template report --owner staff/maya --set team=north\n  stead agent new orders --owner staff/maya --kind company --tier low --purpose \"counts orders\" --need \"crm read public.orders(id)\" --dry-run",
	"stead agent template list":   "  stead agent template list",
	"stead agent template show":   "  stead agent template show report",
	"stead agent template retire": "  stead agent template retire report",
	"stead agent learn":           "  stead agent learn monthly-report --for 168h --reason \"first run of the new model\"",
	"stead agent propose":         "  stead agent propose monthly-report --out proposal.yaml",
	"stead agent suspend":         "  stead agent suspend monthly-report --reason \"odd queries\"",
	"stead agent resume":          "  stead agent resume monthly-report --reason \"the new build was looked at\"",
	"stead key rotate":            "  stead key rotate --compromised --reason \"they may stand in a memory dump\"",
	"stead agent retire":          "  stead agent retire monthly-report --yes",
	"stead task run":              "  stead task run --task monthly --reason \"the report for March\" -- ./report.sh",
	"stead task start":            "  stead task start --task monthly --files run",
	"stead task done":             "  stead task done --files run --result \"report sent\"",
	"stead agent secret":          "  stead agent secret monthly-report",
	"stead agent enroll-token":    "  stead agent enroll-token monthly-report -o json",
	"stead exclusion list":        "  stead exclusion list",
	"stead exclusion show":        "  stead exclusion show two-hands",
	"stead exclusion retire":      "  stead exclusion retire two-hands",
	"stead sod check":             "  stead sod check || echo somebody holds both",
	"stead segment list":          "  stead segment list",
	"stead segment show":          "  stead segment show finance",
	"stead segment isolate":       "  stead segment isolate finance --reason \"odd payments\"",
	"stead segment reconnect":     "  stead segment reconnect finance --reason \"looked at all of it, INC-7\"",
	"stead system list":           "  stead system list",
	"stead system show":           "  stead system show crm",
	"stead flow list":             "  stead flow list",
	"stead flow retire":           "  stead flow retire reports",
	"stead mandate list":          "  stead mandate list --all --state active",
	"stead mandate show":          "  stead mandate show man_7kq2",
	"stead mandate approve":       "  stead mandate approve man_7kq2 --comment \"as agreed in SUP-4711\"",
	"stead mandate refuse":        "  stead mandate refuse man_7kq2 --comment \"ask her first\"",
	"stead notice list":           "  stead notice list",
	"stead notice test":           "  stead notice test --channel mail",
	"stead mandate comment":       `  stead mandate comment man_7kq2 "Which tables, and for whom?"`,
	"stead mandate withdraw":      "  stead mandate withdraw man_7kq2",
	"stead mandate start":         "  stead mandate start man_7kq2 --code 123456",
	"stead mandate extend":        "  stead mandate extend man_7kq2 --reason \"two invoices more\"",
	"stead mandate end":           "  stead mandate end man_7kq2",
	"stead mandate revoke":        "  stead mandate revoke man_7kq2 --reason \"the wrong person\"",
	"stead mandate suspend":       "  stead mandate suspend man_7kq2 --reason \"is this really Sam?\"",
	"stead mandate resume":        "  stead mandate resume man_7kq2 --reason \"he was called, and it is\"",
	"stead why":                   "  stead why d_9f2",
	"stead audit search":          "  stead audit search --person customers/dana --kind mandate. --from 2026-03-01",
	"stead audit tail":            "  stead audit tail -f",
	"stead audit export":          "  stead audit export --from 2026-03-01 > march.jsonl",
	"stead audit verify":          "  stead audit verify\n  stead audit verify --file march.jsonl",
	"stead audit checkpoint":      "  stead audit checkpoint > /mnt/other/stead.checkpoint",
	"stead audit prove":           "  stead audit prove 4711",
	"stead report list":           "  stead report list",
	"stead report run":            "  stead report run acting-by-person > acting.html",
	"stead report verify":         "  stead report verify acting.html",
	"stead dev":                   "  stead dev",
	"stead serve":                 "  stead serve --config /etc/stead/stead.yaml",
	"stead policy validate":       "  stead policy validate policies",
	"stead policy test":           "  stead policy test policies",
	"stead policy try":            "  stead policy try --actor staff/sam --subject customers/dana --app orders",
	"stead policy plan":           "  stead policy plan policies --exit-code",
	"stead policy stage":          "  stead policy stage policies",
	"stead policy apply":          "  stead policy apply 3f9a…",
	"stead policy show":           "  stead policy show",
	"stead app test":              "  stead app test stead.yaml",
	"stead app classify":          "  stead app classify stead.yaml \"GET /item/7\"",
	"stead app schema":            "  stead app schema > apps.schema.json",
	"stead app check":             "  stead app check http://10.0.0.5:8080",
	"stead app learn":             "  stead app learn http://127.0.0.1:8080",
	"stead person list":           "  stead person list --directory staff",
	"stead person show":           "  stead person show staff/sam",
	"stead person add":            "  stead person add staff/sam --shown \"Sam Okafor\" --group support",
	"stead person import":         "  stead person import people.csv",
	"stead person disable":        "  stead person disable staff/sam",
	"stead person enable":         "  stead person enable staff/sam",
	"stead person delete":         "  stead person delete customers/dana",
	"stead session list":          "  stead session list",
	"stead session end":           "  stead session end ses_2k7p",
	"stead settings timers show":  "  stead settings timers show",
	"stead settings timers set":   "  stead settings timers set --help",
	"stead settings timers reset": "  stead settings timers reset --help",
	"stead store copy":            "  stead store copy --help",
	"stead store migrate":         "  stead store migrate --dsn-file /etc/stead/owner.dsn --dry-run",
	"stead version":               "  stead version",
}
