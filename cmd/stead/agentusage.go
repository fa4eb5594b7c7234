package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

// mostSeen is how many events of an agent are read for an answer: as many as the API gives.
const mostSeen = 20_000

func (e *env) agentUsage() *cobra.Command {
	var days int64
	c := &cobra.Command{Use: "usage AGENT", Short: "Show when each of its entitlements was last made use of, and which never were", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out, err := client.GetAgentUsage(c.Context(), args[0], admin.GetAgentUsageQuery{Days: days, Most: mostSeen})
		if err != nil {
			return err
		}
		if e.format == "table" && out.Unused > 0 {
			e.say("%d of %d entitlements were not used for %d days: take them out of its tasks with stead apply.", out.Unused, len(out.Grants), out.Days)
		}
		if young := e.now().Sub(out.Registered); e.format == "table" && young < time.Duration(out.Days)*24*time.Hour {
			e.say("It was registered %s, less than %d days ago: nothing is called unused yet.", when(out.Registered), out.Days)
		}
		return e.print(out, func(t *table) {
			t.columns = []string{"task", "entitlement", "last used", ""}
			for _, u := range out.Grants {
				last, mark := "never", ""
				if !u.LastUsed.IsZero() {
					last = when(u.LastUsed)
				}
				switch {
				case u.Unused:
					mark = "unused"
				case len(u.Spare) > 0:
					mark = "unused columns: " + strings.Join(u.Spare, ", ")
				case u.Part && len(u.Columns) > 0:
					mark = "wider than used: only " + strings.Join(u.Columns, ", ")
				case u.Part:
					mark = "wider than used: only some rows"
				}
				if u.Wider > 0 {
					mark = strings.TrimPrefix(mark+", asked for more "+number(u.Wider)+" times", ", ")
				}
				t.row(u.Task, grantLine(u.Grant), last, mark)
			}
		})
	}}
	c.Flags().Int64Var(&days, "days", 30, "what was not used for so many days is unused")
	return c
}
