package web

import (
	"bytes"
	"strconv"
	"strings"
)

// framed is what the head of a request says of where the request ends (RFC 9112 6).
type framed struct {
	request string
	old     bool // HTTP/1.0
	length  int64
	lengths int
	codings int
	hosts   int
	upgrade bool
	err     error
}

// ended takes one whole line of a head, a chunk size or a trailer.
func (w *wire) ended(line []byte) {
	text, clean := bytes.CutSuffix(line, []byte("\r\n"))
	clean = clean && !w.long && bytes.IndexByte(text, '\r') < 0
	switch w.in {
	case inHead:
		w.headLine(string(text), clean)
	case inChunkSize:
		w.chunkSize(string(text), clean)
	case inTrailer:
		if !clean {
			w.in = blind
		} else if len(text) == 0 {
			w.in = inHead
		}
	}
}

func (w *wire) headLine(text string, clean bool) {
	h := &w.head
	switch {
	case h.request == "" && strings.Trim(text, "\r\n") == "": // net/http forgives an empty line before a request
	case h.request == "":
		h.start(text, clean)
	case text == "" && clean:
		w.headEnded()
	case strings.Trim(text, "\r\n") == "": // an end by a bare line feed
		h.fault("a line of the head ends in a bare line feed")
		w.headEnded()
	default:
		h.field(text, clean)
	}
}

func (h *framed) start(text string, clean bool) {
	method, rest, _ := strings.Cut(text, " ")
	target, version, _ := strings.Cut(rest, " ")
	h.request = method + " " + target
	h.old = version == "HTTP/1.0"
	if !clean || (version != "HTTP/1.1" && !h.old) {
		h.fault("the request line is malformed")
	}
}

func (h *framed) field(text string, clean bool) {
	if !clean && len(text) < maxLine {
		h.fault("a line of the head ends in a bare line feed or holds a carriage return")
	}
	if text[0] == ' ' || text[0] == '\t' {
		h.fault("a header line is folded")
	}
	name, value, _ := strings.Cut(text, ":")
	value = strings.Trim(value, " \t")
	is := func(other string) bool { return strings.EqualFold(name, other) }
	switch {
	case is("Host"):
		h.hosts++
	case is("Upgrade"):
		h.upgrade = true
	case is("Content-Length"):
		h.lengths++
		n, err := strconv.ParseUint(value, 10, 62)
		if err != nil || strings.Trim(value, "0123456789") != "" {
			h.fault("Content-Length is no number")
		}
		h.length = int64(n)
	case is("Transfer-Encoding"):
		h.codings++
		if !strings.EqualFold(value, "chunked") {
			h.fault("Transfer-Encoding is not chunked")
		}
	}
}

func (h *framed) fault(text string) {
	if h.err == nil {
		h.err = bad("%s", text)
	}
}

func (h *framed) check() error {
	switch {
	case h.lengths > 0 && h.codings > 0:
		h.fault("both Content-Length and Transfer-Encoding are given")
	case h.lengths > 1:
		h.fault("Content-Length is given twice")
	case h.codings > 1:
		h.fault("Transfer-Encoding is given twice")
	case h.hosts > 1:
		h.fault("Host is given twice")
	case h.codings > 0 && h.old:
		h.fault("Transfer-Encoding in HTTP/1.0")
	}
	return h.err
}

func (w *wire) headEnded() {
	h := w.head
	w.head = framed{}
	err := h.check()
	w.verdicts = append(w.verdicts, verdict{h.request, err})
	switch {
	case err != nil || h.upgrade:
		w.in = blind
	case h.codings > 0:
		w.in = inChunkSize
	case h.length > 0:
		w.in, w.skip = inBody, h.length
	}
}

func (w *wire) chunkSize(text string, clean bool) {
	size, _, _ := strings.Cut(text, ";")
	n, err := strconv.ParseUint(strings.TrimRight(size, " \t"), 16, 60)
	switch {
	case !clean || err != nil || strings.HasPrefix(size, "+"):
		w.in = blind
	case n == 0:
		w.in = inTrailer
	default:
		w.in, w.skip = inChunk, int64(n)+2
	}
}
