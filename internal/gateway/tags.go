package gateway

import (
	"bytes"
	"slices"
)

// A tagScan follows the text of a page as browsers do (HTML 13.2.5), in whatever pieces it comes, and stops at the end of
// every tag. It keeps the name of the tag it is in and of its attributes those that say where a form leads; nothing else.
type tagScan struct {
	at      lookout
	name    []byte // of the tag, or what could become one
	closing bool
	selfish bool // <…/>
	attrs   []attr
	attr    []byte // the name of the attribute
	keeps   bool   // its value is wanted
	dashes  int    // or brackets, that were seen just now
	fresh   bool   // nothing but dashes in a comment yet
	bang    bool
	raw     string // the element whose content is text
	nested  int    // of a script: 1 after <!--, 2 after <script in that (HTML 13.2.5.20)
	foreign bool   // in what is drawn or counted: <svg>, <math>
	odd     bool   // a < stood in text there
}

// An attr is one that is wanted. The first of a name counts.
type attr struct {
	name  string
	value []byte // as written
	cut   bool   // it was longer than is kept
}

type lookout uint8

const (
	inText lookout = iota
	opens          // after <
	closes         // after </
	inName
	beforeAttr
	inAttr
	afterAttr
	beforeValue
	inDouble
	inSingle
	inBare
	afterValue
	slashed // after / in a tag
	declares
	inComment
	inBogus
	inSection
	inRaw
	rawOpens
	rawCloses
	rawBang
	rawAgain
	toTheEnd
)

const (
	maxTagName = 14 // the longest that is asked for
	maxAttr    = 2 << 10
)

// wanted are the attributes that are kept; rawText the elements whose content is text.
var (
	wantedAttrs = []string{"action", "form", "formaction", "formmethod", "href", "id", "method", "type"}
	rawText     = []string{"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"}
)

// next reads b up to the end of the first tag in it. It tells how much that is, and whether a tag ended there.
func (s *tagScan) next(b []byte) (n int, tag bool) {
	for i := 0; i < len(b); i++ {
		if i += s.skips(b[i:]); i == len(b) {
			break
		}
		if s.step(b[i]) {
			return i + 1, true
		}
	}
	return len(b), false
}

// skips is how much of b cannot change anything.
func (s *tagScan) skips(b []byte) int {
	var end byte
	switch {
	case s.at == toTheEnd:
		return len(b)
	case s.at == inText, s.at == inRaw && s.nested == 0:
		end = '<'
	case s.at == inComment && s.dashes == 0 && !s.fresh && !s.bang:
		end = '-'
	case s.at == inBogus:
		end = '>'
	case s.at == inDouble && !s.keeps:
		end = '"'
	case s.at == inSingle && !s.keeps:
		end = '\''
	default:
		return 0
	}
	if n := bytes.IndexByte(b, end); n >= 0 {
		return n
	}
	return len(b)
}

// step takes one letter, and tells whether a tag ends with it.
func (s *tagScan) step(c byte) (tag bool) {
	switch s.at {
	case inText:
		if c == '<' {
			s.at = opens
		}
	case opens, closes:
		s.begins(c)
	case declares:
		s.declared(c)
	case inComment:
		s.comment(c)
	case inBogus:
		if c == '>' {
			s.at = inText
		}
	case inSection:
		s.section(c)
	case inRaw:
		s.rawLetter(c)
	case rawOpens, rawBang, rawAgain:
		s.rawTag(c)
	case rawCloses:
		return s.rawEnds(c)
	default:
		return s.inTag(c)
	}
	return false
}

// begins takes what follows < or </.
func (s *tagScan) begins(c byte) {
	closing := s.at == closes
	switch {
	case letter(c):
		s.opened(closing)
		s.inTag(c)
	case closing && c == '>':
		s.at = inText
	case closing || c == '?':
		s.at = inBogus
		s.step(c)
	case c == '/':
		s.at = closes
	case c == '!':
		s.at, s.name = declares, s.name[:0]
	default:
		s.at = inText
		s.step(c)
	}
}

func (s *tagScan) opened(closing bool) {
	s.at, s.closing, s.selfish = inName, closing, false
	s.name, s.attrs = s.name[:0], s.attrs[:0]
}

// declared takes what follows <!: a comment, or a section of text where such are known, or anything up to the next >.
func (s *tagScan) declared(c byte) {
	const cdata = "[CDATA["
	s.name = append(s.name, c)
	switch said := string(s.name); {
	case said == "--":
		s.at, s.dashes, s.fresh, s.bang = inComment, 0, true, false
	case said == "-":
	case s.foreign && said == cdata:
		s.at, s.dashes = inSection, 0
	case s.foreign && len(said) < len(cdata) && said == cdata[:len(said)]:
	default:
		s.at = inBogus
		s.step(c)
	}
}

func (s *tagScan) comment(c byte) {
	switch {
	case c == '>' && (s.dashes >= 2 || s.fresh || s.bang):
		s.at = inText
	case c == '-' && !s.bang:
		s.dashes++
		s.fresh = s.fresh && s.dashes < 2
	case c == '-':
		s.dashes, s.bang, s.fresh = 1, false, false
	default:
		s.bang = c == '!' && s.dashes >= 2
		s.dashes, s.fresh = 0, false
	}
}

func (s *tagScan) section(c byte) {
	switch {
	case c == ']':
		s.dashes++
	case c == '>' && s.dashes >= 2:
		s.at = inText
	case c == '>': // where HTML stands in a picture it ends here
		s.giveUp()
	default:
		s.dashes = 0
	}
}

// giveUp is for what browsers read by what stands open, which a scan does not follow: a tag that is none for them, but part
// of a value, must not be given anything, since its quotes would end that. Nothing more of the page is looked at.
func (s *tagScan) giveUp() { s.at = toTheEnd }

// ended: what follows the tag may be text.
func (s *tagScan) ended() bool {
	s.at, s.raw = inText, ""
	switch name := string(s.name); {
	case s.closing || s.foreign && s.selfish:
	case name == "plaintext":
		s.at = toTheEnd
	case slices.Contains(rawText, name):
		s.at, s.raw, s.nested, s.dashes, s.odd = inRaw, name, 0, 0, false
	}
	return true
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func spaced(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }
