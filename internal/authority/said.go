package authority

import (
	"bytes"
	"encoding/json"
)

// mostSaid is how much of what a caller says of a thing stands in the record; of more only that it was said.
const mostSaid = 2048

// cut stands for what was said and is too long for the record.
const cut = "…"

// inRecord is what was said, for the record: a map or a list.
func inRecord[T map[string]any | map[string]int64 | []string](said T) string {
	if len(said) == 0 {
		return ""
	}
	raw, err := json.Marshal(said)
	if err != nil {
		return cut
	}
	return short(string(raw))
}

func short(text string) string {
	if len(text) > mostSaid {
		return cut
	}
	return text
}

// recorded reads back what was said; false where the record does not have it.
func recorded(text string, to any) bool {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	return text == "" || d.Decode(to) == nil
}
