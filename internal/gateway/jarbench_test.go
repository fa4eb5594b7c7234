package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

// BenchmarkJar opens and writes what a page of two cookies brings along.
func BenchmarkJar(b *testing.B) {
	g := &Gateway{ongoing: &ongoing{}, JarKey: make([]byte, 32), Now: time.Now, Apps: []App{{App: stead.App{ID: "wiki", Hosts: []string{"wiki.test"}}}}}
	g.settle()
	m := &stead.Mandate{ID: "man_1"}
	v := &visit{app: &g.Apps[0], place: place{app: &g.Apps[0]}, who: served{&stead.Principal{ID: "sam"}, &stead.Principal{ID: "dana"}, m}}
	box, err := g.box("jar", m.ID)
	if err != nil {
		b.Fatal(err)
	}
	h := http.Header{}
	for _, name := range []string{"sid", "csrf"} {
		c, _ := (cookie{name: name, value: "0123456789abcdef0123456789abcdef", domain: "wiki.test", path: "/"}).sealed(box, "wiki", m.ID)
		h.Add("Cookie", c.name+"="+c.value)
	}
	in, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://wiki.test/a", nil)
	if err != nil {
		b.Fatal(err)
	}
	in.Header = h
	b.ReportAllocs()
	for b.Loop() {
		t := &trip{g: g, v: v, in: in}
		t.fetch(b.Context())()
		t.sends(http.Header{})
		if len(t.carried) != 2 {
			b.Fatal("not opened")
		}
	}
}

// BenchmarkRedacted hides the secrets of a page of 100 KiB.
func BenchmarkRedacted(b *testing.B) {
	text := strings.Repeat(`<p class="x">some text and <a href="/feed.atom?key=0123">links</a></p>`, 1500)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if n, err := io.Copy(io.Discard, &redacted{src: io.NopCloser(strings.NewReader(text)), secrets: someSecrets[:1]}); err != nil || n != int64(len(text)) {
			b.Fatal(n, err)
		}
	}
}
