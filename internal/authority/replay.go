package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// rests adds to the record of a decision what it rested on, beside what is kept in versions: what was asked, and what only
// counters knew.
func rests(what stead.Fields, q stead.Question, f stead.Facts, d stead.Decision) stead.Fields {
	what = with(what, stead.Parameters, q.Arguments[stead.Parameters])
	if f.Mandate != nil && f.Mandate.Actor == q.Actor && f.Mandate.Scope.Transaction() != "" {
		what = with(with(what, stead.Transaction, f.Mandate.Scope.Transaction()), "named", q.Arguments[stead.Transaction])
	}
	what = with(with(what, "columns", inRecord(q.Columns)), "rows", short(q.Rows))
	what = with(with(what, "cost", inRecord(q.Context.Cost)), "spent", inRecord(spentBy(q, f)))
	if f.Instance != nil {
		what = with(what, "instance", string(f.Instance.ID))
	} else {
		what = with(what, "key", short(q.Key))
	}
	if q.Subject == "" && q.Actor != "" {
		what = with(what, "unknown", "subject")
	}
	switch {
	case d.Reason == stead.ReasonIdle:
		what = with(what, "last", inTime(f.Acted))
	case d.Reason == stead.ReasonSessionIdle:
		what = with(what, "last", inTime(f.Seen))
	case d.Reason == stead.ReasonSignIn && f.Instance != nil:
		what = with(what, "last", inTime(f.Heard))
	case d.Reason == stead.ReasonActing && f.Acting != nil:
		what = with(what, "acting", string(f.Acting.ID))
	}
	return what
}

func inTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// spentBy is what was spent of each budget that a question takes of; of mandates further up a chain with their ids.
func spentBy(q stead.Question, f stead.Facts) map[string]int64 {
	if len(q.Context.Cost) == 0 {
		return nil
	}
	all := map[string]int64{}
	for what, n := range f.Spent {
		all[what] = n
	}
	for _, l := range f.Above {
		for what, n := range l.Spent {
			all[budgetKey(l.Mandate.ID, what)] = n
		}
	}
	return all
}

// question reads back what was asked. It is not whole where that was too long for the record.
func question(e StoredEvent) (q stead.Question, whole bool) {
	q = stead.Question{
		Asserted: stead.PrincipalID(e.What["asserted"]), Session: e.Session, Actor: e.Actor, Subject: e.Subject, Mandate: e.Mandate, Action: stead.Action(e.What["action"]),
		Resource: stead.Resource{App: e.App, Realm: stead.RealmID(e.What["realm"]), Path: e.What["path"], Rule: e.What["class"], Name: e.What["name"], Type: e.What["type"]},
		Rows:     e.What["rows"], Key: e.What["key"],
		Context: stead.Context{Method: e.What["method"], Address: e.Who["address"]},
	}
	if q.Actor == stead.Server { // nobody was known by the name
		q.Actor = ""
	}
	if q.Subject == stead.Server || e.What["unknown"] == "subject" {
		q.Subject = ""
	}
	for name, in := range map[string]string{stead.Parameters: stead.Parameters, stead.Transaction: "named"} {
		if said := e.What[in]; said != "" {
			q.Arguments = with(q.Arguments, name, said)
		}
	}
	whole = q.Rows != cut && q.Key != cut
	for name, to := range map[string]any{"said": &q.Said, "given": &q.Given, "columns": &q.Columns, "cost": &q.Context.Cost} {
		whole = recorded(e.What[name], to) && whole
	}
	return q, whole
}

// restore sets in the facts what the event alone knows of them.
func (a *Authority) restore(ctx context.Context, f *stead.Facts, e StoredEvent, index uint64) (err error) {
	last, _ := time.Parse(time.RFC3339Nano, e.What["last"])
	switch e.Reason {
	case stead.ReasonIdle:
		f.Acted = last
	case stead.ReasonSessionIdle:
		f.Seen = last
	case stead.ReasonSignIn:
		f.Heard = last
	case stead.ReasonClock, stead.ReasonRecord:
		f.Distrust = e.Reason
	case stead.ReasonActing:
		f.Acting, err = pastOf[stead.Mandate](ctx, a.Store, stead.KindMandate, e.What["acting"], index)
	}
	spent := map[string]int64{}
	recorded(e.What["spent"], &spent)
	f.Spent = spent
	for i, l := range f.Above {
		f.Above[i].Spent = map[string]int64{}
		for what := range l.Mandate.Bounds.Budget {
			f.Above[i].Spent[what] = spent[budgetKey(l.Mandate.ID, what)]
		}
	}
	return err
}
