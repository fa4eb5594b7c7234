package agents

import (
	"slices"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A3: what an agent was granted and never made use of is seen, by who answers for it and who oversees it; a refusal is no
// use, and a start forgets nothing.
func TestUsage(t *testing.T) {
	w := newWorld(t)
	by, m := w.working("k1")
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Fatal(d.Text)
	}
	w.refused(w.reads(by, m.ID, "public.salaries"), stead.ReasonScope)
	first := w.Clock.Wall().Truncate(time.Hour)
	w.Clock.Move(90 * time.Minute)
	if d := w.reads(by, m.ID, "public.orders"); !d.Allow {
		t.Fatal(d.Text)
	}
	last := w.Clock.Wall().Truncate(time.Hour)
	w.Shut()
	w.Open()
	if !last.After(first) {
		t.Fatal("no hour has passed")
	}
	for _, who := range []string{"staff/max", "staff/omar"} { // he answers for it; security
		all := must(w.Usage(t.Context(), w.Login(who, "console.test"), "monthly-report", first.Add(-time.Hour), authority.MostSeen))
		if len(all) != 2 || all[0].Grant.Resource != "public.customers" || !all[0].Last.IsZero() || !all[1].Last.Equal(last) || all[1].Task != "monthly" {
			t.Errorf("%s: %+v, want %s", who, all, last)
		}
	}
	for most, known := range map[int]bool{1: false, 100: true} { // what was not read is not known
		if all := must(w.Usage(t.Context(), w.Login("staff/max", "console.test"), "monthly-report", first, most)); all[1].Known != known {
			t.Errorf("read %d: %+v", most, all[1])
		}
	}
	_, err := w.Usage(t.Context(), w.Login("staff/sam", "console.test"), "monthly-report", first, authority.MostSeen)
	w.no(err, stead.ReasonNotYours)
}

// What was granted since is not called unused, and nobody proposes to take it away: it had no time to be used.
func TestFreshEntitlement(t *testing.T) {
	w := newWorld(t)
	w.Clock.Move(40 * stead.Day)
	r := w.agent
	fresh := stead.Entitlement{System: "crm", Action: stead.ActionRead, Resource: "public.visits"}
	r.Tasks[0].Grants = append(slices.Clone(r.Tasks[0].Grants), fresh)
	root := w.Login("staff/root", "console.test")
	must(w.ChangeAgent(t.Context(), root, r.Principal, authority.NewAgent{Name: "monthly-report", Registration: r}))
	look := func(days int) (unused, away []string) {
		since := w.Clock.Wall().Add(-time.Duration(days) * stead.Day)
		for _, u := range must(w.Usage(t.Context(), root, "monthly-report", since, 100)) {
			if u.Last.IsZero() && !u.Fresh {
				unused = append(unused, u.Grant.Resource)
			}
		}
		_, p, err := w.Proposal(t.Context(), root, "monthly-report", since, 100, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range p.Remove {
			away = append(away, o.Grant.Resource)
		}
		return unused, away
	}
	old := []string{"public.customers", "public.orders"}
	if unused, away := look(30); !slices.Equal(unused, old) || !slices.Equal(away, old) {
		t.Errorf("unused %v, to be taken away %v", unused, away)
	}
	w.Clock.Move(31 * stead.Day)
	root = w.Login("staff/root", "console.test")
	if unused, away := look(30); len(unused) != 3 || len(away) != 3 {
		t.Errorf("a month later: unused %v, to be taken away %v", unused, away)
	}
}
