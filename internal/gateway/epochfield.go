package gateway

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
)

// maxBeforeField is how much of a form may stand before its epoch. It is the first field of nearly all, for it follows the
// start of the form.
const maxBeforeField = 64 << 10

// errFieldLate breaks off a body that was on its way already.
func errFieldLate() error {
	return stead.E(stead.Invalid, stead.ReasonRequest,
		"this form says only behind %d KiB of which time its page is, or says it again there, and was broken off: switch scripts on in your browser, or send less", maxBeforeField>>10)
}

// takeField takes the epoch out of a form in the body, in each of the three ways that browsers write one (HTML 4.10.21.7).
// What is left is the body that the application gets: its length is right, and all of it but the beginning is on its way yet.
func takeField(r *http.Request, e *epochs) {
	media, attrs, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 || len(r.Header["Content-Type"]) != 1 ||
		r.Header.Get("Content-Encoding") != "" || r.Header.Get("Expect") != "" { // no form of a browser's is packed, or waits
		return
	}
	var strip func(raw []byte, whole bool) (rest []byte, said []string)
	late := rearguard{}
	switch {
	case media == "application/x-www-form-urlencoded":
		strip, late = urlencodedField, rearguard{needle: []byte("&" + epochParam + "="), seen: []byte("&")}
	case media == "multipart/form-data" && attrs["boundary"] != "":
		late.needle = partOf(attrs["boundary"])
		strip = func(raw []byte, _ bool) ([]byte, []string) { return multipartField(raw, attrs["boundary"]) }
	case media == "text/plain":
		strip = plainField
	default:
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBeforeField))
	whole := err == nil && len(raw) < maxBeforeField
	rest, said := strip(raw, whole)
	for _, value := range said {
		e.add(value)
	}
	follows := io.Reader(r.Body)
	if err != nil {
		follows = broken{err}
	}
	shorten(r, len(raw)-len(rest))
	late.src = io.MultiReader(bytes.NewReader(rest), follows)
	if r.ContentLength == 0 {
		r.Body = http.NoBody
		return
	}
	r.Body = again{&late, r.Body}
}

// shorten corrects the length, where it was said.
func shorten(r *http.Request, by int) {
	if by == 0 || r.ContentLength < 0 {
		return
	}
	r.ContentLength = max(0, r.ContentLength-int64(by))
	r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
}

// urlencodedField takes every field of that name, however it is written. The last one counts only where it is whole.
func urlencodedField(raw []byte, whole bool) (rest []byte, said []string) {
	parts := strings.Split(string(raw), "&")
	n := 0
	parts = slices.DeleteFunc(parts, func(p string) bool {
		n++
		name, value, _ := strings.Cut(p, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != epochParam || n == len(parts) && !whole {
			return false
		}
		value, _ = url.QueryUnescape(value) // what cannot be read is another
		said = append(said, value)
		return true
	})
	return []byte(strings.Join(parts, "&")), said
}

// partOf is how the field begins in a body of parts.
func partOf(boundary string) []byte {
	return []byte("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + epochParam + "\"\r\n\r\n")
}

func multipartField(raw []byte, boundary string) (rest []byte, said []string) {
	head, next := partOf(boundary), []byte("\r\n--"+boundary)
	for {
		at := bytes.Index(raw, head)
		if at < 0 || at > 0 && !bytes.HasSuffix(raw[:at], []byte("\r\n")) {
			break
		}
		size := bytes.Index(raw[at+len(head):], next)
		if size < 0 || !borders(raw[at+len(head)+size+len(next):]) {
			break
		}
		said = append(said, string(raw[at+len(head):at+len(head)+size]))
		rest = append(rest, raw[:at]...)
		raw = raw[at+len(head)+size+2:]
	}
	return append(rest, raw...), said
}

// borders tells whether what follows makes a boundary one.
func borders(after []byte) bool {
	return bytes.HasPrefix(after, []byte("\r\n")) || bytes.HasPrefix(after, []byte("--"))
}

// plainField takes it where the body begins with it: further on it might be a line that somebody wrote.
func plainField(raw []byte, _ bool) (rest []byte, said []string) {
	line, rest, found := bytes.Cut(raw, []byte("\r\n"))
	value, ours := bytes.CutPrefix(line, []byte(epochParam+"="))
	if !found || !ours {
		return raw, nil
	}
	return rest, []string{string(value)}
}

// A rearguard reads the rest of a body, and breaks it off where the field stands in it.
type rearguard struct {
	src    io.Reader
	needle []byte
	seen   []byte // the end of what was read: the needle may have begun there
	err    error
}

func (l *rearguard) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.src.Read(p)
	if len(l.needle) > 0 {
		most := len(l.needle) - 1
		l.seen = append(l.seen, p[:min(n, most)]...)
		if bytes.Contains(l.seen, l.needle) || bytes.Contains(p[:n], l.needle) {
			l.err = errFieldLate()
			return 0, l.err
		}
		if n >= most {
			l.seen = append(l.seen[:0], p[n-most:n]...)
		} else {
			l.seen = append(l.seen[:0], l.seen[max(0, len(l.seen)-most):]...)
		}
	}
	return n, err
}
