package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/steadhq/stead"
)

// draws tells whether the answer to r, if it is a page, carries something of ours: the indicator, the notice that the
// actor acts elsewhere, or the guard of a shared host (R17).
func (v *visit) draws(r *http.Request) bool {
	return v.guarded || document(r) && v.says()
}

// guards is the guard, where the page needs one.
func (t *trip) guards() []script {
	if !t.v.guarded {
		return nil
	}
	return []script{t.g.guard}
}

// guard writes it, with the epoch of the page.
func (t *trip) guard(w io.Writer) error {
	if !t.v.guarded {
		return nil
	}
	return guardView(t.g.guard, t.g.epochOf(t.in)).Render(context.Background(), w)
}

// drawGuard draws it into the page that h is the head of. Such a page is not kept: it would be of another time when it is
// shown again.
func (t *trip) drawGuard(h http.Header) (head, body []byte, err error) {
	for _, name := range []string{"Expires", "Pragma", "Etag", "Last-Modified", "Age"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	var b bytes.Buffer
	if can := (opening{origin: origin(t.in), puts: t.guards()}).admit(h); can.script {
		err = t.guard(&b)
	}
	return b.Bytes(), nil, stead.Because(err, "draw the guard")
}
