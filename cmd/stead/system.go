package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steadhq/stead/client/admin"
)

func (e *env) system() *cobra.Command {
	c := &cobra.Command{Use: "system", Short: "Systems: what there is to grant, and how it stands",
		Long: "Applications behind the gateway, connected databases, and what is only asked about. Of a connected database you see the tables and\n" +
			"columns that are really there and that Stead may grant: what the tasks of agents name."}
	c.AddCommand(e.systemList(), e.systemShow())
	return c
}

func (e *env) systemList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List applications and systems", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		out, err := client.ListSystems(c.Context())
		if err != nil {
			return err
		}
		return e.print(out.Systems, func(t *table) {
			t.columns = []string{"system", "kind", "segment", "state", "logins", "overdue", "error"}
			for _, s := range out.Systems {
				t.row(s.ID, s.Kind, s.Segment, s.State, number(s.Leases), number(s.Overdue), s.Error)
			}
		})
	}}
}

func (e *env) systemShow() *cobra.Command {
	return &cobra.Command{Use: "show SYSTEM", Short: "Show a system and what may be granted of it", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := e.client()
		if err != nil {
			return err
		}
		s, err := client.GetSystem(c.Context(), args[0])
		if err != nil {
			return err
		}
		if len(s.Permissions) > 0 && e.format == "table" {
			p := s.Permissions[0]
			e.say("Tasks of agents say what they need in these words: %s %s %s", s.ID, p.Actions[0], p.Resource)
			e.say("Some columns alone: %s(%s). Whatever fits now: public.sales_*", p.Resource, someColumns(p))
		}
		return e.print(s, func(t *table) {
			t.row("system", s.ID+", "+s.Kind)
			t.row("segment", segmentNamed(s.Segment))
			t.row("realms", strings.Join(s.Realms, ", "))
			systemStands(t, s)
			for _, p := range s.Permissions {
				var columns []string
				for _, k := range p.Columns {
					columns = append(columns, k.Name)
				}
				t.row(p.Resource, strings.Join(p.Actions, ", ")+": "+strings.Join(columns, ", "))
			}
		})
	}}
}

// someColumns are enough for an example.
func someColumns(p admin.Permission) string {
	var all []string
	for _, c := range p.Columns[:min(len(p.Columns), 2)] {
		all = append(all, c.Name)
	}
	return strings.Join(all, ", ")
}

// systemStands are the rows of how a connected system is.
func systemStands(t *table, s admin.System) {
	if s.State != "" {
		t.row("state", strings.TrimSpace(s.State+" "+s.Error))
		t.row("logins", number(s.Leases)+", of which "+number(s.Overdue)+" are overdue")
	}
	if s.Unread != "" {
		t.row("not read", s.Unread)
	}
	if !s.PermissionsAt.IsZero() {
		t.row("read", s.PermissionsAt.Local().Format(time.DateTime))
	}
}
