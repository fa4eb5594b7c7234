package oauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An ask is a request for a person's yes (RFC 6749 4.1.1).
type ask struct {
	raw      string // as the browser brings it
	form     form   // what it says, or what was pushed
	client   stead.Registration
	redirect string // registered; "": nothing is proven, and a page tells what is wrong
	wish     authority.ConsentAsk
}

// longestAsk is how long an address with a request in it may be, as it goes through the sign-in.
const longestAsk = 3 << 10

// longestState is how long what goes back unread is.
const longestState = 1 << 10

// asked reads a request for a yes. An error with a redirect in the ask goes there; any other is told on a page.
func (d *Door) asked(ctx context.Context, raw string) (ask, error) {
	a := ask{raw: raw}
	var err error
	if len(raw) > longestAsk {
		return a, says("invalid_request", "this request is too long for an address: push it first (RFC 9126)")
	}
	if a.form, err = fields(raw); err != nil {
		return a, err
	}
	if err := d.pushed(&a); err != nil {
		return a, err
	}
	return a, d.whole(ctx, &a)
}

// pushed puts what was pushed in the place of its name.
func (d *Door) pushed(a *ask) error {
	name := a.form["request_uri"]
	if name == "" {
		return nil
	}
	sealed, ours := strings.CutPrefix(name, pushedName)
	text, once, good := d.Asks.Pushed(sealed)
	if !ours || !good {
		return says("invalid_request_uri", "this request_uri is not one that was given here, or it is over: push the request again")
	}
	f, err := fields(text)
	switch {
	case err != nil:
		return err
	case f["client_id"] != a.form["client_id"] || len(a.form) > 2:
		return says("invalid_request", "beside request_uri there is client_id, that of who has pushed it, and nothing else")
	}
	a.form, a.wish.Once = f, []authority.Once{once}
	return nil
}

// whole reads what the request says: first who asks and where the answer goes, and then the rest.
func (d *Door) whole(ctx context.Context, a *ask) error {
	client, err := d.asker(ctx, a)
	switch {
	case err != nil:
		return err
	case len(a.form["state"]) > longestState:
		return says("invalid_request", "state is longer than an address on the way back should be: it has at most 1024 bytes")
	case a.form["redirect_uri"] == "":
		return says("invalid_request", "redirect_uri is missing")
	case !client.ReturnsTo(a.form["redirect_uri"]):
		return says("invalid_request", "redirect_uri is none that this client has registered")
	}
	a.client, a.redirect, a.wish.Agent = client, a.form["redirect_uri"], client.Principal
	a.wish.Tie = authority.Tie{Redirect: a.redirect, Challenge: a.form["code_challenge"], Key: a.form["dpop_jkt"]}
	if err := a.form.askable(); err != nil {
		return err
	}
	return d.narrowed(a)
}

// asker is the client that asks: one that is registered, or one that describes itself at the address that it gives as its name.
func (d *Door) asker(ctx context.Context, a *ask) (stead.Registration, error) {
	name := a.form["client_id"]
	if strings.Contains(name, "://") {
		if d.Documents == nil {
			return stead.Registration{}, says("invalid_request", "clients are registered here")
		}
		described, err := d.Documents.Read(ctx, name)
		if err != nil {
			return stead.Registration{}, &fault{"invalid_request", err, true}
		}
		a.wish.Described = &described
		return d.Asks.Describes(described), nil
	}
	client, found := d.Verbs.Client(name)
	if !found || client.Retired || len(client.Redirects) == 0 || client.Document != "" {
		return client, says("invalid_request", "no client of that name asks people here")
	}
	return client, nil
}

