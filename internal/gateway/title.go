package gateway

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

const (
	maxTitle  = 200
	maxLooked = 64 << 10
)

// A page keeps the beginning of an answer until its name is asked for.
type page struct {
	io.ReadCloser
	named string
	seen  []byte
	ended bool // the title is in what was seen
}

// watch notes how the page is called: by its header where the application has one, else by its title.
func (t *trip) watch(res *http.Response) {
	p := &page{ReadCloser: res.Body}
	if t.v.app.Title != "" {
		p.named = res.Header.Get(t.v.app.Title)
	}
	t.page = p
	if p.named == "" && isHTML(res.Header) && res.Header.Get("Content-Encoding") == "" {
		res.Body = p
	}
}

func (p *page) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.look(b[:n])
	return n, err
}

// look keeps what is needed for the title: mostly a few KiB.
func (p *page) look(b []byte) {
	for piece := range slices.Chunk(b, 4<<10) {
		if p.ended || len(p.seen) >= maxLooked {
			return
		}
		from := max(0, len(p.seen)-len("</title>"))
		p.seen = append(p.seen, piece...)
		p.ended = bytes.Contains(p.seen[from:], []byte("</title>")) || bytes.Contains(p.seen[from:], []byte("</TITLE>"))
	}
}

// title is the text of the first title element.
func (p *page) title() string {
	if p == nil {
		return ""
	}
	if p.named != "" {
		return short(p.named)
	}
	if len(p.seen) == 0 {
		return ""
	}
	z := html.NewTokenizer(bytes.NewReader(p.seen))
	for in := false; ; {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken:
			name, _ := z.TagName()
			in = string(name) == "title"
		case html.TextToken:
			if in {
				return short(string(z.Text()))
			}
		default:
			in = false
		}
	}
}

// short is s on one line, as long as a title needs to be.
func short(s string) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "")
	if r := []rune(s); len(r) > maxTitle {
		return string(r[:maxTitle]) + "…"
	}
	return s
}
