package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// What a request may be tied to by its headers: that it is made once (Idempotency-Key), and that what it changes is what
// was seen (If-Match, RFC 9110 13.1.1). Both go with the caller into the verb, where they are compared with the rule and
// written with its effect.
const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotency-Replayed"
	longestKey     = 255
)

// once adds an operation that is done once under an Idempotency-Key. Asked again, recall gives what it made as it is now;
// number is the place of its first event.
func once[I, O any](d *door, o operation, serve func(context.Context, authority.By, *I) (*O, error),
	recall func(ctx context.Context, by authority.By, in *I, number uint64) (*O, error)) {
	o.once = true
	add(d, o, func(ctx context.Context, by authority.By, in *I) (*O, error) {
		number, err := d.a.Verbs.Done(by)
		if err != nil {
			return nil, err
		}
		if number == 0 {
			out, no := serve(ctx, by, in)
			if number, err = d.a.repeated(by, no); number == 0 || err != nil {
				return out, cmp.Or(no, err)
			}
		}
		ctx.Value(callKey{}).(*call).SetHeader(replayedHeader, "true")
		return recall(ctx, by.Untied(), in, number)
	})
}

// repeated tells where the log says that a request was done, by its twin that was under way at the same time: then
// what it needs on its way to the verb may be refused as well.
func (a *API) repeated(by authority.By, no error) (uint64, error) {
	if no == nil {
		return 0, nil
	}
	if number := authority.Repeated(no); number != 0 {
		return number, nil
	}
	return a.Verbs.Done(by)
}

// tied reads what c is tied to.
func (o operation) tied(c *call) (p authority.Proviso, err error) {
	if o.of != "" {
		p.Kind, p.ID = o.of, c.r.PathValue("id")
		if o.of == stead.KindBundle {
			p.ID = authority.PolicyBundle
		}
		if o.path == timersPath {
			p.ID = authority.TimersBundle
		}
		if p.Tags, err = matching(c.r.Header["If-Match"]); err != nil {
			return p, err
		}
	}
	given := c.r.Header[keyHeader]
	if !o.once || len(given) == 0 {
		return p, nil
	}
	if len(given) > 1 || len(given[0]) == 0 || len(given[0]) > longestKey {
		return p, stead.E(stead.Invalid, stead.ReasonRequest, "%s is one text of 1 to %d letters", keyHeader, longestKey)
	}
	p.Key = given[0]
	p.Request = c.r.Method + " " + c.r.URL.RequestURI() + " " + hex.EncodeToString(c.body.Sum(nil))
	return p, nil
}

// matching reads If-Match: versions with commas between them, "*", or "". A weak tag matches nothing (RFC 9110 13.1.1).
func matching(lines []string) (string, error) {
	if len(lines) == 0 {
		return "", nil
	}
	var tags []string
	for tag := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return tag, nil
		}
		inner, opened := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
		inner, closed := strings.CutSuffix(inner, `"`)
		if !opened || !closed || inner == "" {
			return "", stead.E(stead.Invalid, stead.ReasonRequest, `If-Match is an ETag as it was given, with its quotes, or *`)
		}
		if !strings.HasPrefix(tag, "W/") {
			tags = append(tags, inner)
		}
	}
	return strings.Join(append(tags, "none"), ","), nil
}

// held tells whether the client has what tag names (If-None-Match, RFC 9110 13.1.2).
func held(r *http.Request, tag string) bool {
	for given := range strings.SplitSeq(strings.Join(r.Header["If-None-Match"], ","), ",") {
		given = strings.TrimSpace(given)
		if given == "*" || tag != "" && strings.TrimPrefix(given, "W/") == tag {
			return tag != ""
		}
	}
	return false
}

// changed adds to a no what is there now.
func changed(err error) error {
	var c *authority.Changed
	if !errors.As(err, &c) {
		return err
	}
	return &web.Fault{Err: err, ETag: `"` + c.Tag + `"`, Hint: "read it again, and send If-Match with the ETag it has then"}
}

// headers describes what an operation may be tied to.
func (o operation) headers() []*huma.Param {
	var all []*huma.Param
	text := func(name, says string, longest int) {
		all = append(all, &huma.Param{Name: name, In: "header", Description: says, Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &longest}})
	}
	if o.once {
		text(keyHeader, "any text of your own: within 24 hours the same request with it is done once", longestKey)
	}
	if o.of != "" {
		text("If-Match", "do it only if what it changes still has this ETag; else 412", 1024)
	}
	if o.tagged {
		text("If-None-Match", "an ETag you have: 304 if it is that still", 1024)
	}
	return all
}

// events gives the events that a request left, n of them from a number on, once they can be read.
func (a *API) left(ctx context.Context, number uint64, n int) ([]authority.StoredEvent, error) {
	if err := a.Trail.Settled(ctx, number+uint64(n)-1); err != nil {
		return nil, err
	}
	return a.Trail.Events(ctx, authority.EventQuery{After: number - 1, Before: number + uint64(n), Limit: n})
}

// hashed notes what is read of a body.
func hashed(c *call, r *http.Request) {
	c.body = sha256.New()
	if r.Body != nil {
		r.Body = teeing{r.Body, c.body}
	}
}

// teeing is a body of which what is read is noted.
type teeing struct {
	io.ReadCloser
	to io.Writer
}

func (t teeing) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	_, _ = t.to.Write(p[:n]) // a hash takes all
	return n, err
}
