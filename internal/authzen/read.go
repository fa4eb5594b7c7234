package authzen

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// most is how many bytes a body has at most: ten thousand evaluations fit.
const most = 4 << 20

// fields are the members of a JSON object by their exact names, numbers as they are written. What nobody asks for is ignored.
type fields map[string]any

// read reads the body of a request.
func read(w http.ResponseWriter, r *http.Request) (fields, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, bad("send application/json")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return nil, unread(err)
	}
	return parse(raw)
}

func unread(err error) error {
	if web.StatusOf(err) == http.StatusRequestEntityTooLarge {
		return err
	}
	return bad("the body could not be read")
}

// parse refuses what could be read in two ways.
func parse(raw []byte) (fields, error) {
	whole, err := web.ParseJSON(raw)
	if err != nil {
		return nil, err
	}
	return object("the body", whole)
}

func object(what string, v any) (fields, error) {
	f, ok := v.(map[string]any)
	if !ok {
		return nil, bad("%s must be a JSON object", what)
	}
	return f, nil
}

// object is a member that is an object; one that is not there is nil.
func (f fields) object(name string) (fields, error) {
	v, there := f[name]
	if !there {
		return nil, nil
	}
	return object(name, v)
}

// text is a member that is a text; one that is not there is "".
func (f fields) text(name string) (string, error) {
	v, there := f[name]
	if !there {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", bad("%s must be a text", name)
	}
	return s, nil
}

// An entity is a subject, a resource, or an action, whose ID is its name.
type entity struct {
	Type, ID   string
	Properties map[string]any
}

// An evaluation is one question as it came.
type evaluation struct {
	Subject, Action, Resource entity
	Context                   claims
}

// Members that an entity must have.
type needs int

const (
	both needs = iota
	typeAlone
	nameAlone
)

func (f fields) entity(what string, n needs) (e entity, err error) {
	v, there := f[what]
	if !there {
		return e, bad("%s is missing", what)
	}
	o, err := object(what, v)
	if err != nil {
		return e, err
	}
	kind, id := "type", "id"
	if n == nameAlone {
		id = "name"
	}
	if e.Type, err = o.text(kind); err == nil {
		e.ID, err = o.text(id)
	}
	if err == nil {
		e.Properties, err = o.object("properties")
	}
	switch {
	case err != nil:
		return e, bad("%s: %s", what, textOf(err))
	case n != nameAlone && e.Type == "":
		return e, bad("%s.type is missing", what)
	case n != typeAlone && e.ID == "":
		return e, bad("%s.%s is missing", what, id)
	}
	return e, nil
}

func (f fields) evaluation() (e evaluation, err error) {
	if e.Subject, err = f.entity("subject", both); err != nil {
		return e, err
	}
	if e.Action, err = f.entity("action", nameAlone); err != nil {
		return e, err
	}
	if e.Resource, err = f.entity("resource", both); err != nil {
		return e, err
	}
	e.Context, err = f.claims()
	return e, err
}

// Claims are what a context may say. Everything else in it is not listened to: who asks may not say what time it is.
type claims struct {
	Mandate string
	Actor   string // who acts, where that is not the subject itself
	Profile string // of the actor: user, ai_agent, service
	Key     string // thumbprint of the key that the actor proved

	Approval    string           // the request whose approval is used
	Transaction string           // that this is part of
	Cost        map[string]int64 // what it takes of budgets besides a call
}

func (f fields) claims() (claims, error) {
	o, err := f.object("context")
	if err != nil || o == nil {
		return claims{}, err
	}
	return o.said()
}

// said are the claims of a context.
func (o fields) said() (c claims, err error) {
	act, err := o.object("act")
	if err != nil {
		return c, err
	}
	proof, err := o.object("confirmation")
	if err != nil {
		return c, err
	}
	approval, err := o.object("approval")
	if err != nil {
		return c, err
	}
	for _, m := range []struct {
		in   fields
		name string
		to   *string
	}{{o, "mandate", &c.Mandate}, {act, "sub", &c.Actor}, {act, "sub_profile", &c.Profile}, {proof, "jkt", &c.Key}, {approval, "id", &c.Approval}, {o, stead.Transaction, &c.Transaction}} {
		if *m.to, err = m.in.text(m.name); err != nil {
			return c, err
		}
	}
	if c.Approval != "" && c.Mandate != "" && c.Approval != c.Mandate {
		return c, bad("context names a mandate and the approval of another")
	}
	if c.Approval != "" {
		c.Mandate = c.Approval
	}
	if _, there := o[stead.Transaction]; there && stead.WrongTransaction(c.Transaction) != "" {
		return c, bad("context.transaction: %s", stead.WrongTransaction(c.Transaction))
	}
	if c.Cost, err = o.cost(); err != nil {
		return c, err
	}
	if act != nil && c.Actor == "" {
		return c, bad("context.act names nobody: sub is missing")
	}
	return c, nil
}

// cost reads what this takes of budgets: whole numbers.
func (f fields) cost() (map[string]int64, error) {
	o, err := f.object("cost")
	if err != nil || o == nil {
		return nil, err
	}
	all := map[string]int64{}
	for what, v := range o {
		n, is := v.(json.Number)
		if all[what], err = strconv.ParseInt(string(n), 10, 64); !is || err != nil || all[what] < 0 {
			return nil, bad("context.cost.%.40s is a whole number, not below 0", what)
		}
	}
	return all, nil
}
