package store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"github.com/steadhq/stead"
)

// member gives the text of a member of a stored event without decoding the whole. In stored JSON a quote inside a
// text is escaped: the name in quotes, with its colon, can only be the member itself.
func member(stored []byte, name string) []byte {
	_, text, _ := bytes.Cut(stored, []byte(`"`+name+`":"`))
	text, _, _ = bytes.Cut(text, []byte(`"`))
	return text
}

// countsOf reads what an event counted.
func countsOf(stored []byte) ([]stead.Count, error) {
	if !bytes.Contains(stored, []byte(`"counts":[`)) {
		return nil, nil
	}
	var e struct {
		Counts []stead.Count `json:"counts"`
	}
	if err := json.Unmarshal(stored, &e); err != nil {
		return nil, stead.Because(err, "read what an event counted")
	}
	return e.Counts, nil
}

// sealedUnder gives the ids of the keys that the parts of an event are sealed under.
func sealedUnder(stored []byte) []int64 {
	var front [129]byte // how many keys there are, and the ids of up to 16
	var ids []int64
	for _, part := range []string{"who", "what"} {
		text := member(stored, part)
		n, _ := base64.RawURLEncoding.Decode(front[:], text[:min(len(text), 172)])
		ids = append(ids, keyIDs(front[:n])...)
	}
	return ids
}

// keyIDs gives the ids at the beginning of something sealed.
func keyIDs(sealed []byte) []int64 {
	var ids []int64
	for i := 0; len(sealed) > 0 && i < int(sealed[0]) && len(sealed) >= 9+8*i; i++ {
		ids = append(ids, int64(binary.BigEndian.Uint64(sealed[1+8*i:])))
	}
	return ids
}
