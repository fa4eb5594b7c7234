package authority

import (
	"bytes"
	"encoding/json"
)

// mostSaid is how much of what a caller says of a thing stands in the record; of more only that it was said.
const mostSaid = 2048

// inRecord is what was said, for the record.
func inRecord(said map[string]any) string {
	if len(said) == 0 {
		return ""
	}
	raw, err := json.Marshal(said)
	if err != nil || len(raw) > mostSaid {
		return "…"
	}
	return string(raw)
}

func saidOf(text string) (said map[string]any) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if d.Decode(&said) != nil {
		return nil
	}
	return said
}
