package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// What a browser would keep of a line, by RFC 6265 5.2 and 5.3.
func TestReadCookie(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	const host = "wiki.example.co.uk"
	for line, want := range map[string]cookie{
		"a=b":                                 {name: "a", value: "b", domain: host, path: "/x"},
		" a = b c ; path=/y":                  {name: "a", value: "b c", domain: host, path: "/y"},
		"a=b; Path=y":                         {name: "a", value: "b", domain: host, path: "/x"},
		"a=b=c; Path":                         {name: "a", value: "b=c", domain: host, path: "/x"},
		`a="b;c"`:                             {name: "a", value: `"b`, domain: host, path: "/x"},
		"a=b; Domain=.example.co.uk; Domain=": {name: "a", value: "b", domain: host, path: "/x"},
		"a=b; Domain=.Example.co.uk":          {name: "a", value: "b", domain: ".example.co.uk", path: "/x"},
		"a=b; domain=wiki.example.co.uk":      {name: "a", value: "b", domain: ".wiki.example.co.uk", path: "/x"},
		"a=b; Domain=co.uk":                   {},
		"a=b; Domain=example.com":             {},
		"a=b; Domain=iki.example.co.uk":       {},
		"a=b; Domain=deep.wiki.example.co.uk": {},
		"a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT": {name: "a", value: "b", domain: host, path: "/x", until: now.Add(time.Minute)},
		"a=b; Expires=Wed, 04-Mar-2026 12:00:09 GMT":             {name: "a", value: "b", domain: host, path: "/x", until: now.Add(9 * time.Second)},
		"a=b; Expires=soon":    {name: "a", value: "b", domain: host, path: "/x"},
		"a=b; Max-Age=-1":      {name: "a", value: "b", domain: host, path: "/x", until: now},
		"a=b; SameSite=strict": {name: "a", value: "b", domain: host, path: "/x", strict: true},
		"":                     {}, "a": {}, "=b": {}, ";a=b": {}, "a=b\x00c": {}, "a=b\rc": {}, "a=" + strings.Repeat("b", 4096): {},
	} {
		got, ok := readCookie(line, host, "/x/y", now)
		if ok != (want.name != "") {
			t.Errorf("%q: kept %v", line, ok)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(cookie{}), cmpopts.IgnoreFields(cookie{}, "made")); ok && diff != "" {
			t.Errorf("%q: %s", line, diff)
		}
	}
	for _, local := range []string{"127.0.0.1", "localhost", "::1"} {
		if c, ok := readCookie("a=b; Domain="+local, local, "/", now); !ok || c.domain != local {
			t.Errorf("%s: %v %+v", local, ok, c)
		}
	}
}

func TestCookieReachesAndLiesUnder(t *testing.T) {
	for _, tc := range []struct {
		domain, host string
		want         bool
	}{{"a.test", "a.test", true}, {"a.test", "b.a.test", false}, {".a.test", "b.a.test", true}, {".a.test", "a.test", true}, {".a.test", "ba.test", false}} {
		if got := (cookie{domain: tc.domain}).reaches(tc.host); got != tc.want {
			t.Errorf("%+v", tc)
		}
	}
	for _, tc := range []struct {
		path, at string
		want     bool
	}{{"/", "/a", true}, {"/a", "/a", true}, {"/a", "/a/b", true}, {"/a", "/ab", false}, {"/a/", "/a", false}, {"/a/", "/a/b", true}, {"/A", "/a", false}} {
		if got := (cookie{path: tc.path}).under(tc.at); got != tc.want {
			t.Errorf("%+v", tc)
		}
	}
}

