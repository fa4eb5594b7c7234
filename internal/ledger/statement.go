package ledger

import (
	"strings"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/note"
)

// State signs a text in the name of the log: a signed note, such as under a report. Its first line says what it is, and is
// never the origin of a log: no statement can be taken for a checkpoint. Errors: invalid.
func (s *Signer) State(text string) ([]byte, error) {
	if first, _, _ := strings.Cut(text, "\n"); !strings.HasPrefix(first, "stead-") || first == s.origin || !strings.HasSuffix(text, "\n") {
		return nil, invalid("a statement begins with what it is, and ends its last line")
	}
	return s.signed([]byte(text)), nil
}

// OpenStatement gives the text of a signed note whose first line is form. Errors: invalid.
func OpenStatement(form string, signed []byte, v note.Verifier) (string, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return "", stead.E(stead.Invalid, stead.ReasonBadProof, "%s did not sign this", v.Name())
	}
	if !strings.HasPrefix(n.Text, form+"\n") {
		return "", stead.E(stead.Invalid, stead.ReasonBadProof, "what is signed is no %s", form)
	}
	return n.Text, nil
}
