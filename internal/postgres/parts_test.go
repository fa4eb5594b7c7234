package postgres

import (
	"bytes"
	"strings"
	"testing"
)

// The example of RFC 7677 3: what the server keeps of the password "pencil" verifies that exchange.
func TestScram(t *testing.T) {
	salt := []byte{0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81} // W22ZaJ0SNY7soEsUEjb6gQ==
	got, err := scram("pencil", salt, iterations)
	const want = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	if err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	if _, _, err := password(bytes.NewReader(make([]byte, 47))); err == nil {
		t.Error("a password of too few random bytes")
	}
}

// FuzzParts: what names a table is read back as it was, and nothing else is read.
func FuzzParts(f *testing.F) {
	for _, s := range []string{"public.orders", `"a.b"."c""d"`, `.`, `"`, `a."b`, `a.b.c`, `"".x`} {
		f.Add(s, "a", `b".`)
	}
	f.Fuzz(func(t *testing.T, text, a, b string) {
		if schema, table, ok := parts(text); ok && (schema == "" || table == "" || strings.ContainsRune(text, 0)) {
			t.Errorf("%q is %q, %q", text, schema, table)
		}
		if a == "" || b == "" || strings.ContainsRune(a+b, 0) {
			return
		}
		if schema, table, ok := parts(resource(a, b)); !ok || schema != a || table != b {
			t.Errorf("%q, %q is written %q and read %q, %q", a, b, resource(a, b), schema, table)
		}
	})
}

// FuzzFilter: what passes has, outside of its strings, no comment, no end of a statement, and brackets that match.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"a = 'b'", "a) OR (b", "'it''s' = \"x\"\"y\"", "''''", "'a'--", "E'\\''", "a/**/", "(a)[1]", "'$' = $1", "\"a'b\" = 'c\"d'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if filter(text) != nil {
			return
		}
		depth, bare := 0, strip(text)
		for _, c := range bare {
			switch c {
			case '(', '[':
				depth++
			case ')', ']':
				depth--
			}
			if depth < 0 {
				t.Fatalf("%q closes what it has not opened", text)
			}
		}
		if depth != 0 || strings.ContainsAny(bare, `;$\'"`) || strings.Contains(bare, "--") || strings.Contains(bare, "/*") {
			t.Errorf("%q passes: %q", text, bare)
		}
	})
}

// strip takes strings and quoted names out, by another way than filter's.
func strip(text string) string {
	out := ""
	for text != "" {
		i := strings.IndexAny(text, `'"`)
		if i < 0 {
			return out + text
		}
		quote := text[i : i+1]
		out += text[:i] + " "
		end := strings.Index(text[i+1:], quote)
		if end < 0 {
			return out + text[i:]
		}
		text = text[i+end+2:]
	}
	return out
}
