package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Row is one session of acting. Times are UTC.
type Row struct {
	Mandate        stead.MandateID `json:"mandate"`
	Actor          string          `json:"actor"`
	ActorAccount   string          `json:"actor_account"`
	Subject        string          `json:"subject"`
	SubjectAccount string          `json:"subject_account"`
	Apps           string          `json:"apps"`
	Mode           stead.Mode      `json:"mode"`
	Reason         string          `json:"reason"`
	Ticket         string          `json:"ticket"`
	Approved       string          `json:"approved"` // who agreed, and when
	Asked          time.Time       `json:"asked"`
	Started        time.Time       `json:"started"`
	Ended          time.Time       `json:"ended,omitzero"`
	Why            stead.Reason    `json:"why"` // why it ended
	Seconds        int64           `json:"seconds"`
	Extended       int             `json:"extended"`
	Requests       int             `json:"requests"` // that were allowed in the period
	Changes        int             `json:"changes"`  // of these, that could change something
	Refused        int             `json:"refused"`
}

// A tally counts the events of one mandate.
type tally struct{ requests, changes, refused int }

type tallies struct {
	byID  map[stead.MandateID]*tally
	order []stead.MandateID
}

func (t *tallies) add(e authority.StoredEvent) {
	if e.Mandate == "" {
		return
	}
	n := t.byID[e.Mandate]
	if n == nil {
		n = new(tally)
		t.byID[e.Mandate] = n
		t.order = append(t.order, e.Mandate)
	}
	switch e.Kind {
	case "request.allowed":
		n.requests++
		if a := stead.Action(e.What["action"]); a != stead.ActionRead && a != stead.ActionWatch {
			n.changes++
		}
	case "request.denied":
		n.refused++
	}
}

// read gives a row for every mandate that was counted and began, in the order in which the record speaks of them.
func (d *Desk) read(ctx context.Context, w authority.ReportWish, t *tallies, told func(share float64)) ([]Row, error) {
	who := namer{d: d, names: w.Names, seen: map[stead.PrincipalID]string{}}
	rows := []Row{}
	for i, id := range t.order {
		if i%100 == 0 {
			told(float64(i) / float64(len(t.order)))
		}
		r, err := d.Record.Get(ctx, stead.KindMandate, string(id), 0)
		m, ok := r.(stead.Mandate)
		switch {
		case err != nil && stead.KindOf(err) != stead.Missing:
			return nil, err
		case !ok: // its people's keys are gone: that there was one is still known
			rows = append(rows, Row{Mandate: id, Actor: erased, Subject: erased, Requests: t.byID[id].requests,
				Changes: t.byID[id].changes, Refused: t.byID[id].refused})
			continue
		case m.StartedAt.IsZero() || w.App != "" && !slices.Contains(m.Scope.Apps, w.App):
			continue
		}
		rows = append(rows, d.row(m, *t.byID[id], &who))
	}
	return rows, nil
}

const erased = "erased"

func (d *Desk) row(m stead.Mandate, n tally, who *namer) Row {
	r := Row{Mandate: m.ID, Mode: cmp.Or(m.Mode, stead.ReadOnly), Reason: m.Purpose.Reason, Ticket: m.Purpose.Ticket, Asked: m.AskedAt.UTC(),
		Started: m.StartedAt.UTC(), Why: m.Why, Extended: m.Extended, Requests: n.requests, Changes: n.changes, Refused: n.refused}
	r.Actor, r.ActorAccount = who.actor(m.Actor)
	r.Subject, r.SubjectAccount = who.subject(m.Subject)
	apps := []string{}
	for _, a := range m.Scope.Apps {
		apps = append(apps, string(a))
	}
	r.Apps = strings.Join(apps, ", ")
	yes := []string{}
	for _, a := range m.Approvals {
		if a.Yes {
			name, _ := who.actor(a.By)
			yes = append(yes, name+" "+a.At.UTC().Format(time.RFC3339))
		}
	}
	r.Approved = strings.Join(yes, "; ")
	end := d.Now().UTC()
	if !m.EndedAt.IsZero() {
		r.Ended, end = m.EndedAt.UTC(), m.EndedAt.UTC()
	}
	r.Seconds = max(0, int64(end.Sub(r.Started)/time.Second))
	return r
}

// A namer calls those who acted as it is asked to: by name, by role, or by a pseudonym of this report alone.
type namer struct {
	d     *Desk
	names string
	seen  map[stead.PrincipalID]string
}

func (n *namer) subject(id stead.PrincipalID) (shown, account string) {
	p := n.d.Person(id)
	if p.ID == "" {
		return erased, ""
	}
	return p.DisplayName(), p.Directory + "/" + p.Name
}

func (n *namer) actor(id stead.PrincipalID) (shown, account string) {
	p := n.d.Person(id)
	switch {
	case n.names == authority.ByPseudonym:
		if n.seen[id] == "" {
			n.seen[id] = fmt.Sprintf("person %d", len(n.seen)+1)
		}
		return n.seen[id], ""
	case p.ID == "":
		return erased, ""
	case n.names == authority.ByRole:
		if len(p.Groups) == 0 {
			return "somebody of " + p.Directory, ""
		}
		return p.Directory + ": " + strings.Join(p.Groups, ", "), ""
	}
	return p.DisplayName(), p.Directory + "/" + p.Name
}

// A group is one line of the summary: everybody who acted, was acted for, or every application.
type group struct {
	Name                                 string
	Sessions, Requests, Changes, Refused int
	Seconds                              int64
}

// A sheet is what a report shows.
type sheet struct {
	rows   []Row
	groups []group
	zone   *time.Location
}

// grouped sums the rows up, most sessions first.
func grouped(rows []Row, kind string) []group {
	at, all := map[string]int{}, []group{}
	for _, r := range rows {
		key := groupOf(r, kind)
		i, known := at[key]
		if !known {
			i = len(all)
			at[key] = i
			all = append(all, group{Name: key})
		}
		g := &all[i]
		g.Sessions++
		g.Requests, g.Changes, g.Refused, g.Seconds = g.Requests+r.Requests, g.Changes+r.Changes, g.Refused+r.Refused, g.Seconds+r.Seconds
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.Name, b.Name)) })
	return all
}

func groupOf(r Row, kind string) string {
	name, account := r.Actor, r.ActorAccount
	switch kind {
	case "acting-by-subject":
		name, account = r.Subject, r.SubjectAccount
	case "acting-by-app":
		return cmp.Or(r.Apps, erased)
	}
	if account == "" {
		return name
	}
	return name + " (" + account + ")"
}
