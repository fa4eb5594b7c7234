package gateway

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// Visits tell whether somebody was ever served in an application as himself: several make an account or a home at first
// sight, and then acting would (GATEWAY 15).
type Visits interface {
	Visited(ctx context.Context, subject stead.PrincipalID, app stead.AppID) (bool, error)
}

// A firstVisit is what is known of whether the subject was in the application before.
type firstVisit string

const (
	unasked firstVisit = ""
	before  firstVisit = "before"
	never   firstVisit = "never"
)

// Rules that no application writes, for what is closed to whoever acts.
const (
	ruleFirst  = "first-visit"
	ruleToken  = "token-parameter"
	ruleWhoami = "whoami"
)

// firstVisit asks once a mandate whether the subject was ever here. What cannot be found out counts as never.
func (g *Gateway) firstVisit(ctx context.Context, v *visit) {
	if !v.acting() || !v.status.Acting || v.app.FirstVisit == "allow" || g.Visits == nil {
		return
	}
	j := g.jarOf(v)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.first != before && g.visitors.of(v) != nil {
		j.first = before
	}
	if j.first == unasked {
		j.first = never
		switch been, err := g.Visits.Visited(ctx, v.who.subject.ID, v.app.ID); {
		case err != nil:
			j.first = unasked
			g.Door.Log.WarnContext(ctx, "whether the subject was here before is not known", "app", v.app.ID, "error", err)
			v.first = never
			return
		case been:
			j.first = before
		}
	}
	v.first = j.first
}

// barred is the rule by which r is closed to whoever acts, "" when none is.
func (v *visit) barred(u *url.URL) string {
	switch {
	case v.first == never && v.app.FirstVisit == "refuse":
		return ruleFirst
	case v.tokens(u):
		return ruleToken
	}
	return ""
}

// tokenNames are parameters, folded, by which addresses carry whose session they are (R22).
var tokenNames = []string{"access_token", "api_key", "apikey", "api_token", "apitoken", "auth", "auth_token", "authtoken", "bearer",
	"id_token", "jsessionid", "jwt", "oauth_token", "phpsessid", "private_token", "refresh_token", "session_id", "sessionid", "sid", "token"}

// tokens tells whether the address could sign in by itself, as somebody else than the subject. A rule that names the
// parameter knows better.
func (v *visit) tokens(u *url.URL) bool {
	if strings.Contains(strings.ToLower(u.EscapedPath()), ";jsessionid") {
		return true
	}
	var p params
	p.add(u.RawQuery, "&", nil)
	p.add(u.RawQuery, "&;", nil)
	rule := v.app.rule(v.class.Rule)
	return slices.ContainsFunc(slices.Concat(p.readings...), func(q param) bool {
		return slices.Contains(tokenNames, foldName(q.name)) && !rule.namesParam(q.name)
	})
}

// namesParam tells whether a rule speaks of the parameter by name.
func (r *Rule) namesParam(name string) bool {
	named := func(p pattern) bool { return p.is(name, false) || p.is(foldName(name), true) }
	return slices.ContainsFunc(r.only, named) || slices.ContainsFunc(r.params, func(w paramIs) bool { return named(w.name) })
}

// barredHint says what can be done about it.
func (v *visit) barredHint() string {
	switch v.class.Rule {
	case ruleFirst:
		return "Nothing was sent to the application. " + v.who.subject.DisplayName() + " was never there: an account might be made in that name. Ask to have it opened once by its owner."
	case ruleToken:
		return "Nothing was sent to the application. The address holds a parameter that signs somebody in; while you act, none does."
	}
	return ""
}
