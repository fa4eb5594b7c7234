package authzen

import (
	"encoding/json"
	"testing"

	"github.com/steadhq/stead"
)

// A body is refused, or it has one reading: what is read of it is what any other reader finds there.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"subject":{"type":"user","id":"sam"},"action":{"name":"read","properties":{"soft":true}},"resource":{"type":"path","id":"orders/x","properties":{"n":1e3}}}`,
		`{"subject":{"type":"user","id":"sam"},"action":{"name":"read"},"evaluations":[{"resource":{"type":"path","id":"a"}},{},null,7]}`,
		`{"context":{"mandate":"m","act":{"sub":"x","sub_profile":"ai_agent"},"confirmation":{"jkt":"k"}},"options":{"evaluations_semantic":"deny_on_first_deny"}}`,
		`{"a":1,"A":2}`, `{"subject":{"type":"user","id":"sam"}} {}`, `[[[[`, "null", "", "\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := parse(raw)
		if err != nil {
			if stead.KindOf(err) != stead.Invalid {
				t.Fatalf("%v is no word to who sent it", err)
			}
			return
		}
		var other map[string]any
		if err := json.Unmarshal(raw, &other); err != nil || len(other) != len(body) {
			t.Fatalf("read as %v, and elsewhere as %v: %v", body, other, err)
		}
		if e, err := body.evaluation(); err == nil {
			subject, ok := other["subject"].(map[string]any)
			if !ok || subject["id"] != e.Subject.ID || subject["type"] != e.Subject.Type || e.Action.ID == "" || e.Resource.Type == "" {
				t.Fatalf("%+v of %s", e, raw)
			}
		}
		if b, err := body.batch(); err == nil {
			for _, item := range b.items {
				_, err := b.item(item)
				if err != nil && stead.KindOf(err) != stead.Invalid {
					t.Fatal(err)
				}
			}
		}
	})
}

// Half a character is none: whatever two readers put in its place would make one name of two.
func TestHalfCharacters(t *testing.T) {
	for text, want := range map[string]bool{
		`"a"`: false, `"\ud83d\ude00"`: false, `"\uD83D\uDE00x"`: false, `"\ufffd"`: false, `"\\ud800"`: false, `"\\\\ud800"`: false,
		`"\ud800"`: true, `"\udc00"`: true, `"\ud800\ud800"`: true, `"\ud800x"`: true, `"\ude00\ud83d"`: true, `"\\\ud800"`: true,
		`"\ud83d\ude00\ud83d"`: true, `"\ud83d\n\ude00"`: true, `{"\udfff":1}`: true, `{"\ud83d\ude00":1}`: false,
	} {
		if _, err := parse([]byte(`{"a":` + text + `}`)); (stead.KindOf(err) == stead.Invalid) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
