package gateway

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"
)

// made is what a browser makes of an answer that fills its window.
type made int

const (
	offered made = iota // what may run something and can carry no line of ours, and what browsers differ about
	passive             // shown by the browser itself; nothing in it runs
	drawn               // HTML
)

// presents sees to it that an answer which fills a window is a page that can say who is served, or runs nothing, or is
// no page but a file (GATEWAY 18). What was guessed of it is written down, so that no browser guesses otherwise. It tells
// whether it is a page that something of ours goes into.
func (t *trip) presents(res *http.Response) (page bool, err error) {
	if !t.v.draws(t.in) || t.in.Method == http.MethodHead || !fills(res) {
		return false, nil
	}
	says := document(t.in) && t.v.says() // else the guard alone goes in, and what cannot carry it goes without
	kind := kindOfPage(res)
	if kind == "" && unpack(res) {
		kind = http.DetectContentType(begins(res))
	}
	switch what := makes(kind); {
	case what == drawn && res.StatusCode != http.StatusPartialContent:
		return t.reads(res, kind, says)
	case !says:
	case what == passive:
		res.Header["Content-Type"] = []string{kind}
		res.Header.Set("X-Content-Type-Options", "nosniff")
	default:
		offer(res.Header)
	}
	return false, nil
}

// reads finds the character set of a page. Another than the browser's would have us put the indicator where it sees a
// comment.
func (t *trip) reads(res *http.Response, kind string, says bool) (bool, error) {
	if packing := res.Header.Get("Content-Encoding"); !unpack(res) {
		return false, refusedIf(says, cannot("it is packed as "+short(packing)+" though it was asked not to be"))
	}
	name := writtenIn(begins(res), kind)
	if !asciiBased(name) {
		return false, refusedIf(says, cannot("its character set is none that Stead can write in"))
	}
	res.Header["Content-Type"] = []string{"text/html; charset=" + name}
	return true, nil
}

func refusedIf(says bool, err error) error {
	if says {
		return err
	}
	return nil
}

// fills tells whether browsers show res, and neither save it nor go elsewhere.
func fills(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if res.Header.Get("Location") != "" {
			return false
		}
	case http.StatusNoContent, http.StatusNotModified:
		return false
	}
	return res.StatusCode >= 200 && !saved(res.Header)
}

func saved(h http.Header) bool {
	values := h["Content-Disposition"]
	if len(values) != 1 {
		return false
	}
	disposition, _, _ := strings.Cut(values[0], ";")
	return strings.EqualFold(strings.TrimSpace(disposition), "attachment")
}

// kindOfPage is the one type that res is said to be of: "" where browsers guess, "?" where they differ.
func kindOfPage(res *http.Response) string {
	values := res.Header["Content-Type"]
	switch none := len(values) == 0 || len(values) == 1 && strings.TrimSpace(values[0]) == ""; {
	case none && strings.EqualFold(res.Header.Get("X-Content-Type-Options"), "nosniff"):
		return "?"
	case none:
		return ""
	case len(values) > 1 || strings.Contains(values[0], ","):
		return "?"
	}
	return values[0]
}

// makes tells what browsers make of a type.
func makes(kind string) made {
	media, _, _ := strings.Cut(strings.ToLower(kind), ";")
	media = strings.Trim(media, " \t")
	if media == "text/html" {
		return drawn
	}
	if _, _, err := mime.ParseMediaType(media); err != nil || strings.Count(media, "/") != 1 || lively(media) {
		return offered
	}
	switch top, sub, _ := strings.Cut(media, "/"); top {
	case "image", "audio", "video", "font", "text":
		return passive
	case "application":
		if strings.HasSuffix(sub, "+json") || slices.Contains(still, sub) {
			return passive
		}
	}
	return offered
}

// lively tells types that browsers read as documents with scripts, or as anything.
func lively(media string) bool {
	return slices.ContainsFunc([]string{"*", "html", "xml", "xsl", "svg", "rdf", "xul", "unknown"}, func(part string) bool { return strings.Contains(media, part) })
}

// vague tells types that browsers guess for, or differ about.
func vague(kind string) bool {
	media, _, err := mime.ParseMediaType(strings.ToLower(kind))
	return err != nil && media == "" || strings.Count(media, "/") != 1 || strings.Contains(media, "*") || strings.Contains(media, "unknown") || strings.HasPrefix(media, "multipart/")
}

// still are the types of applications' own whose text or pages browsers show without running anything.
var still = []string{"pdf", "json", "javascript", "x-javascript", "ecmascript", "x-ndjson", "ogg"}

// offer makes a file of what cannot be shown.
func offer(h http.Header) {
	var name map[string]string
	if _, attrs, err := mime.ParseMediaType(h.Get("Content-Disposition")); err == nil && attrs["filename"] != "" {
		name = map[string]string{"filename": attrs["filename"]}
	}
	h["Content-Disposition"] = []string{mime.FormatMediaType("attachment", name)}
	h.Set("X-Content-Type-Options", "nosniff")
}

// marks say which character set follows, whatever else does (HTML 13.2.3.1).
var marks = []string{"\xef\xbb\xbf", "\xfe\xff", "\xff\xfe"}

// begins gives the first piece of a body, which is read from its beginning all the same. No second one is waited for
// unless the first says nothing: a page may come bit by bit.
func begins(res *http.Response) []byte {
	buf := make([]byte, 1024)
	n, err := 0, error(nil)
	for err == nil && n < len(buf) && undecided(buf[:n]) {
		var more int
		more, err = res.Body.Read(buf[n:])
		n += more
	}
	res.Body = again{io.MultiReader(bytes.NewReader(buf[:n]), res.Body), res.Body}
	return buf[:n]
}

func undecided(b []byte) bool {
	return len(bytes.TrimLeft(b, " \t\r\n\f")) == 0 || slices.ContainsFunc(marks, func(m string) bool { return len(b) < len(m) && strings.HasPrefix(m, string(b)) })
}

// writtenIn is the character set of a page: of its mark, of its type, of a meta element in what there is; else UTF-8 if it
// may be that, as most are, and what browsers take where nobody says.
func writtenIn(first []byte, kind string) string {
	if _, name, sure := charset.DetermineEncoding(first, kind); sure {
		return name
	}
	// It takes plain ASCII for windows-1252, though other letters may follow: one in front makes it look for UTF-8.
	_, name, _ := charset.DetermineEncoding(append([]byte("\u00e9"), first...), "")
	return name
}

// asciiBased tells whether ASCII is ASCII in a character set, wherever it stands. A name that browsers do not know is none.
func asciiBased(label string) bool {
	_, name := charset.Lookup(label)
	return !strings.HasPrefix(name, "utf-16") && name != "iso-2022-jp" && name != "replacement"
}
