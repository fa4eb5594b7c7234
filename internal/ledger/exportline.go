package ledger

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"github.com/steadhq/stead"
)

// maxLine bounds a line of an export.
const maxLine = 16 << 20

// A lineReader gives lines without copying where it can. A line is good until the next one is asked for.
type lineReader struct {
	r    *bufio.Reader
	long []byte
	n    uint64 // number of the last line
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, 1<<18)} }

// next gives the next line without its end; io.EOF after the last.
func (l *lineReader) next() ([]byte, error) {
	l.n++
	part, err := l.r.ReadSlice('\n')
	if err == nil {
		return part[:len(part)-1], nil
	}
	l.long = append(l.long[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) && len(l.long) < maxLine {
		part, err = l.r.ReadSlice('\n')
		l.long = append(l.long, part...)
	}
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, invalid("line %d is longer than %d MiB", l.n, maxLine>>20)
	case errors.Is(err, io.EOF) && len(l.long) == 0:
		return nil, io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		return nil, stead.Because(err, "read an export")
	}
	return bytes.TrimSuffix(l.long, []byte{'\n'}), nil
}

// An eventLine is one line with an event; its parts point into the line.
type eventLine struct {
	index  uint64
	leaf   []byte // base64
	stored []byte
}

// parseEventLine reads the one form appendEventLine writes, and no other.
func parseEventLine(line []byte) (e eventLine, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(linePrefix))
	if !ok {
		return e, false
	}
	digits := 0
	for ; digits < len(rest) && digits < 19 && '0' <= rest[digits] && rest[digits] <= '9'; digits++ {
		e.index = e.index*10 + uint64(rest[digits]-'0')
	}
	if digits == 0 || e.index >= 1<<maxLevel || (rest[0] == '0' && digits > 1) {
		return e, false
	}
	if rest, ok = bytes.CutPrefix(rest[digits:], []byte(lineLeaf)); !ok || len(rest) < hashText {
		return e, false
	}
	e.leaf, rest = rest[:hashText], rest[hashText:]
	if stored, ok := bytes.CutPrefix(rest, []byte(lineEvent)); ok {
		e.stored, ok = bytes.CutSuffix(stored, []byte{'}'})
		return e, ok && len(e.stored) > 1 && e.stored[0] == '{' && e.stored[len(e.stored)-1] == '}'
	}
	text, ok := bytes.CutPrefix(rest, []byte(lineBytes))
	if !ok {
		return e, false
	}
	if text, ok = bytes.CutSuffix(text, []byte(`"}`)); !ok {
		return e, false
	}
	stored, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	e.stored = stored
	return e, err == nil && !bytes.ContainsAny(text, "\r\n")
}

// strictJSON reads one object and refuses members it does not know.
func strictJSON(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return invalid("not the form %s", ExportForm)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("not the form %s", ExportForm)
	}
	return nil
}
