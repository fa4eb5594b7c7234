package stead

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Parameters is the condition that a mandate is for one call alone: the SHA-256 of it, in hex.
const Parameters = "parameters"

// A Call is what is to be done to what, as a service asks about it (AuthZEN 1.0, 5): one approval can be for exactly that.
type Call struct {
	Action struct {
		Name       string         `json:"name"`
		Properties map[string]any `json:"properties,omitempty"`
	} `json:"action"`
	Resource struct {
		Type       string         `json:"type"`
		ID         string         `json:"id"`
		Properties map[string]any `json:"properties,omitempty"`
	} `json:"resource"`
}

// mostCall is how many bytes of a call anybody reads before he agrees to it.
const mostCall = 4096

// Sum is the digest of a call that is written down.
func (c Call) Sum() (text, sum string, err error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it is read by people
	if err := enc.Encode(c); err != nil {
		return "", "", Because(err, "write what was asked")
	}
	text = strings.TrimSuffix(b.String(), "\n")
	return text, callSum(text), nil
}

func callSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// wrongCall tells why nobody can agree to the call of a wish, "" where he can.
func wrongCall(w Wish) string {
	only := w.Scope.Conditions[Parameters]
	switch {
	case w.Call == "":
		return ""
	case len(w.Call) > mostCall:
		return "this call says more than anybody reads before he agrees to it: at most 4096 bytes"
	case hides(w.Call):
		return "this call holds characters that cannot be shown: take them away"
	case len(only) != 1 || only[0] != callSum(w.Call):
		return "this is not the call that it is asked for"
	}
	return ""
}

// Said is what the one call of a mandate says beside its action and resource, name by name, as it was written.
func (m Mandate) Said() (rows [][2]string) {
	var c struct {
		Action, Resource struct{ Properties map[string]json.RawMessage }
	}
	if json.Unmarshal([]byte(m.Call), &c) != nil {
		return nil // there is none
	}
	for _, said := range []map[string]json.RawMessage{c.Action.Properties, c.Resource.Properties} {
		for _, name := range slices.Sorted(maps.Keys(said)) {
			rows = append(rows, [2]string{name, string(said[name])})
		}
	}
	return rows
}
