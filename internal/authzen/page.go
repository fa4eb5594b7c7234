package authzen

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// How many results a page has, where nothing is asked for and at most.
const (
	someResults = 100
	mostResults = 1000
)

// A turn is where a search goes on.
type turn struct {
	after   string
	limit   int
	scanned int
}

func (d *Door) turn(a asking, kind string) (turn, error) {
	t := turn{limit: someResults}
	page, err := a.body.object("page")
	if err != nil {
		return t, err
	}
	if v, there := page["limit"]; there {
		said, _ := v.(json.Number)
		n, err := strconv.Atoi(said.String())
		if err != nil || n < 1 {
			return t, bad("page.limit must be a whole number of 1 or more")
		}
		t.limit = min(n, mostResults)
	}
	token, err := page.text("token")
	if err != nil || token == "" {
		return t, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= sha256.Size {
		return t, bad("page.token is none of this search's")
	}
	t.after = string(raw[sha256.Size:])
	if !hmac.Equal(raw[:sha256.Size], d.mac(a, kind, t.after)) {
		return t, bad("page.token is none of this search's")
	}
	return t, nil
}

// token says where the next page begins. It is good for the same search of the same caller alone.
func (d *Door) token(a asking, kind, after string) string {
	return base64.RawURLEncoding.EncodeToString(append(d.mac(a, kind, after), after...))
}

func (d *Door) mac(a asking, kind, after string) []byte {
	h := hmac.New(sha256.New, d.Key)
	for _, part := range [][]byte{[]byte("authzen page"), []byte(kind), []byte(a.caller.ID), plain(a.body["subject"]), plain(a.body["action"]),
		plain(a.body["resource"]), plain(a.body["context"]), []byte(after)} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":"))
		h.Write(part)
	}
	return h.Sum(nil)
}

// plain is JSON as it is always written.
func plain(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil // it was read from JSON
	}
	return raw
}
