package stead_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

// canonical asks the oracle: what was written must be what RFC 8785 makes of it.
func canonical(t interface{ Fatalf(string, ...any) }, written []byte) {
	want, err := jcs.Transform(written)
	if err != nil {
		t.Fatalf("the oracle cannot read %q: %v", written, err)
	}
	if diff := cmp.Diff(string(want), string(written)); diff != "" {
		t.Fatalf("not in RFC 8785 form: %s", diff)
	}
}

func TestAppendStringGolden(t *testing.T) {
	for in, want := range map[string]string{
		"": `""`, "a": `"a"`, "é€😀": `"é€😀"`, `"\`: `"\"\\"`, "\b\t\n\f\r": `"\b\t\n\f\r"`,
		"\x00\x1f\x7f": `"\u0000\u001f` + "\x7f" + `"`, "</script>&": `"</script>&"`, "\u2028\u2029": "\"\u2028\u2029\"",
		"a\xffb": "\"a\ufffdb\"", "\xed\xa0\x80": "\"\ufffd\ufffd\ufffd\"",
	} {
		if got := string(AppendString(nil, in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a\"b", "\x00\n", "\u2028", "😀\ufffe", "\xff\xfe", "\U0010ffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendString([]byte("["), s)
		b = append(b, ']')
		canonical(t, b)
		var back []string
		if err := json.Unmarshal(b, &back); err != nil || back[0] != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Fatalf("%q came back as %q, %v", s, back, err)
		}
	})
}

// FuzzAppendFields: names in UTF-16 order, whatever they are.
func FuzzAppendFields(f *testing.F) {
	f.Add("reason", "because", "title", "Orders")
	f.Add("\U00010000", "beyond the basic plane", "\uffff", "last in it")
	f.Add("a", "prefix", "aa", "longer")
	f.Add("", "empty name", "\ue000", "private use")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		if !utf8.ValidString(k1) || !utf8.ValidString(k2) {
			return // names are ours, never a caller's
		}
		b := AppendFields(nil, Fields{k1: v1, k2: v2})
		canonical(t, b)
	})
}

func TestAppendFieldsOrder(t *testing.T) {
	got := string(AppendFields(nil, Fields{"\uffff": "3", "\U0001f600": "2", "a": "1", "gone": ""}))
	if want := "{\"a\":\"1\",\"\U0001f600\":\"2\",\"\uffff\":\"3\"}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := string(AppendFields([]byte("x"), nil)); got != "x{}" {
		t.Errorf("no fields: %s", got)
	}
}

func TestAppendEventGolden(t *testing.T) {
	e := Event{ID: "evt_1", Kind: "mandate.started", At: noon, Actor: "prn_sam", Subject: "prn_dana", Mandate: "man_1",
		Session: "ses_1", Outcome: OK, App: "orders", Status: 200, Size: -1,
		Records: []RecordRef{{Kind: KindMandate, ID: "man_1", Version: 2, SHA256: Hash{0xab}}},
		Counts:  []Count{{Key: "otp/x", Op: CountPass, N: 5, Until: noon.Add(time.Minute)}},
		Who:     Fields{"not": "written here"}, ActorPerson: "per_sam"}
	want := `{"actor":"prn_sam","app":"orders","at":"2026-03-02T12:00:00.000000Z",` +
		`"counts":[{"key":"otp/x","n":5,"op":"pass","until":"2026-03-02T12:01:00.000000Z"}],` +
		`"id":"evt_1","kind":"mandate.started","mandate":"man_1","outcome":"ok",` +
		`"records":[{"id":"man_1","kind":"mandate","sha256":"ab` + strings.Repeat("0", 62) + `","version":2}],` +
		`"session":"ses_1","size":-1,"status":200,"subject":"prn_dana","v":1,"what":"_w","who":"AQI"}`
	got := string(AppendEvent(nil, &e, []byte{1, 2}, []byte{0xff}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	canonical(t, []byte(got))
	if got := string(AppendEvent([]byte("x"), &Event{}, nil, nil)); got != `x{"at":"0001-01-01T00:00:00.000000Z","v":1}` {
		t.Errorf("the empty event: %s", got)
	}
}

func TestAppendEventAgainstOracle(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		num := rapid.Int64Range(-(1<<53)+1, 1<<53-1)
		e := Event{
			ID: EventID(text.Draw(t, "id")), Kind: EventKind(text.Draw(t, "kind")), Actor: PrincipalID(text.Draw(t, "actor")),
			Subject: PrincipalID(text.Draw(t, "subject")), Mandate: MandateID(text.Draw(t, "mandate")),
			Session: SessionID(text.Draw(t, "session")), Decision: DecisionID(text.Draw(t, "decision")), Of: EventID(text.Draw(t, "of")),
			Outcome: Outcome(text.Draw(t, "outcome")), Reason: Reason(text.Draw(t, "reason")), App: AppID(text.Draw(t, "app")),
			Policy: text.Draw(t, "policy"), Status: int(num.Draw(t, "status")), Size: num.Draw(t, "size"),
			At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).In(time.FixedZone("x", 3600)),
		}
		for range rapid.IntRange(0, 3).Draw(t, "records") {
			e.Records = append(e.Records, RecordRef{Kind: RecordKind(text.Draw(t, "rkind")), ID: text.Draw(t, "rid"),
				Version: rapid.Uint64Range(0, 1<<53-1).Draw(t, "version")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "counts") {
			e.Counts = append(e.Counts, Count{Key: text.Draw(t, "key"), Op: CountAdd, N: num.Draw(t, "n"), Max: num.Draw(t, "max"), Until: e.At})
		}
		bytes := rapid.SliceOf(rapid.Byte())
		who := bytes.Draw(t, "who")
		got := AppendEvent(nil, &e, who, bytes.Draw(t, "what"))
		canonical(t, got)
		var back struct {
			At  time.Time
			Who string
			ID  string
		}
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		opened, err := base64.RawURLEncoding.DecodeString(back.Who)
		if err != nil || string(opened) != string(who) || !back.At.Equal(e.At) || back.ID != string(e.ID) {
			t.Fatalf("%s does not say what it was given: %v", got, err)
		}
	})
}

// The injectivity that the ledger rests on: two events that differ are written differently.
func TestAppendEventTellsApart(t *testing.T) {
	base := Event{ID: "e", Kind: "k", At: noon, Actor: "a", Subject: "a"}
	seen := map[string]string{string(AppendEvent(nil, &base, nil, nil)): "base"}
	for name, change := range map[string]func(*Event){
		"actor": func(e *Event) { e.Actor = "b" }, "subject": func(e *Event) { e.Subject = "b" },
		"at": func(e *Event) { e.At = e.At.Add(time.Microsecond) }, "mandate": func(e *Event) { e.Mandate = "a" },
		"session": func(e *Event) { e.Session = "a" }, "decision": func(e *Event) { e.Decision = "a" },
		"of": func(e *Event) { e.Of = "a" }, "outcome": func(e *Event) { e.Outcome = "a" }, "reason": func(e *Event) { e.Reason = "a" },
		"app": func(e *Event) { e.App = "a" }, "policy": func(e *Event) { e.Policy = "a" }, "status": func(e *Event) { e.Status = 1 },
		"size": func(e *Event) { e.Size = 1 }, "records": func(e *Event) { e.Records = []RecordRef{{}} },
		"records 2": func(e *Event) { e.Records = []RecordRef{{}, {}} }, "counts": func(e *Event) { e.Counts = []Count{{}} },
		"counts 2": func(e *Event) { e.Counts = []Count{{}, {}} }, "kind": func(e *Event) { e.Kind = "k.refused" }, "id": func(e *Event) { e.ID = "f" },
	} {
		e := base
		change(&e)
		b := string(AppendEvent(nil, &e, nil, nil))
		if other, twice := seen[b]; twice {
			t.Errorf("%s is written as %s is: %s", name, other, b)
		}
		seen[b] = name
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	e := Event{ID: "evt_1", Kind: "request.allowed", At: noon, Actor: "prn_sam", Subject: "prn_dana", Mandate: "man_1", Outcome: OK}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendEvent(buf[:0], &e, buf[:16], buf[:64])
	}
}

func TestAppendTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-6e16, 2e17).Draw(t, "at")).In(time.FixedZone("x", 3600)).Add(999)
		if got, want := string(AppendTime([]byte("x"), at)), "x"+at.UTC().Format(TimeForm); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}
