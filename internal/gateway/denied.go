package gateway

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// Rules that no application writes.
const (
	rulePlain  = "plain-http"
	ruleWorker = "service-worker"
	rulePath   = "ambiguous-path"
	ruleOver   = "mandate-host"
	ruleStale  = "stale-page"
	ruleCross  = "cross-origin"
	ruleIcon   = "icon" // answered without a picture, where no rule takes it
)

// denied writes a no with its rule, its decision, and what can be done.
func (g *Gateway) denied(w http.ResponseWriter, r *http.Request, v *visit, d stead.Decision, err error) {
	g.mark(w.Header(), v)
	if err != nil {
		g.Door.Refuse(w, r, web.Explain(recordFailed(err), d.ID, ""))
		return
	}
	text, hint := g.explains(r, v, d)
	kind := stead.Refused
	if v.stale {
		kind = stead.Conflict
	}
	reason := cmp.Or(d.Reason, stead.ReasonPolicy)
	g.Door.Refuse(w, r, &web.Fault{Err: stead.E(kind, reason, "%s", text), Decision: d.ID, Hint: hint, More: g.more(r, v, d)})
}

// explains says why not, and what can be done.
func (g *Gateway) explains(r *http.Request, v *visit, d stead.Decision) (text, hint string) {
	const unsent = "Nothing was sent to the application. "
	request := strings.TrimSpace(r.Method + " " + r.URL.Path + " " + v.app.rule(v.class.Rule).Says)
	switch v.class.Rule {
	case ruleOver:
		return "acting at this address has ended",
			"It belonged to one mandate and serves nothing any more. " + unsent + "You are yourself at " + v.place.home(r, "/")
	case ruleStale:
		return "this page is older than the last start or end of acting: what it sends would go out as somebody else",
			"Nothing was sent to the application and nothing you typed is lost: go back, copy it, and load the page again."
	case rulePlain:
		hint = "Open the application over https: on plain http a script cannot be told from a person, so nobody acts there."
	default:
		hint = v.barredHint()
	}
	text = d.Text
	switch d.Reason {
	case stead.ReasonActing:
		hint = "You act for " + v.status.Subject.DisplayName() + " in this application, at another address. Nothing was sent. Go on there, or end that first."
	case stead.ReasonReadOnly:
		text, hint = v.looksOnly(r, request)
		hint = unsent + hint
	case stead.ReasonClosed:
		text += " (" + request + ", rule " + v.class.Rule + ")"
		hint = cmp.Or(hint, unsent+"No mandate opens this: only the person it belongs to can do it.")
	case stead.ReasonUnseen, stead.ReasonExpired, stead.ReasonIdle, stead.ReasonEnded, stead.ReasonRevoked, stead.ReasonCompleted:
		hint = "Open " + origin(r) + "/.stead/end and confirm that you have seen it; then you are yourself here again."
	case stead.ReasonLevel:
		hint = "Prove your second factor at " + g.Console.String() + "/step-up and come back."
	}
	return text, hint
}

// looksOnly says why a mandate to look at things does not cover a request, and what can be done.
func (v *visit) looksOnly(r *http.Request, request string) (text, hint string) {
	text = "this mandate is read-only: nothing was changed"
	switch {
	case v.class.Rule == DefaultRule && safe(r):
		text = "this mandate is read-only, and no rule of this application says that this only looks"
		hint = "If it does, whoever looks after Stead can add a rule for it (stead app learn finds them)."
	case !v.app.Aware:
		hint = "Go back to keep what you typed. Only " + v.who.subject.DisplayName() + " changes something here: the application would record it under the wrong name."
	default:
		hint = "Go back to keep what you typed; to change something, end this and ask for a mandate to edit."
	}
	return text + " (" + request + ", rule " + v.class.Rule + ")", hint
}

// more is what people find on the page of a no: the bar while they act, and the ways on.
func (g *Gateway) more(r *http.Request, v *visit, d stead.Decision) templ.Component {
	var ways []web.Link
	switch d.Reason {
	case stead.ReasonUnseen, stead.ReasonExpired, stead.ReasonIdle, stead.ReasonEnded, stead.ReasonRevoked, stead.ReasonCompleted:
		ways = append(ways, web.Link{Text: "See what has ended", Href: "/.stead/end"})
	case stead.ReasonLevel:
		ways = append(ways, web.Link{Text: "Prove your second factor", Href: g.Console.String() + "/step-up"})
	case stead.ReasonActing:
		ways = append(ways, web.Link{Text: "Go on there", Href: "/"}, web.Link{Text: "End acting", Href: "/.stead/end"})
	}
	if v.class.Rule == ruleOver {
		ways = append(ways, web.Link{Text: "See what has ended", Href: "/.stead/end"}, web.Link{Text: "Open the application", Href: v.place.home(r, "/")})
	}
	if d.ID != "" {
		ways = append(ways, web.Link{Text: "Why", Href: g.Console.JoinPath("why", string(d.ID)).String()})
	}
	inner := v.inner(r)
	if !v.acting() || !v.status.Acting || inner {
		return refusedView(nil, inner, ways)
	}
	b := g.bar(r, v)
	return refusedView(&b, false, ways)
}

// mark tells the client that somebody acts.
func (g *Gateway) mark(h http.Header, v *visit) {
	if v.acting() {
		h.Set("Stead-Acting", string(v.who.mandate.ID))
		h.Set("Cache-Control", "no-store")
	}
}

// recordFailed says so, where nothing better is known.
func recordFailed(err error) error {
	if stead.KindOf(err) != stead.Broken {
		return err
	}
	return &stead.Error{Kind: stead.Broken, Reason: stead.ReasonRecord, Text: "the decision could not be recorded", Err: err}
}
