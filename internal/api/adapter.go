package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A door is the adapter between huma, which reads and describes, and web, which admits and answers errors.
type door struct {
	a      *API
	huma   huma.API
	routes *web.Routes
	limit  *web.Limiter
	err    error // the first operation that may not be served
}

// tagKey and rolesKey are where an operation keeps who may call it; both are published under these names.
const (
	tagKey   = "x-stead-policy"
	rolesKey = "x-stead-roles"
)

// A call is one request on its way through huma. What goes wrong is kept in err, and nothing is written.
type call struct {
	exchange
	r    *http.Request
	by   authority.By
	err  error
	body hash.Hash // of what was sent, as far as it was read
	tag  string    // ETag of the answer
	same bool      // the client has it: nothing is written but that
}

// An exchange is huma's context under another name: as an embedded field, Context would hide its method.
type exchange = huma.Context

type callKey struct{}

// Handle notes an operation as a route of web.
func (d *door) Handle(op *huma.Operation, h func(huma.Context)) {
	tag, _ := op.Metadata[tagKey].(web.Tag)
	roles, _ := op.Metadata[rolesKey].([]authority.Role)
	if tag == "" && d.err == nil {
		d.err = fmt.Errorf("%s %s has no policy tag", op.Method, op.Path)
	}
	d.routes.Add(op.Method+" "+op.Path, tag, func(w http.ResponseWriter, r *http.Request) error {
		c := &call{}
		var err error
		if c.by, err = d.a.admit(r, tag, roles); err != nil {
			return err
		}
		if err = d.within(w, c.by); err != nil {
			return err
		}
		hashed(c, r)
		c.r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		c.exchange = humago.NewContext(op, c.r, w)
		h(c)
		return c.err
	})
}

// ServeHTTP is asked for by huma, and only its test tools call it.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// Unwrap leads humago to the request and its writer.
func (c *call) Unwrap() huma.Context { return c.exchange }

// SetStatus begins the answer, unless there is an error, which web will answer.
func (c *call) SetStatus(code int) {
	if c.err != nil {
		return
	}
	if code == http.StatusOK && c.r.Method == http.MethodGet && held(c.r, c.tag) {
		c.same, code = true, http.StatusNotModified
	}
	c.exchange.SetStatus(code)
}

// SetHeader sets a header of an answer that is not an error.
func (c *call) SetHeader(name, value string) {
	if name == "ETag" {
		c.tag = value
	}
	if c.err == nil {
		c.exchange.SetHeader(name, value)
	}
}

// BodyWriter writes the answer, or nowhere.
func (c *call) BodyWriter() io.Writer {
	if c.err != nil || c.same {
		return io.Discard
	}
	return c.exchange.BodyWriter()
}

// readJSON refuses what could be read in two ways before anything is taken from it.
func readJSON(raw []byte, v any) error {
	if err := web.CheckJSON(raw); err != nil {
		return err
	}
	return json.NewDecoder(bytes.NewReader(raw)).Decode(v)
}

// invalid turns what huma found wrong with a request into our error.
func invalid(ctx huma.Context, status string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	c, mine := ctx.(*call)
	if !ok || !mine {
		return v, nil
	}
	texts := []string{}
	for _, e := range m.Errors {
		texts = append(texts, told(e))
	}
	if len(texts) == 0 {
		texts = append(texts, m.Detail)
	}
	err := error(stead.E(stead.Invalid, stead.ReasonRequest, "the request does not fit: %s", strings.Join(texts, "; ")))
	switch status {
	case "413", "415", "406", "408":
		err = web.Status(m.Status, err)
	}
	c.err = err
	return v, nil
}

// told says what is wrong where, with the name as the caller wrote it.
func told(e *huma.ErrorDetail) string {
	for _, place := range []string{"query.", "body.", "path.", "header."} {
		if name, ok := strings.CutPrefix(e.Location, place); ok && name != "" {
			return name + ": " + e.Message
		}
	}
	return strings.TrimSpace(e.Message + " " + strings.TrimSuffix(e.Location, "body"))
}

func problemResponse(api huma.API) *huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(typeOf[web.Problem](), true, "")
	return &huma.Response{
		Description: "No, with the reason.",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}
}
