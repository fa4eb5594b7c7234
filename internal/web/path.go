package web

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/steadhq/stead"
)

// Tokens are the oddities an application may need in its paths: "//", ";" and "%2f". None is the default.
type Tokens []string

func (t Tokens) has(token string) bool {
	for _, s := range t {
		if strings.EqualFold(s, token) {
			return true
		}
	}
	return false
}

// maxDecodings is how often a path may be percent-encoded over and over before it is refused unread.
const maxDecodings = 6

// Some readers fold these to ASCII (NFKC, best fit): a path made of them would mean two things.
var lookalikes = strings.NewReplacer(
	"\uff0e", ".", "\u2024", ".", "\u2025", "..", "\u2026", "...", "\u3002", ".", "\uff61", ".", "\ufe52", ".",
	"\uff0f", "/", "\u2044", "/", "\u2215", "/", "\u29f8", "/", "\uff3c", `\`, "\u2216", `\`, "\ufe68", `\`, "\u29f9", `\`,
)

// CheckTarget refuses a request target that two parsers could read differently: anything but an origin-form path,
// dot segments in any encoding, encoded slashes and backslashes, control bytes, empty segments, ";" and fragments.
func CheckTarget(target string, allowed Tokens) error {
	path, query, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(path, "/") {
		return bad("the request target must be a path on this host")
	}
	if err := checkBytes(target); err != nil {
		return err
	}
	if strings.Contains(query, "%00") {
		return bad("the query holds a NUL byte")
	}
	return checkPath(path, allowed)
}

func checkBytes(target string) error {
	for i := range len(target) {
		switch c := target[i]; {
		case c <= ' ' || c >= 0x7f:
			return bad("the request target holds a byte that must be percent-encoded")
		case c == '#':
			return bad("the request target holds a fragment")
		}
	}
	if strings.Contains(strings.SplitN(target, "?", 2)[0], `\`) {
		return bad("the path holds a backslash")
	}
	return nil
}

// checkPath looks at the path as sent and after each decoding, until nothing is left to decode.
func checkPath(path string, allowed Tokens) error {
	if strings.Contains(path, "//") && !allowed.has("//") {
		return bad("the path has an empty segment")
	}
	if strings.Contains(path, ";") && !allowed.has(";") {
		return bad("the path has a parameter (;)")
	}
	if _, err := url.PathUnescape(path); err != nil {
		return bad("the path has a broken percent-encoding")
	}
	for level := 0; ; level++ {
		if err := checkDots(path); err != nil {
			return err
		}
		decoded, changed := decodeOnce(path)
		if !changed {
			return nil
		}
		if level == maxDecodings {
			return bad("the path is encoded too many times over")
		}
		if err := checkDecoded(path, decoded, level, allowed); err != nil {
			return err
		}
		path = decoded
	}
}

func checkDecoded(before, after string, level int, allowed Tokens) error {
	slashes := strings.Count(after, "/") > strings.Count(before, "/")
	switch {
	case slashes && (level > 0 || !allowed.has("%2f")):
		return bad("the path holds an encoded slash")
	case strings.Contains(after, `\`):
		return bad("the path holds an encoded backslash")
	case slashes && strings.Contains(after, "//") && !allowed.has("//"):
		return bad("the path has an empty segment")
	case strings.Count(after, ";") > strings.Count(before, ";") && !allowed.has(";"):
		return bad("the path has an encoded parameter (;)")
	case !utf8.ValidString(after):
		return bad("the path is not UTF-8")
	}
	for _, r := range after {
		if r < ' ' || (0x7f <= r && r < 0xa0) {
			return bad("the path holds a control byte")
		}
	}
	return nil
}

// checkDots refuses segments of nothing but dots and blanks, before ";" too, and under lookalikes of dot and slash.
func checkDots(path string) error {
	if plain(path) {
		return nil
	}
	split := func(r rune) bool { return r == '/' || r == '\\' }
	for _, seg := range strings.FieldsFunc(lookalikes.Replace(path), split) {
		name, _, _ := strings.Cut(seg, ";")
		if strings.Contains(name, ".") && strings.Trim(name, ". \u00a0") == "" {
			return bad("the path has a dot segment")
		}
	}
	return nil
}

// decodeOnce decodes the well-formed %XX of s and leaves the rest, as a lenient second reader would.
func decodeOnce(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, false
	}
	var b strings.Builder
	changed := false
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i, changed = i+2, true
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String(), changed
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

func bad(format string, args ...any) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, format, args...)
}

// plain: neither a dot, nor anything that could look like one.
func plain(path string) bool {
	for i := range len(path) {
		if path[i] == '.' || path[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
