package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A timerView is the form for one timer.
type timerView struct {
	frame
	Problem string
	Version string
	Was     string // whom the timer is for that is changed; "new" for one that is added
	Where   web.FieldSpec
	Group   web.FieldSpec
	Terms   []web.FieldSpec
	Reason  string
	There   bool // there is such a timer: it can be removed
}

// A spot is whom a timer is for.
type spot struct{ where, group string }

func spotOf(t authority.TimerText) spot {
	where := string(t.App)
	if t.Realm != "" {
		where += "/" + string(t.Realm)
	}
	return spot{where, t.Group}
}

func (s spot) query() url.Values { return url.Values{"where": {s.where}, "group": {s.group}} }

func timerHref(t authority.TimerText) string { return "/settings/timer?" + spotOf(t).query().Encode() }

func (c *Console) timer(v *visit) error {
	timers, set, err := c.Authority.Timers(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	q, f := v.r.URL.Query(), url.Values{"version": {strconv.FormatUint(set.Version, 10)}, "was": {"new"}}
	at := spot{q.Get("where"), q.Get("group")}
	f.Set("where", at.where)
	f.Set("group", at.group)
	if i := slices.IndexFunc(timers, func(t authority.TimerText) bool { return q.Has("where") && spotOf(t) == at }); i >= 0 {
		f.Set("was", at.query().Encode())
		for _, row := range authority.Rows(timers[i].Timer().Terms) {
			f.Set(row.Member, shortened(row.Value))
		}
	}
	return v.showTimer(http.StatusOK, f, "")
}

// shortened writes "10m0s" as people do: "10m".
func shortened(value string) string {
	if strings.HasSuffix(value, "m0s") {
		value = strings.TrimSuffix(value, "0s")
	}
	if strings.HasSuffix(value, "h0m") {
		value = strings.TrimSuffix(value, "0m")
	}
	return value
}

func (v *visit) showTimer(status int, f url.Values, problem string) error {
	all, err := v.c.Authority.Configured(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	p := timerView{frame: v.frame("Add a timer", "It counts for every yes and every further term from the moment it is saved, on every node. What runs keeps the end it was given."),
		Problem: problem, Version: f.Get("version"), Was: f.Get("was"), There: f.Get("was") != "new", Reason: f.Get("reason")}
	if p.There {
		p.Title = "Change a timer"
	}
	p.Where = v.c.whereField(all, f.Get("where"), true)
	p.Group = web.FieldSpec{Name: "group", Label: "Who acts", Value: f.Get("group"), Hint: "A group such as staff/testers. Empty is everybody."}
	general := authority.Rows(all.Terms)
	for i, w := range termWords {
		hint := w.hint + "; now " + generally(general[i].Value)
		p.Terms = append(p.Terms, web.FieldSpec{Name: w.member, Label: w.label, Value: f.Get(w.member), Hint: hint})
	}
	return v.show(status, timerPage(p))
}

// generally is what counts where no timer says otherwise.
func generally(value string) string {
	if value == "" {
		return "not set"
	}
	return inUnits(value) + " in general"
}

// setTimer adds a timer, changes one or takes one away.
func (c *Console) setTimer(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	timers, set, err := c.Authority.Timers(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	timers, no := changed(timers, f)
	if no == nil {
		_, no = c.Authority.SetTimers(v.r.Context(), v.by, authority.TimersSet{Timers: timers, Reason: f.Get("reason"), Version: asNumber(f.Get("version"))})
	}
	if v.retell(no) {
		if stead.KindOf(no) == stead.Conflict { // what is typed is kept, and is for what is in force by now
			f.Set("version", strconv.FormatUint(set.Version, 10))
		}
		return v.showTimer(web.StatusOf(no), f, saying(no))
	}
	if no != nil {
		return no
	}
	return v.to("/settings")
}

// changed are the timers after the form: the one it was about is gone or another, or there is one more.
func changed(timers []authority.TimerText, f url.Values) ([]authority.TimerText, error) {
	i := slices.IndexFunc(timers, func(t authority.TimerText) bool { return spotOf(t).query().Encode() == f.Get("was") })
	if f.Get("was") != "new" && i < 0 {
		return nil, stead.E(stead.Conflict, stead.ReasonState, "this timer was taken away meanwhile: save to add it again")
	}
	all := slices.Clone(timers)
	if f.Get("do") == "remove" {
		return slices.Delete(all, i, i+1), nil
	}
	t, err := timerOf(f)
	switch {
	case err != nil:
		return nil, err
	case i < 0:
		return append(all, t), nil
	}
	all[i] = t
	return all, nil
}

// timerOf reads a timer from the form.
func timerOf(f url.Values) (authority.TimerText, error) {
	t := authority.TimerText{Group: strings.TrimSpace(f.Get("group"))}
	t.App, t.Realm = parted(f.Get("where"))
	for name, to := range map[string]*stead.Duration{"default_duration": &t.DefaultDuration, "max_duration": &t.MaxDuration, "total": &t.Total,
		"idle": &t.Idle, "start_window": &t.StartWindow, "ask_window": &t.AskWindow, "fresh": &t.Fresh} {
		s := strings.ReplaceAll(f.Get(name), " ", "")
		d, err := time.ParseDuration(s)
		if s != "" && err != nil {
			return t, stead.E(stead.Invalid, stead.ReasonRequest, "%s: %q is no length of time: write 10m or 1h30m", wordOf(name), f.Get(name))
		}
		*to = stead.Duration(d)
	}
	for name, to := range map[string]*int{"extensions": &t.Extensions, "per_actor": &t.PerActor} {
		s := strings.TrimSpace(f.Get(name))
		n, err := strconv.Atoi(s)
		if s != "" && err != nil {
			return t, stead.E(stead.Invalid, stead.ReasonRequest, "%s: %q is no number", wordOf(name), f.Get(name))
		}
		*to = n
	}
	return t, nil
}

func wordOf(member string) string {
	for _, w := range termWords {
		if w.member == member {
			return strings.ToLower(w.label[:1]) + w.label[1:]
		}
	}
	return member
}

// resetTimers takes the timers back to the configuration file.
func (c *Console) resetTimers(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	return v.timersSet(authority.TimersSet{File: true, Reason: f.Get("reason"), Version: asNumber(f.Get("version"))})
}

// undoTimers puts in force again what was before the last change.
func (c *Console) undoTimers(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	_, set, err := c.Authority.Timers(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	last := v.last("timers.set")
	w, no := before(last, set)
	if v.retell(no) {
		return v.showSettings(web.StatusOf(no), saying(no))
	}
	if no != nil {
		return no
	}
	w.Version, w.Reason = asNumber(f.Get("version")), "undone: "+last.Who["reason"]
	return v.timersSet(w)
}

// before is what was in force before the timers that are, as the event says that put these in force. Errors: conflict.
func before(e authority.StoredEvent, set stead.Bundle) (w authority.TimersSet, err error) {
	if e.Who["before"] == "" || !e.At.Equal(set.At.Truncate(time.Microsecond)) {
		return w, stead.E(stead.Conflict, stead.ReasonState, "what was in force before is not known any more: set it by hand")
	}
	if err := json.Unmarshal([]byte(e.Who["before"]), &w.Timers); err != nil {
		w.File = true // those of the configuration
	}
	return w, nil
}

func (v *visit) timersSet(w authority.TimersSet) error {
	_, no := v.c.Authority.SetTimers(v.r.Context(), v.by, w)
	switch {
	case v.retell(no):
		return v.showSettings(web.StatusOf(no), saying(no))
	case no != nil:
		return no
	}
	return v.to("/settings")
}
