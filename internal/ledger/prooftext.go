package ledger

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
)

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	maxPath     = 64 // hashes in a proof; no tree is higher
)

// Text writes the proof as a C2SP tlog-proof: a file that can be checked without the log.
func (p Inclusion) Text() []byte {
	return writeProof(proofHeader+"\nindex "+strconv.FormatUint(p.Index, 10), p.Path, p.Note)
}

// ParseInclusion reads what Text wrote. Nothing in it is checked but its form.
func ParseInclusion(text []byte) (Inclusion, error) {
	body, ok := strings.CutPrefix(string(text), proofHeader+"\nindex ")
	if !ok {
		return Inclusion{}, invalid("an inclusion proof begins with %q and the index", proofHeader)
	}
	index, path, note, err := readProof(body)
	return Inclusion{Index: index, Path: path, Note: note}, err
}

// Text writes the proof in the form a witness is asked with (C2SP tlog-witness).
func (c Consistency) Text() []byte {
	return writeProof("old "+strconv.FormatUint(c.From, 10), c.Path, c.Note)
}

// ParseConsistency reads what Text wrote. Nothing in it is checked but its form.
func ParseConsistency(text []byte) (Consistency, error) {
	body, ok := strings.CutPrefix(string(text), "old ")
	if !ok {
		return Consistency{}, invalid("a consistency proof begins with \"old\" and a size")
	}
	from, path, note, err := readProof(body)
	return Consistency{From: from, Path: path, Note: note}, err
}

func writeProof(first string, path []stead.Hash, note []byte) []byte {
	b := append([]byte(first), '\n')
	for i := range path {
		b = append(base64.StdEncoding.AppendEncode(b, path[i][:]), '\n')
	}
	return append(append(b, '\n'), note...)
}

// readProof reads a number, a line per hash, an empty line and a note.
func readProof(body string) (n uint64, path []stead.Hash, note []byte, err error) {
	head, rest, ok := strings.Cut(body, "\n\n")
	if !ok {
		return 0, nil, nil, invalid("a proof has an empty line before its checkpoint")
	}
	lines := strings.Split(head, "\n")
	if len(lines)-1 > maxPath {
		return 0, nil, nil, invalid("a proof has at most %d hashes", maxPath)
	}
	if n, err = number(lines[0]); err != nil {
		return 0, nil, nil, err
	}
	for _, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return 0, nil, nil, err
		}
		path = append(path, h)
	}
	return n, path, []byte(rest), nil
}
