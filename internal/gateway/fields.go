package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/steadhq/stead/internal/web"
	"golang.org/x/net/html"
)

// fields gives every form of a page that posts to its own host the epoch, in a hidden field, so that forms of pages in
// which no script runs say of which time they are, too (R17). The page passes as it comes; what is kept of it is the tag it
// is at.
//
// A form that leads elsewhere is given none. One that leads here and has a button that leads elsewhere (formaction), or
// whose page says only after it that all its addresses are another host's (base), takes its epoch along there: it is a
// digest that is good for nothing but to say that nothing has changed since; and while somebody acts, policies keep forms
// on the hosts of the mandate.
type fields struct {
	src    io.ReadCloser
	scheme string
	host   string
	epoch  string
	scan   tagScan
	buf    []byte
	made   []byte
	out    []byte // of made, what is not given yet
	err    error

	based     bool            // a base was said
	away      bool            // and it leads elsewhere
	open      bool            // in a form: no other begins in it
	given     bool            // it has its field
	here      bool            // it leads here
	templates int             // whose content is its own
	choosing  bool            // in a select, which knows no fields
	inside    string          // "svg" or "math", of which depth are open
	depth     int             //
	point     string          // what is open there that holds HTML
	forms     map[string]bool // by id: they lead here, and have no field
	asked     map[string]bool // by id: forms to come that a button posts
}

const (
	pieceOfPage = 8 << 10
	maxFormIDs  = 64
)

func newFields(src io.ReadCloser, r *http.Request, epoch string) *fields {
	scheme := web.ClientOf(r).Scheme()
	return &fields{src: src, scheme: scheme, host: web.FoldHost(scheme, r.Host), epoch: epoch,
		buf: make([]byte, pieceOfPage), forms: map[string]bool{}, asked: map[string]bool{}}
}

func (f *fields) Close() error { return f.src.Close() }

func (f *fields) Read(p []byte) (int, error) {
	for len(f.out) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		n := 0
		n, f.err = f.src.Read(f.buf)
		f.look(f.buf[:n])
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}

func (f *fields) look(b []byte) {
	f.made = f.made[:0]
	for len(b) > 0 {
		n, tag := f.scan.next(b)
		f.made = append(f.made, b[:n]...)
		if b = b[n:]; tag {
			f.tag(string(f.scan.name))
		}
	}
	f.out = f.made
}

// tag looks at the tag that ended just now.
func (f *fields) tag(name string) {
	switch {
	case f.depth > 0 && f.mixes(name):
		f.scan.giveUp()
	case name == "svg" || name == "math":
		f.draws(name)
	case name == "template" && f.depth == 0:
		if f.templates++; f.scan.closing {
			f.templates = max(0, f.templates-2)
		}
	case f.scan.closing:
		f.choosing = f.choosing && name != "select"
		f.open = f.open && (name != "form" || f.templates > 0)
	case name == "base" && f.depth == 0 && f.templates == 0:
		if to, said := f.scan.get("href"); said && !f.based {
			f.based, f.away = true, !f.leadsHere(to)
		}
	case name == "select":
		f.choosing = !f.choosing
	case name == "form":
		f.form()
	case name == "button" || name == "input":
		f.choosing = f.choosing && name == "button"
		f.button(name)
	case name == "textarea" || name == "keygen" || name == "table":
		f.choosing = false
	}
}

// draws follows pictures and formulas, in which a form is none.
func (f *fields) draws(name string) {
	switch {
	case f.depth > 0 && name != f.inside || f.scan.selfish:
	case f.scan.closing:
		f.depth = max(0, f.depth-1)
	default:
		f.inside = name
		f.depth++
	}
	f.scan.foreign = f.depth > 0
}

// mixes tells whether an element stands in what holds HTML within a picture or formula: where that ends depends on it.
func (f *fields) mixes(name string) bool {
	switch {
	case f.scan.closing:
		if name == f.point || name == f.inside {
			f.point = ""
		}
	case f.point != "":
		return true
	case !f.scan.selfish && slices.Contains(points, name):
		f.point = name
	}
	return false
}

// points are the elements in which HTML may stand (HTML 13.2.6): of a title's text alone the scan knows.
var points = []string{"annotation-xml", "desc", "foreignobject", "mi", "mn", "mo", "ms", "mtext"}

// form gives its field to one that begins. Within a template each stands for itself; else none begins in another.
func (f *fields) form() {
	method, _ := f.scan.get("method")
	to, said := f.scan.get("action")
	posts, here := strings.EqualFold(string(method.value), "post"), !said || f.leadsHere(to)
	switch {
	case f.choosing:
	case f.templates > 0:
		if posts && here {
			f.field("")
		}
	case f.open:
	default:
		f.open, f.here = true, here && f.depth == 0
		id, _ := f.scan.get("id")
		name := string(id.value)
		if f.given = f.here && (posts || name != "" && f.asked[name]); f.given {
			f.field("")
		} else if f.here && name != "" && !id.cut && len(f.forms) < maxFormIDs {
			f.forms[name] = true
		}
	}
}

// button gives the field to a form that does not post, for a button that makes it.
func (f *fields) button(name string) {
	method, _ := f.scan.get("formmethod")
	if !strings.EqualFold(string(method.value), "post") || f.choosing || f.templates > 0 || f.depth > 0 {
		return
	}
	if kind, _ := f.scan.get("type"); name == "input" && !strings.EqualFold(string(kind.value), "submit") && !strings.EqualFold(string(kind.value), "image") {
		return
	}
	if to, said := f.scan.get("formaction"); said && !f.leadsHere(to) {
		return
	}
	switch of, elsewhere := f.scan.get("form"); {
	case elsewhere && f.forms[string(of.value)]:
		delete(f.forms, string(of.value))
		f.field(string(of.value))
	case elsewhere:
		if !of.cut && len(f.asked) < maxFormIDs {
			f.asked[string(of.value)] = true
		}
	case f.open && f.here && !f.given:
		f.given = true
		f.field("")
	}
}

// field writes it: into the form that is open, or into that of an id. No browser is to fill it in from another time.
func (f *fields) field(form string) {
	f.made = fmt.Appendf(f.made, `<input type="hidden" name="%s" value="%s" autocomplete="off"`, epochParam, f.epoch)
	if form != "" {
		f.made = append(append(append(f.made, ` form="`...), bytes.ReplaceAll([]byte(form), []byte(`"`), []byte("&#34;"))...), '"')
	}
	f.made = append(f.made, '>')
}

// leadsHere tells whether an address is of this very host, as browsers read it (URL 4.4). What is odd is not.
func (f *fields) leadsHere(a attr) bool {
	to := strings.Map(func(r rune) rune {
		switch r {
		case '\t', '\n', '\r':
			return -1
		case '\\':
			return '/'
		}
		return r
	}, html.UnescapeString(string(a.value)))
	if to = strings.TrimFunc(to, func(r rune) bool { return r <= ' ' }); to == "" {
		return true // the page itself
	}
	scheme := f.scheme
	if at := strings.IndexAny(to, ":/?#"); at > 0 && to[at] == ':' && schemeName(to[:at]) {
		scheme, to = strings.ToLower(to[:at]), to[at+1:]
		if !strings.HasPrefix(to, "//") {
			return false
		}
	}
	rest, absolute := strings.CutPrefix(to, "//")
	if !absolute {
		return !f.away
	}
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		rest = rest[:at]
	}
	return !a.cut && scheme == f.scheme && web.FoldHost(scheme, rest) == f.host
}

func schemeName(s string) bool {
	return letter(s[0]) && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}