// One jar serves all hosts of an application: what is for several is sent to each of the mandate's, and to none of the
// application's own in the clear.
func TestJarOfSeveralHosts(t *testing.T) {
	app := App{App: stead.App{ID: "wiki", Hosts: []string{"wiki.corp.example.com", "files.corp.example.com", "old.example.net"}}}
	g := &Gateway{ongoing: &ongoing{}, Apps: []App{app}, Acting: "act.example.org:8443", JarKey: []byte("k"), Now: func() time.Time { return time.UnixMilli(5000) },
		Cookie: web.NewCookie("stead", "a:8443", true), Door: web.Door{Log: slog.New(slog.DiscardHandler)}}
	g.settle()
	m := &stead.Mandate{ID: "man_1", StartedAt: time.UnixMilli(0), Bounds: stead.Bounds{Length: stead.Duration(time.Hour)}}
	tripTo := func(n int, shared bool, sent []string) *trip {
		v := &visit{app: &g.Apps[0], place: place{app: &g.Apps[0], n: n, label: m.ID.Label()}}
		if shared {
			v.place.label = ""
		}
		v.who = served{&stead.Principal{ID: "sam"}, &stead.Principal{ID: "dana"}, m}
		in, err := http.NewRequestWithContext(t.Context(), "GET", "http://x/p", nil)
		if err != nil {
			t.Fatal(err)
		}
		in.Header["Cookie"] = sent
		tr := &trip{g: g, v: v, in: in}
		tr.fetch(t.Context())()
		return tr
	}
	set := http.Header{"Set-Cookie": {"one=1", "all=2; Domain=corp.example.com; Path=/", "net=3; Domain=example.net"}}
	if err := tripTo(0, true, nil).gives(set); err != nil || !strings.Contains(set["Set-Cookie"][1], "; Domain=corp.example.com;") {
		t.Errorf("on shared hosts: %q %v", set["Set-Cookie"], err)
	}
	set = http.Header{"Set-Cookie": {"one=1", "all=2; Domain=corp.example.com; Path=/", "net=3; Domain=example.net"}}
	if err := tripTo(0, false, nil).gives(set); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, line := range set["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err != nil || !c.Secure || !c.HttpOnly {
			t.Fatalf("%q %v", line, err)
		}
		if wide := strings.HasSuffix(c.Name, "-all"); wide != (c.Domain == "act.example.org") || !wide && c.Domain != "" {
			t.Errorf("%q", line)
		}
		sent = append(sent, c.Name+"="+c.Value)
	}
	for n, want := range []string{"one=1; all=2", "all=2", ""} {
		h := http.Header{}
		if tripTo(n, false, sent).sends(h); h.Get("Cookie") != want {
			t.Errorf("at host %d: %q, want %q", n, h.Get("Cookie"), want)
		}
	}
	if len(sent) != 2 {
		t.Errorf("what its host may not set is not kept: %q", sent)
	}
}

func FuzzReadCookie(f *testing.F) {
	for _, s := range []string{"a=b; Domain=.x.test; Path=/; Max-Age=1", "a=b;;;=;", "a=b; Expires=Mon, 02-Jan-06 15:04:05 GMT"} {
		f.Add(s)
	}
	g := &Gateway{ongoing: &ongoing{}, JarKey: []byte("k")}
	box, err := g.box("jar", "man_1")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		now := time.UnixMilli(1700000000000)
		c, ok := readCookie(line, "w.x.test", "/p/q", now)
		if !ok {
			return
		}
		sealed, fits := c.sealed(box, "wiki", "man_1")
		if !fits {
			return
		}
		set := g.setLine(sealed, time.Minute, true)
		if strings.ContainsAny(set, "\r\n\x00") || !strings.HasPrefix(set, jarPrefix) {
			t.Fatalf("%q", set)
		}
		if _, err := http.ParseSetCookie(set); err != nil && strings.Trim(c.path, "!\"#$%&'()*+,-./0123456789:<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ ") == "" {
			t.Fatalf("%q: %v", set, err)
		}
		back, ok := openCookie(box, "wiki", "man_1", sealed.name, sealed.value)
		if !ok || back.name != c.name || back.value != c.value || back.domain != c.domain || back.path != c.path || back.until.Unix() != c.until.Unix() && !c.until.IsZero() {
			t.Fatalf("%+v became %+v", c, back)
		}
		if _, ok := openCookie(box, "other", "man_1", sealed.name, sealed.value); ok {
			t.Fatal("another application opens it")
		}
		if _, ok := openCookie(box, "wiki", "man_1", sealed.name+"x", sealed.value); ok {
			t.Fatal("it opens under another name")
		}
		next, _ := g.box("jar", "man_2")
		if _, ok := openCookie(next, "wiki", "man_2", strings.Replace(sealed.name, jarName("man_1"), jarName("man_2"), 1), sealed.value); ok {
			t.Fatal("another mandate opens it")
		}
	})
}

