package api

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An operation is one row of the API.
type operation struct {
	method, path, id string
	tag              web.Tag
	roles            []authority.Role // one of them is enough; none: as the tag says
	says             string
	status           int
	group            string
	max              int64            // bytes of body; 0: huma's 1 MiB
	of               stead.RecordKind // what it changes: If-Match is asked about that
	once             bool             // an Idempotency-Key makes it happen once
	tagged           bool             // its answer has an ETag
	waits            bool             // it is 202 with the mandate while somebody must agree
	making           bool             // it is 202 with how far it is, where the caller prefers that to waiting
	answer           *huma.Response
}

func (o operation) needs() []authority.Role {
	switch {
	case len(o.roles) > 0:
		return o.roles
	case o.tag == web.Admin:
		return []authority.Role{authority.Admin}
	case o.tag == web.Auditor:
		return []authority.Role{authority.Auditor}
	}
	return nil
}

// callers says in words who may call it.
func (o operation) callers() string {
	switch {
	case o.tag == web.Public:
		return "Anybody may."
	case o.tag == web.Dev:
		return "It is there in stead dev only."
	case len(o.needs()) == 0:
		return "Whoever is signed in may, on what is his to move or to know."
	}
	roles := []string{}
	for _, r := range o.needs() {
		roles = append(roles, string(r))
	}
	return "For the roles " + strings.Join(roles, ", ") + "."
}

// rulers change policy and clock.
func rulers() []authority.Role { return []authority.Role{authority.Admin, authority.Security} }

// add registers an operation. Its error goes to web, whatever huma would have made of it.
func add[I, O any](d *door, o operation, serve func(context.Context, authority.By, *I) (*O, error)) {
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Tags: []string{o.group},
		Summary: o.says, Description: o.says + ". " + o.callers(),
		DefaultStatus: o.status, MaxBodyBytes: o.max, RejectUnknownQueryParameters: true,
		Metadata:   map[string]any{tagKey: o.tag, rolesKey: o.needs()},
		Extensions: map[string]any{tagKey: string(o.tag)},
		Parameters: o.headers(),
		Responses:  map[string]*huma.Response{"default": problemResponse(d.huma)},
	}
	if len(o.needs()) > 0 {
		op.Extensions[rolesKey] = o.needs()
	}
	if o.answer != nil {
		op.Responses["200"] = o.answer
	}
	if o.waits {
		schema := d.huma.OpenAPI().Components.Schemas.Schema(typeOf[Mandate](), true, "")
		op.Responses["202"] = &huma.Response{Description: "Asked: somebody must agree", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	}
	if o.making {
		schema := d.huma.OpenAPI().Components.Schemas.Schema(typeOf[ReportProgress](), true, "")
		op.Responses["202"] = &huma.Response{Description: "It is being made: ask the same again", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	}
	if o.tag == web.Public {
		op.Security = []map[string][]string{}
	}
	huma.Register(d.huma, op, func(ctx context.Context, in *I) (*O, error) {
		c := ctx.Value(callKey{}).(*call)
		by := c.by
		var err error
		var out *O
		if by.Proviso, err = o.tied(c); err == nil {
			if id := d.a.Register.Named(stead.Agents, by.Proviso.ID); by.Proviso.Kind == stead.KindAgent && id != "" {
				by.Proviso.ID = string(id) // an agent may be called by its name
			}
			out, err = serve(ctx, by, in)
		}
		err = explain(paused(changed(err)))
		if err != nil {
			c.err = err
			return nil, nil //nolint:nilnil // the error is in the call, and web answers it
		}
		return out, nil
	})
}
