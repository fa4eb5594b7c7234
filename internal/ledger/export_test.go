package ledger

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"pgregory.net/rapid"
)

// export writes the events that keep says, up to the end of the log.
func (m *memory) export(t interface{ Fatal(...any) }, w *bytes.Buffer, keep func(uint64) bool, splits ...uint64) {
	h := ExportHeader{Origin: "stead.test/log", Query: "subject=prn_dana", To: m.st.Head.Size, Generator: "test"}
	x, err := NewExporter(w, h, m.signer.State, m, m.edge, m.st.Head, splits...)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.events {
		if keep(e.Index) {
			if err := x.Event(context.Background(), e.Index, e.Stored); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := x.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (m *memory) verifyExport(t interface{ Fatal(...any) }, file []byte, outside *stead.Head) Report {
	r, _, err := VerifyExport(bytes.NewReader(file), ExportCheck{Key: m.key, Outside: outside})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestExport: whatever is left out, the export leads to the root that was signed.
func TestExport(t *testing.T) {
	m := newMemory(t, 2000)
	m.events[77].Stored = []byte("not JSON\n") // must come back byte for byte all the same
	m.rehash()
	m.st.Head = m.headAtEnd()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SliceOfN(rapid.Uint64Range(0, 2000), 2, 8).Draw(t, "parts")
		slices.Sort(part)
		keep := func(i uint64) bool { // every other stretch
			n, _ := slices.BinarySearch(part, i+1)
			return n%2 == 1
		}
		old := m.headAt(rapid.Uint64Range(0, 2000).Draw(t, "checkpoint"))
		var file bytes.Buffer
		m.export(t, &file, keep, old.Size)
		r := m.verifyExport(t, file.Bytes(), &old)
		if !r.Good() || r.Events+r.Skipped != 2000 || r.Outside != old.Size {
			t.Fatalf("%+v", r)
		}
		old.Root[0] ^= 1
		if r := m.verifyExport(t, file.Bytes(), &old); r.Good() {
			t.Fatal("a fork was not found")
		}
	})
}

func TestExportHeader(t *testing.T) {
	m := newMemory(t, 10)
	var file bytes.Buffer
	m.export(t, &file, func(uint64) bool { return true })
	_, h, err := VerifyExport(bytes.NewReader(file.Bytes()), ExportCheck{Key: m.key})
	if err != nil || h.Form != ExportForm || h.Query != "subject=prn_dana" || h.To != 10 {
		t.Errorf("%+v %v", h, err)
	}
	if _, _, err := VerifyExport(bytes.NewReader(file.Bytes()), ExportCheck{}); stead.KindOf(err) != stead.Invalid {
		t.Errorf("no key: %v", err)
	}
	for _, bad := range []string{"", "\n", "{}\n", `{"form":"stead-export/2"}`, `{"form":"stead-export/1","x":1}`} {
		if _, _, err := VerifyExport(strings.NewReader(bad), ExportCheck{Key: m.key}); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What is signed is the answer to the query: another query, another maker, an event that is left out although it was given, and
// the statement of another export are found, although all of these lead to the same root.
func TestExportIsTheAnswer(t *testing.T) {
	m := newMemory(t, 100)
	given := func(keep func(uint64) bool) string {
		var file bytes.Buffer
		m.export(t, &file, keep)
		return file.String()
	}
	text, fewer := given(func(i uint64) bool { return i%2 == 0 }), given(func(i uint64) bool { return i%2 == 0 && i != 50 })
	statement := func(file string) string { return file[strings.Index(file, `"statement"`):] }
	for name, bad := range map[string]string{
		"another query":            strings.Replace(text, "prn_dana", "prn_erin", 1),
		"another maker":            strings.Replace(text, `"generator":"test"`, `"generator":"best"`, 1),
		"an event less":            strings.Replace(fewer, statement(fewer), statement(text), 1),
		"an event more":            strings.Replace(text, statement(text), statement(fewer), 1),
		"no statement":             text[:strings.Index(text, `,"statement"`)] + "}\n",
		"a statement of no export": strings.Replace(text, `"stead-export/1\nsha256`, `"stead-export/2\nsha256`, 1),
	} {
		if bad == text {
			t.Fatalf("%s: nothing was changed", name)
		}
		if r := m.verifyExport(t, []byte(bad), nil); r.Good() {
			t.Errorf("%s: not found", name)
		}
	}
	for _, good := range []string{text, fewer} {
		if r := m.verifyExport(t, []byte(good), nil); !r.Good() {
			t.Error(r.First())
		}
	}
}

// TestExportTamper edits, removes, doubles and swaps lines and flips bits: K1 for files. What is found is the first.
func TestExportTamper(t *testing.T) {
	m := newMemory(t, 1000)
	var whole bytes.Buffer
	m.export(t, &whole, func(i uint64) bool { return i < 300 || i >= 500 }) // lines: header, 300, skip, 500, end
	good := bytes.SplitAfter(whole.Bytes(), []byte("\n"))
	good = good[:len(good)-1]
	rng := rand.New(rand.NewPCG(3, 4))
	try := func(name string, at int, lines [][]byte) {
		r := m.verifyExport(t, bytes.Join(lines, nil), &m.st.Head)
		if want := indexOfLine(at); r.Good() || (r.First().To == r.First().Index+1 && r.First().Index != want) {
			t.Fatalf("%s line %d: %v, want event %d", name, at, r.First(), want)
		}
	}
	for range 300 {
		i := 1 + rng.IntN(len(good)-2)
		lines := slices.Clone(good)
		lines[i] = flip(lines[i], rng)
		try("flip", i, lines)
		try("remove", i, slices.Delete(slices.Clone(good), i, i+1))
		try("double", i, slices.Insert(slices.Clone(good), i, good[i]))
		j := i + 1
		if j < len(good)-1 {
			lines = slices.Clone(good)
			lines[i], lines[j] = lines[j], lines[i]
			try("swap", i, lines)
		}
		try("cut", i, good[:i])
	}
}

// indexOfLine is the event that stands, or begins to be left out, in a line of the export above.
func indexOfLine(line int) uint64 {
	if line <= 301 {
		return uint64(line - 1)
	}
	return uint64(line - 302 + 500)
}

func TestExportEnd(t *testing.T) {
	m := newMemory(t, 100)
	var file bytes.Buffer
	m.export(t, &file, func(uint64) bool { return true })
	text := file.String()
	lines := strings.SplitAfter(text, "\n")
	end := lines[101]
	other := newMemory(t, 90)
	for name, bad := range map[string]string{
		"another count":      strings.Replace(text, `{"count":100`, `{"count":99`, 1),
		"no count":           strings.Replace(text, `{"count":100`, `{"count":null`, 1),
		"nothing signed":     strings.Replace(text, "stead.test/log\\n100", "stead.test/log\\n101", 1),
		"a line more":        text + end,
		"an event more":      text + lines[1],
		"a smaller head":     strings.Replace(text, end, fmt.Sprintf("{\"count\":100,\"checkpoint\":%q}\n", other.st.Head.Note), 1),
		"a larger head":      strings.Replace(strings.Join(lines[:100], "")+end, `"count":100`, `"count":99`, 1),
		"another origin":     strings.Replace(text, `"origin":"stead.test/log"`, `"origin":"elsewhere"`, 1),
		"a skip of nothing":  strings.Replace(text, end, `{"skip":100,"to":100,"hashes":[]}`+"\n"+end, 1),
		"a skip to nowhere":  strings.Replace(text, end, `{"skip":100,"to":9223372036854775808,"hashes":[]}`+"\n"+end, 1),
		"a skip, no hashes":  strings.Replace(text, end, `{"skip":100,"to":200,"hashes":["x","y","z","a"]}`+"\n"+end, 1),
		"a skip from before": strings.Replace(text, end, `{"skip":99,"to":100,"hashes":["x"]}`+"\n"+end, 1),
		"nonsense":           strings.Replace(text, end, "nonsense\n"+end, 1),
	} {
		if r := m.verifyExport(t, []byte(bad), nil); r.Good() {
			t.Errorf("%s: not found", name)
		}
	}
	if r := m.verifyExport(t, []byte(strings.TrimSuffix(text, "\n")), nil); !r.Good() {
		t.Errorf("without the last line end: %v", r.First())
	}
	newer := newMemory(t, 200)
	if r := m.verifyExport(t, []byte(text), &newer.st.Head); r.First().What != "checkpoint" {
		t.Errorf("an export older than the checkpoint: %v", r.First())
	}
	var part bytes.Buffer
	m.export(t, &part, func(i uint64) bool { return i > 60 })
	old := m.headAt(33)
	if r := m.verifyExport(t, part.Bytes(), &old); r.First().What != "checkpoint" || r.First().Index != 33 {
		t.Errorf("a checkpoint that can not be compared: %v", r.First())
	}
}

func TestExporterRefuses(t *testing.T) {
	m := newMemory(t, 100)
	x, err := NewExporter(&bytes.Buffer{}, ExportHeader{}, m.signer.State, m, m.edge, m.st.Head)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Event(context.Background(), 7, m.events[7].Stored); err != nil {
		t.Fatal(err)
	}
	for _, index := range []uint64{7, 3, 100} {
		if err := x.Event(context.Background(), index, nil); stead.KindOf(err) != stead.Broken {
			t.Errorf("event %d after 7: %v", index, err)
		}
	}
	if _, err := NewExporter(&bytes.Buffer{}, ExportHeader{}, m.signer.State, m, Edge{}, m.st.Head); stead.KindOf(err) != stead.Broken {
		t.Errorf("an edge older than the head: %v", err)
	}
}

func TestLongLines(t *testing.T) {
	m := newMemory(t, 3)
	m.events[1].Stored = []byte(`{"a":"` + strings.Repeat("x", 3<<20) + `"}`)
	m.rehash()
	m.st.Head = m.headAtEnd()
	var file bytes.Buffer
	m.export(t, &file, func(uint64) bool { return true })
	if r := m.verifyExport(t, file.Bytes(), nil); !r.Good() {
		t.Error(r.First())
	}
	_, _, err := VerifyExport(strings.NewReader(strings.Repeat("x", maxLine+1<<20)), ExportCheck{Key: m.key})
	if stead.KindOf(err) != stead.Invalid {
		t.Errorf("an endless line: %v", err)
	}
}

func FuzzVerifyExport(f *testing.F) {
	m := newMemory(f, 40)
	var file bytes.Buffer
	m.export(f, &file, func(i uint64) bool { return i < 5 || i > 20 }, 30)
	f.Add(file.Bytes())
	f.Add([]byte(`{"form":"stead-export/1"}` + "\n" + `{"skip":0,"to":40,"hashes":[]}`))
	good := events(file.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := VerifyExport(bytes.NewReader(data), ExportCheck{Key: m.key, Outside: &m.st.Head})
		if err != nil || !r.Good() {
			return
		}
		for e := range events(data) {
			if !good[e] {
				t.Fatalf("an event that is not in the log was taken: %q", e)
			}
		}
	})
}

// events are those in an export, by their stored bytes.
func events(file []byte) map[string]bool {
	found := make(map[string]bool)
	for line := range bytes.Lines(file) {
		if e, ok := parseEventLine(bytes.TrimSuffix(line, []byte("\n"))); ok {
			found[string(e.stored)] = true
		}
	}
	return found
}

// BenchmarkVerifyExport tells events per second; each is of a usual size.
func BenchmarkVerifyExport(b *testing.B) {
	m := newMemory(b, 100_000)
	var file bytes.Buffer
	m.export(b, &file, func(uint64) bool { return true })
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if r := m.verifyExport(b, file.Bytes(), nil); !r.Good() {
			b.Fatal(r.First())
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(len(m.events[1].Stored)), "bytes/event")
}