// The jar keeps the younger of two, and no more than it may.
func TestJarKeeps(t *testing.T) {
	now := time.UnixMilli(1000)
	j := &jar{}
	for i := range maxInJar + 3 {
		j.keep(now, cookie{name: fmt.Sprint(i), path: "/", made: now})
	}
	j.keep(now, cookie{name: "5", path: "/", value: "new", made: now.Add(1)}, cookie{name: "5", path: "/", value: "old", made: now})
	j.keep(now, cookie{name: "6", path: "/", made: now.Add(1), until: now})
	all := j.all(now)
	if len(all) != maxInJar-1 || all[len(all)-1].value != "new" || all[0].name != "3" {
		t.Errorf("%d %+v", len(all), all[len(all)-1])
	}
}

// One runs alone; the others go on with the head of its answer, when it failed the next one, and nobody waits for ever.
func TestPrime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &jar{turn: make(chan struct{}, 1), primed: make(chan struct{})}
		first := j.prime(t.Context())
		began := time.Now()
		gone, cancel := context.WithCancel(t.Context())
		done := make(chan string, 8)
		go func() { j.prime(gone)(); done <- "gone" }()
		synctest.Wait()
		cancel()
		if <-done; time.Since(began) != 0 {
			t.Error("who is gone waits")
		}
		j.prime(t.Context())()
		if time.Since(began) != primeFor {
			t.Errorf("waited %s", time.Since(began))
		}
		for range 3 {
			go func() {
				over := j.prime(t.Context())
				time.Sleep(time.Second)
				j.answered()
				over()
				done <- "next"
			}()
		}
		synctest.Wait()
		began = time.Now()
		first() // without an answer
		for range 3 {
			<-done
		}
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("one alone, then two at once: %s", d)
		}
		j.prime(t.Context())()
	})
}

var someSecrets = []*regexp.Regexp{regexp.MustCompile(`key=([0-9a-f]+)`), regexp.MustCompile(`(?i)tok(?:en)?-[a-z]{4}`), regexp.MustCompile(`\bpin:"[^"]{2,}"`)}

// Secrets are hidden wherever the text is cut, and nothing else changes.
func TestRedactedPieces(t *testing.T) {
	const text = `some text key= key=0123abcd&x=1 FILL pin:"4711" TOKEN-abcd tok-wxyz Key=aa key=ff`
	const want = `some text key= key=xxxxxxxx&x=1 FILL xxxxxxxxxx xxxxxxxxxx xxxxxxxx Key=aa key=xx`
	fill := strings.NewReplacer("FILL", strings.Repeat("y", 9000))
	for name, cut := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader,
		"halves": iotest.HalfReader, "data and end": iotest.DataErrReader} {
		got, err := io.ReadAll(&redacted{src: io.NopCloser(cut(strings.NewReader(fill.Replace(text)))), secrets: someSecrets})
		if err != nil || string(got) != fill.Replace(want) {
			t.Errorf("%s: %v\n%q", name, err, tail(string(got)))
		}
	}
	optional := []*regexp.Regexp{regexp.MustCompile(`k(e)?y`)}
	if got := hidden(optional, []byte("key ky")); string(got) != "kxy xx" {
		t.Errorf("a group that is not there hides all: %q", got)
	}
}

