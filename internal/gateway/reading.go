package gateway

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxParsed = 1 << 20
	maxParams = 1000 // applications take no more either, and reading more costs
)

// params is every way to read the parameters of a request, over query and body.
type params struct {
	readings [][]param
	ok       bool   // all of it could be read but an opaque body, and no name stands twice
	body     bool   // there is a body
	unread   bool   // it was wanted and could not be read: it may hold any parameter
	opaque   string // media type of a body that is never read
}

type param struct {
	name, value string
	opaque      bool // of JSON: null, an array, an object, a number of many spellings
}

// readParams reads the query and, if wanted, a form or a JSON object in the body, which is put back. What cannot be
// read makes it not ok.
func readParams(r *http.Request, wantBody bool) params {
	p := params{ok: true, body: r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0}
	var form string
	var members []param
	if p.body {
		form, members, p.ok = readBody(r, wantBody)
		p.unread = wantBody && !p.ok
		if !p.ok {
			p.opaque = opaqueKind(r)
			p.ok = p.opaque != ""
		}
	}
	raw := join(r.URL.RawQuery, form)
	p.add(raw, "&", members)
	if strings.Contains(raw, ";") {
		p.add(raw, "&;", members)
	}
	return p
}

func join(query, form string) string {
	if query != "" && form != "" {
		return query + "&" + form
	}
	return query + form
}

// add notes the reading of raw in which any of seps separates, with the members of a body.
func (p *params) add(raw, seps string, members []param) {
	list := slices.Clone(members)
	for part := range strings.FieldsFuncSeq(raw, func(r rune) bool { return strings.ContainsRune(seps, r) }) {
		if len(list) >= maxParams {
			p.ok, p.unread = false, true
			break
		}
		name, value, _ := strings.Cut(part, "=")
		n, okName := unescape(name)
		v, okValue := unescape(value)
		p.ok = p.ok && okName && okValue
		list = append(list, param{name: n, value: v})
	}
	p.ok = p.ok && distinctNames(list)
	p.readings = append(p.readings, list)
}

// distinctNames tells whether no name stands twice, however it is folded, and none could be decoded once more.
func distinctNames(list []param) bool {
	seen := make(map[string]bool, len(list))
	for _, q := range list {
		name := foldName(q.name)
		if seen[name] || encoded(q.name) {
			return false
		}
		seen[name] = true
	}
	return true
}

func unescape(s string) (string, bool) {
	u, err := url.QueryUnescape(s)
	if err != nil {
		return s, false
	}
	return u, utf8.ValidString(u) && !strings.ContainsRune(u, 0)
}

// encoded tells whether s could be decoded once more.
func encoded(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && isHex(s[i+1]) && isHex(s[i+2]) {
			return true
		}
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// readBody reads a form or a JSON object of at most 1 MiB. A body that nobody asked about is left alone, and so is one
// whose client waits for a 100: reading it would answer before anything is decided.
func readBody(r *http.Request, want bool) (form string, members []param, ok bool) {
	kind := bodyKind(r)
	if !want || kind == "" {
		return "", nil, false
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxParsed+1))
	r.Body = again{io.MultiReader(bytes.NewReader(raw), r.Body), r.Body}
	if err != nil || len(raw) > maxParsed {
		return "", nil, false
	}
	if kind == "json" {
		members, ok = readMembers(raw)
		return "", members, ok
	}
	return string(raw), nil, true
}

// bodyKind is what the body of r can be read as: "form", "json", or nothing.
func bodyKind(r *http.Request) string {
	if r.Header.Get("Expect") != "" {
		return ""
	}
	return kindOf(mediaType(r))
}

func kindOf(media string) string {
	switch {
	case media == "application/x-www-form-urlencoded":
		return "form"
	case media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return "json"
	}
	return ""
}

// opaqueKind is the media type of a body that no rule could read, if it is clear what it is.
func opaqueKind(r *http.Request) string {
	media := mediaType(r)
	if kindOf(media) != "" {
		return ""
	}
	return media
}

// mediaType is what the body of r is, where it is said once and exactly, and the body is as it is written.
func mediaType(r *http.Request) string {
	kinds := r.Header["Content-Type"]
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	if safe || len(kinds) != 1 || r.Header.Get("Content-Encoding") != "" || r.ContentLength > maxParsed {
		return ""
	}
	media, attrs, err := mime.ParseMediaType(kinds[0])
	if err != nil || !utf8Only(attrs) {
		return ""
	}
	return media
}

func utf8Only(attrs map[string]string) bool {
	for k, v := range attrs {
		if k != "charset" || !strings.EqualFold(v, "utf-8") {
			return false
		}
	}
	return true
}

// again is a body whose beginning was read already.
type again struct {
	io.Reader
	io.Closer
}

// foldName writes a parameter name as applications fold it: "do[edit]" is do, "a.b" and "a b" are a_b, and letter
// case tells nothing apart.
func foldName(n string) string {
	n = strings.TrimLeft(n, " ")
	if i := strings.IndexByte(n, '['); i > 0 {
		n = n[:i]
	}
	return fold(underscores.Replace(n))
}

var underscores = strings.NewReplacer(".", "_", " ", "_", "-", "_", "[", "_")

// fold makes letters equal that any case mapping makes equal: the long s and the Kelvin sign too.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// pathReadings lists what an application may take the path for, our own reading first. It is not plain when it is
// encoded where nothing needs to be, or could be decoded once more.
func pathReadings(u *url.URL) (paths []string, plain bool) {
	paths = []string{u.Path}
	add := func(p string) {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	raw := u.EscapedPath()
	if strings.Contains(strings.ToLower(raw), "%2f") {
		if p, err := url.PathUnescape(slashes.Replace(raw)); err == nil {
			add(p)
		}
	}
	for _, p := range slices.Clone(paths) {
		bare := withoutSegmentParams(p)
		add(bare)
		add(collapse(p))
		add(collapse(bare))
	}
	return paths, !encoded(u.Path) && !needless(raw)
}

var slashes = strings.NewReplacer("%2f", "%252F", "%2F", "%252F")

func withoutSegmentParams(p string) string {
	if !strings.Contains(p, ";") {
		return p
	}
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(segments, "/")
}

func collapse(p string) string {
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}

// needless tells whether raw encodes a character that RFC 3986 2.3 never encodes.
func needless(raw string) bool {
	for i := 0; i+2 < len(raw); i++ {
		if raw[i] != '%' {
			continue
		}
		s, err := url.PathUnescape(raw[i : i+3])
		if err == nil && (isHex(s[0]) || 'g' <= s[0]|0x20 && s[0]|0x20 <= 'z' || strings.Contains("-._~", s)) {
			return true
		}
	}
	return false
}
