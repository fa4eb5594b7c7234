package console

import (
	"net/http"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A proposalView is what an agent would have if it had what it was seen to need.
type proposalView struct {
	frame
	Back, Name string
	Whole      bool // the record was read to its end
	Patient    bool // as much of it as can be read
	Learns     string
	Add        []proposedRow
	Remove     []proposedRow
	Keep       []proposedRow
	Unknown    []proposedRow
}

// A proposedRow is one entitlement, and what the record has of it.
type proposedRow struct {
	Task, What, Columns string
	Seen, Event         string // Event is the newest of those that say so
}

// proposedOf is how many days a proposal looks back.
const proposedOf = 30 * stead.Day

func (c *Console) proposal(v *visit) error {
	ctx, most := v.r.Context(), authority.FewSeen
	patient := v.r.URL.Query().Get("all") == "1"
	if patient {
		most = authority.MostSeen
	}
	a, p, err := c.Authority.Proposal(ctx, v.by, v.r.PathValue("id"), c.Now().Add(-proposedOf), most, func(e stead.Entitlement) string {
		if c.Catalogue == nil {
			return ""
		}
		return c.Catalogue.Misfit(ctx, e)
	})
	if err != nil {
		return err
	}
	view := proposalView{frame: v.frame("What it was seen to need", "What "+a.Account.DisplayName()+" asked for since "+c.at(p.Since)+", and what it used. This changes nothing."),
		Back: agentHref(a.Principal), Name: a.Account.Name, Whole: p.Whole, Patient: patient, Learns: c.learning(a)}
	for _, x := range p.Add {
		view.Add = append(view.Add, v.added(x))
	}
	for _, x := range p.Unknown {
		view.Unknown = append(view.Unknown, v.added(x))
	}
	for _, r := range p.Remove {
		row := c.proposed(r.Task, r.Grant, "Never used")
		if !r.Last.IsZero() {
			row.Seen = "Last used " + c.ago(r.Last)
		}
		switch {
		case len(r.Left) > 0:
			row.Seen = "Used: " + strings.Join(r.Left, ", ") + " alone"
		case r.Twice:
			row.Seen = "Another one covers it"
		}
		view.Remove = append(view.Remove, row)
	}
	for _, u := range p.Keep {
		view.Keep = append(view.Keep, c.proposed(u.Task, u.Grant, "Last used "+c.ago(u.Last)))
	}
	return v.show(http.StatusOK, proposalPage(view))
}

func (v *visit) added(x stead.Addition) proposedRow {
	row := v.c.proposed(x.Task, x.Grant, "Asked for "+count(x.Times, "time", "times")+", last "+v.c.ago(x.Last))
	if x.Why != "" {
		row.Seen += ": " + x.Why
	}
	if len(x.Events) > 0 {
		row.Event = string(x.Events[len(x.Events)-1])
	}
	return row
}

func (c *Console) proposed(task string, e stead.Entitlement, seen string) proposedRow {
	a, _ := c.app(e.System)
	columns := "all columns"
	if len(e.Columns) > 0 {
		columns = strings.Join(e.Columns, ", ")
	}
	if e.Rows != "" {
		columns += ", where " + e.Rows
	}
	return proposedRow{Task: task, What: string(e.Action) + " " + e.Resource + " in " + a.shown(), Columns: columns, Seen: seen}
}

// learning says whether an agent learns, "" where it does not.
func (c *Console) learning(a authority.Card) string {
	l := a.Learning
	if !l.On(c.Now()) {
		return ""
	}
	of := ""
	if l.Task != "" {
		of = " what " + l.Task + " needs,"
	}
	shown, _ := c.Authority.Name(l.By)
	return "It learns" + of + " until " + c.at(l.Until) + ", says " + shown + ": " + l.Reason
}
