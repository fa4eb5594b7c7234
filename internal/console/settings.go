package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A settingsView is what counts for whoever acts, and where it comes from.
type settingsView struct {
	frame
	Timers  []timerRow
	General [][2]string // the general terms, in words
	Set     string      // who set the timers in force, and when; empty: the configuration file
	Because string
	Version uint64
	MaySet  bool
	MayUndo bool // what was in force before is known
	Problem string
	Ask     [3]web.FieldSpec // who, where: what counts for somebody
	Asked   string           // for whom it was asked
	Counts  [][]string
	NoCount string
	Facts   [][2]string
	Roles   [][]string
	Reading readingView
	Trail   string // address of the readings; empty: the reader reads no trail
}

// A timerRow is one timer as it is shown.
type timerRow struct {
	For, Href string
	Sets      [][2]string
}

// termWords say what the members of the terms are, in the order of authority.Rows.
var termWords = []struct{ member, label, hint string }{
	{"default_duration", "A term, where none is asked for", "such as 10m"},
	{"max_duration", "The longest term", "such as 1h; policy may shorten it"},
	{"extensions", "Further terms", "how many may be asked for"},
	{"total", "All terms together", "such as 2h; empty is term times number"},
	{"idle", "Ends when idle for", "nothing done under it, such as 5m"},
	{"start_window", "May wait for its start", "once it is approved, such as 15m"},
	{"ask_window", "May wait for approvals", "such as 8h"},
	{"fresh", "A code counts as fresh for", "such as 5m"},
	{"per_actor", "Mandates at once", "of one actor"},
}

func (c *Console) settings(v *visit) error {
	return v.showSettings(http.StatusOK, "")
}

func (v *visit) showSettings(status int, problem string) error {
	ctx := v.r.Context()
	all, err := v.c.Authority.Configured(ctx, v.by)
	if err != nil {
		return err
	}
	timers, set, err := v.c.Authority.Timers(ctx, v.by)
	if err != nil {
		return err
	}
	p := settingsView{frame: v.frame("Settings", "What counts for whoever acts, and where it comes from."), Version: set.Version, Problem: problem,
		General: inWords(authority.Rows(all.Terms)), MaySet: v.c.Authority.May(v.by, authority.Admin) == nil}
	for _, t := range timers {
		p.Timers = append(p.Timers, timerRow{v.c.forWhom(t), timerHref(t), inWords(authority.Rows(t.Timer().Terms))})
	}
	if set.Version > 0 {
		last := v.last("timers.set")
		_, err := before(last, set)
		if p.MayUndo = p.MaySet && err == nil; len(set.Files) > 0 {
			p.Set, p.Because = v.c.who(set.Applied)+", "+v.c.at(set.At), last.Who["reason"]
		}
	}
	p.Facts, p.Roles, p.Reading = v.c.laws(all), roleRows(all), v.c.readings()
	if v.audits() {
		p.Trail = narrowed("kind", "config.")
	}
	if err := v.counting(&p, all); err != nil {
		return err
	}
	return v.show(status, settingsPage(p))
}

// inWords tells what terms set, leaving out what they do not.
func inWords(rows []authority.TermRow) [][2]string {
	var out [][2]string
	for i, r := range rows {
		if r.Value != "" {
			out = append(out, [2]string{termWords[i].label, inUnits(r.Value)})
		}
	}
	return out
}

// inUnits writes a value of the terms for people: "10 min", "3".
func inUnits(value string) string {
	if d, err := time.ParseDuration(value); err == nil && value != "0" {
		return span(d)
	}
	return value
}

// last is the newest event of a kind; the zero one where there is none.
func (v *visit) last(kind string) (e authority.StoredEvent) {
	found, err := v.events(authority.EventQuery{Kinds: []string{kind}, Outcome: stead.OK, Newest: true, Limit: 1})
	if err != nil || len(found) == 0 {
		return e
	}
	return found[0]
}

