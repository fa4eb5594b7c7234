package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/steadhq/stead"
)

// The signature stands at the end of a file, in what readers of its form pass over: an HTML comment, lines that begin with
// a hash, or a last line of JSON.
const (
	commentOpen, commentClose = "\n<!-- stead-signature\n", "\n-->\n"
	hashLine                  = "# stead-signature "
	jsonOpen, jsonClose       = `{"stead_signature":"`, "\"}\n"
)

func armored(signed []byte) string { return base64.StdEncoding.EncodeToString(signed) }

func inComment(signed []byte) []byte { return []byte(commentOpen + armored(signed) + commentClose) }
func inHashes(signed []byte) []byte  { return []byte(hashLine + armored(signed) + "\n") }
func inLine(signed []byte) []byte    { return []byte(jsonOpen + armored(signed) + jsonClose) }

// Split takes a report apart: what was signed over, and the signature. Errors: invalid.
func Split(file []byte) (body, signed []byte, err error) {
	for _, form := range [][2]string{{commentOpen, commentClose}, {hashLine, "\n"}, {jsonOpen, jsonClose}} {
		at := bytes.LastIndex(file, []byte(form[0]))
		if at < 0 || !bytes.HasSuffix(file, []byte(form[1])) {
			continue
		}
		text := file[at+len(form[0]) : len(file)-len(form[1])]
		if signed, err = base64.StdEncoding.Strict().DecodeString(string(text)); err == nil {
			return file[:at], signed, nil
		}
	}
	return nil, nil, stead.E(stead.Invalid, stead.ReasonBadProof, "there is no signature at the end of this file: it is no report, or a part of one")
}

// Check compares body with the text that was signed over it, and gives what it says. Errors: invalid.
func Check(body []byte, text string) (said map[string]string, err error) {
	said = map[string]string{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(l, ": ")
		if _, twice := said[name]; !ok || twice {
			return nil, stead.E(stead.Invalid, stead.ReasonBadProof, "what is signed cannot be read: %q", l)
		}
		said[name] = value
	}
	sum := sha256.Sum256(body)
	if said["sha256"] != hex.EncodeToString(sum[:]) {
		return said, stead.E(stead.Invalid, stead.ReasonBadProof, "the file was changed since it was signed")
	}
	return said, nil
}

// Lines gives what was signed over as rows to show, in the order in which it was signed.
func Lines(text string) (rows [][2]string) {
	for l := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(l, "\n"), ": "); ok {
			rows = append(rows, [2]string{name, value})
		}
	}
	return rows
}

// Rows reads the rows of a report in JSON lines. Errors: invalid.
func Rows(body []byte) ([]Row, error) {
	rows := []Row{}
	d := json.NewDecoder(bytes.NewReader(body))
	var m Manifest
	if err := d.Decode(&m); err != nil {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "this is no report in JSON lines: %s", err)
	}
	for d.More() {
		var r Row
		if err := d.Decode(&r); err != nil {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "row %d cannot be read: %s", len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}