func tail(s string) string { return s[max(0, len(s)-80):] }

func FuzzRedacted(f *testing.F) {
	f.Add("a key=00ff b token-abcd", uint8(3), uint16(0))
	f.Add(`pin:"12" key=`, uint8(1), uint16(4096))
	f.Fuzz(func(t *testing.T, text string, size uint8, pad uint16) {
		text += strings.Repeat(".", int(pad%9000)) + text
		want := string(hidden(someSecrets, []byte(text)))
		r := &redacted{src: io.NopCloser(&pieces{text, 64 + int(size)*37}), secrets: someSecrets}
		got, err := io.ReadAll(r)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v\n%q\n%q", err, got, want)
		}
		for i := range got {
			if got[i] != want[i] && got[i] != 'x' { // where it was cut, \b may see the beginning of a word
				t.Fatalf("at %d\n%q\n%q", i, got, want)
			}
		}
	})
}

// pieces gives a text bit by bit.
type pieces struct {
	text string
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.text)
	p.text = p.text[n:]
	return n, nil
}

// What begins with fixed text holds nothing else back; a broken source and an endless secret give nothing more.
func TestRedactedHoldsBackLittle(t *testing.T) {
	fixed := []*regexp.Regexp{regexp.MustCompile(`key=([0-9a-f]+)`)}
	in, out := io.Pipe()
	r := &redacted{src: in, secrets: fixed}
	go func() { _, _ = io.WriteString(out, "data: hello ke") }()
	var b [64]byte
	if n, err := r.Read(b[:]); err != nil || string(b[:n]) != "data: hello " {
		t.Errorf("%q %v", b[:n], err)
	}
	broken := errors.New("broken")
	r = &redacted{src: io.NopCloser(io.MultiReader(strings.NewReader("a key=00"), iotest.ErrReader(broken))), secrets: fixed}
	if got, err := io.ReadAll(r); !errors.Is(err, broken) || string(got) != "a " {
		t.Errorf("%q %v", got, err)
	}
	r = &redacted{src: io.NopCloser(strings.NewReader("key=" + strings.Repeat("0", 100<<10))), secrets: fixed}
	if got, err := io.ReadAll(r); !errors.Is(err, errSecret) || len(got) != 0 {
		t.Errorf("%d %v", len(got), err)
	}
}

func TestWhoamiFolds(t *testing.T) {
	for _, tc := range []struct {
		fold, name, written string
		want                bool
	}{{"", "dana", "dana", true}, {"", "dana", "Dana", false}, {"first-upper", "dana", "Dana", true}, {"first-upper", "émile", "Émile", true},
		{"first-upper", "dana", "dana", false}, {"upper", "dana", "DANA", true}, {"lower", "Dana", "dana", true}, {"", "d&d", "d&amp;d", true}, {"", "dana", "dana ", false}, {"", "", "", true}} {
		if got := (&Whoami{Fold: tc.fold}).is(tc.name, tc.written); got != tc.want {
			t.Errorf("%+v", tc)
		}
	}
}

// A name is looked for as long as there is hope, and not longer: what comes slowly is not kept back for ever.
func TestAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		a := &ahead{src: in, pieces: make(chan piece), done: make(chan struct{})}
		go a.read()
		go func() {
			_, _ = io.WriteString(out, "slow")
			time.Sleep(time.Minute)
			_, _ = io.WriteString(out, " but whole")
			_ = out.Close()
		}()
		began := time.Now()
		if found := a.look(func([]byte, bool) []string { return nil }); found != nil || time.Since(began) != lookFor {
			t.Errorf("%v after %s", found, time.Since(began))
		}
		if got, err := io.ReadAll(a); err != nil || string(got) != "slow but whole" {
			t.Errorf("%q %v", got, err)
		}
		if err := errors.Join(a.Close(), a.Close()); err != nil {
			t.Error(err)
		}
	})
}