// forWhom says in words whom a timer is for.
func (c *Console) forWhom(t authority.TimerText) string {
	where := "everywhere"
	if t.App != "" {
		a, _ := c.app(t.App)
		where = a.shown()
	}
	if t.Realm != "" {
		where += ", realm " + string(t.Realm)
	}
	return cmp.Or(t.Group, "Everybody") + " · " + where
}

// laws are the settings that stand in the configuration file alone.
func (c *Console) laws(s authority.Settings) [][2]string {
	zone := "UTC"
	if s.Zone != nil {
		zone = s.Zone.String()
	}
	return known([][2]string{
		{"Level the roles ask for", levelWord(max(s.Level, 1))},
		{"A session idles out after", span(s.Session.Idle)}, {"A session lasts at most", span(s.Session.Absolute)},
		{"Acting stays armed for", span(s.ArmFor)}, {"The heads-up comes", span(s.Warn) + " before an end"},
		{"Local hours of the policy", zone},
		{"When the record cannot be written", cmp.Or(map[string]string{"allow": "who acts for others is refused, ordinary requests go on"}[s.Ordinary], "every request is refused")},
	})
}

func roleRows(s authority.Settings) [][]string {
	what := map[authority.Role]string{authority.Admin: "people and settings; stages and applies policy", authority.Auditor: "reads everything, changes nothing",
		authority.Security: "revokes anything, applies policy, reads everything"}
	var rows [][]string
	for _, r := range authority.Onlookers() {
		rows = append(rows, []string{upper(string(r)), cmp.Or(strings.Join(s.Roles[r], ", "), "nobody"), what[r]})
	}
	return rows
}

// counting answers what would count for somebody somewhere.
func (v *visit) counting(p *settingsView, s authority.Settings) error {
	q := v.r.URL.Query()
	p.Ask[0] = web.FieldSpec{Name: "who", Label: "Who acts", Value: q.Get("who"), Required: true, Hint: "directory/name, or a name that only one has"}
	p.Ask[1] = v.c.whereField(s, q.Get("where"), false)
	if q.Get("who") == "" {
		return nil
	}
	id, err := v.c.named(v, strings.TrimSpace(q.Get("who")))
	var rows []authority.TermRow
	if err == nil {
		app, realm := parted(q.Get("where"))
		rows, err = v.c.Authority.TermsFor(v.r.Context(), v.by, id, app, realm)
	}
	switch {
	case stead.KindOf(err) == stead.Broken:
		return err
	case err != nil:
		p.NoCount = saying(err)
		return nil
	}
	p.Asked = v.c.account(id)
	for i, r := range rows {
		p.Counts = append(p.Counts, []string{termWords[i].label, cmp.Or(inUnits(r.Value), "no limit of its own"), cmp.Or(r.From, "general terms")})
	}
	return nil
}

// whereField is the choice of an application, or of one of its realms.
func (c *Console) whereField(s authority.Settings, chosen string, all bool) web.FieldSpec {
	f := web.FieldSpec{Name: "where", Label: "Where", Kind: "select", Required: !all}
	if all {
		f.Options = append(f.Options, web.Option{Text: "Every application", Chosen: chosen == ""})
	}
	for _, a := range s.Apps {
		shown, _ := c.app(a.ID)
		f.Options = append(f.Options, web.Option{Value: string(a.ID), Text: shown.shown(), Chosen: chosen == string(a.ID)})
		for _, r := range a.Realms {
			value := string(a.ID) + "/" + string(r.ID)
			f.Options = append(f.Options, web.Option{Value: value, Text: shown.shown() + ", realm " + string(r.ID), Chosen: chosen == value})
		}
	}
	if !slices.ContainsFunc(f.Options, func(o web.Option) bool { return o.Chosen }) && chosen != "" {
		f.Options = append(f.Options, web.Option{Value: chosen, Text: chosen + " (not there any more)", Chosen: true})
	}
	return f
}

// parted reads what whereField gives.
func parted(where string) (stead.AppID, stead.RealmID) {
	app, realm, _ := strings.Cut(where, "/")
	return stead.AppID(app), stead.RealmID(realm)
}