// askable refuses what is not done here, by its own name, instead of passing it over.
func (f form) askable() error {
	switch {
	case f["request"] != "":
		return says("request_not_supported", "request objects are not read here: push the request (RFC 9126)")
	case f["response_type"] == "":
		return says("invalid_request", "response_type is missing")
	case f["response_type"] != "code":
		return says("unsupported_response_type", "response_type is code")
	case f["response_mode"] != "" && f["response_mode"] != "query":
		return says("invalid_request", "response_mode is query")
	case f["code_challenge"] == "" || f["code_challenge_method"] != "S256" || !isHash(f["code_challenge"]):
		return says("invalid_request", "code_challenge and code_challenge_method S256 are needed (RFC 7636)")
	case f["dpop_jkt"] != "" && !isHash(f["dpop_jkt"]):
		return says("invalid_request", "dpop_jkt is a SHA-256 thumbprint (RFC 9449 10)")
	case f["prompt"] == "none":
		return says("interaction_required", "nobody is bound without having seen what to")
	case f["prompt"] != "" && f["prompt"] != "consent":
		return says("invalid_request", "prompt is consent")
	}
	return nil
}

func isHash(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == 32 && len(text) == base64.RawURLEncoding.EncodedLen(32) // the decoder passes line ends over
}

// A detail is what a client wants of a task (RFC 9396), of type "task".
type detail struct {
	Type       string              `json:"type"`
	Task       string              `json:"task"`
	Mode       stead.Mode          `json:"mode"`
	Length     stead.Duration      `json:"length"`
	Grants     []stead.Entitlement `json:"grants"`
	Conditions map[string][]string `json:"conditions"`
	Budget     map[string]int64    `json:"budget"`
}

// narrowed finds the one task that is asked for, and what of it.
func (d *Door) narrowed(a *ask) error {
	var want detail
	if text := a.form["authorization_details"]; text != "" {
		var err error
		if want, err = readDetail(text); err != nil {
			return err
		}
	}
	scope := strings.Fields(a.form["scope"])
	if len(scope) > 1 || len(scope) == 1 && want.Task != "" && scope[0] != want.Task {
		return says("invalid_scope", "scope names one task")
	}
	if len(scope) == 1 {
		want.Task = scope[0]
	}
	task, err := d.task(a, want.Task)
	if err != nil {
		return err
	}
	a.wish.Task, a.wish.Mode, a.wish.Most, a.wish.Grants = task.ID, want.Mode, time.Duration(want.Length), want.Grants
	a.wish.Conditions, a.wish.Budget = want.Conditions, want.Budget
	return nil
}

// task is the one that is named, or else the only one for the resource (RFC 8707).
func (d *Door) task(a *ask, name string) (*stead.Task, error) {
	resource := strings.TrimSuffix(a.form["resource"], "/")
	var found []*stead.Task
	here := false
	for i := range a.client.Tasks {
		t := &a.client.Tasks[i]
		at := strings.TrimSuffix(d.Verbs.ResourceName(d.Issuer, t.Grants[0].System), "/")
		if resource != "" && at != resource {
			continue
		}
		if here = true; name == "" || t.ID == name {
			found = append(found, t)
		}
	}
	switch {
	case resource != "" && !here:
		return nil, says("invalid_target", "this client has no task for that resource")
	case name != "" && len(found) == 0:
		return nil, says("invalid_scope", "this client has no such task there")
	case len(found) != 1:
		return nil, says("invalid_scope", "name one of the tasks of this client in scope")
	}
	return found[0], nil
}

func readDetail(text string) (detail, error) {
	var all []detail
	if err := web.CheckJSON([]byte(text)); err != nil {
		return detail{}, says("invalid_authorization_details", "authorization_details can be read in two ways, or in none")
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&all); err != nil || len(all) != 1 || all[0].Type != "task" || all[0].Length < 0 {
		return detail{}, says("invalid_authorization_details", "authorization_details holds one member of type task: task, mode, length, grants, conditions, budget")
	}
	return all[0], nil
}

// to is the address that the answer goes to, with what it says (RFC 9207: always with iss).
func (d *Door) to(a ask, said url.Values) string {
	said.Set("iss", d.Issuer)
	if a.form["state"] != "" {
		said.Set("state", a.form["state"])
	}
	sep := "?"
	if strings.Contains(a.redirect, "?") {
		sep = "&"
	}
	return a.redirect + sep + said.Encode()
}
