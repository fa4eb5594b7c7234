package web

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// read is a connection that only reads.
type read struct {
	net.Conn
	from io.Reader
}

func (r read) Read(p []byte) (int, error) { return r.from.Read(p) }

type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// each reads one request after another as net/http does, and tells the verdict on each with its raw bytes.
func each(from io.Reader, raw []byte, tell func(r *http.Request, raw []byte, err error)) *wire {
	count := &counter{Reader: from}
	w := &wire{Conn: read{from: count}}
	br := bufio.NewReader(w)
	start := 0
	for {
		r, err := http.ReadRequest(br)
		if err != nil {
			return w
		}
		_, err = io.Copy(io.Discard, r.Body)
		end := count.n - br.Buffered()
		tell(r, raw[start:end], w.take(r.Method+" "+r.RequestURI))
		if start = end; err != nil {
			return w
		}
	}
}

// S-I26: whatever bytes come, a request that has both framings, or one of them twice, has a verdict against it.
func FuzzWire(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("\r\nGET / HTTP/1.1\nHost: a\n\nPOST / HTTP/1.0\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		w := each(bytes.NewReader(raw), raw, func(r *http.Request, raw []byte, err error) {
			head, _, _ := strings.Cut(strings.ToLower(string(raw)), "\r\n\r\n")
			lengths, codings := strings.Count(head, "\ncontent-length:"), strings.Count(head, "\ntransfer-encoding:")
			if err == nil && (lengths > 1 || codings > 1 || lengths+codings > 1) {
				t.Fatalf("%q passes", raw)
			}
		})
		if len(w.line) > maxLine {
			t.Fatalf("%d bytes of a line are kept", len(w.line))
		}
	})
}

// Well-formed requests all pass, however they are cut into reads.
func TestWireFollowsOrdinaryTraffic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var raw bytes.Buffer
		n := rapid.IntRange(1, 6).Draw(t, "requests")
		for range n {
			body := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
			switch rapid.IntRange(0, 2).Draw(t, "framing") {
			case 0:
				raw.WriteString("GET /a?b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n")
			case 1:
				r, _ := http.NewRequest("POST", "http://a/len", bytes.NewReader(body))
				_ = r.Write(&raw)
			case 2:
				r, _ := http.NewRequest("POST", "http://a/chunked", io.MultiReader(bytes.NewReader(body)))
				_ = r.Write(&raw)
			}
		}
		from := io.Reader(bytes.NewReader(raw.Bytes()))
		if rapid.Bool().Draw(t, "byte by byte") {
			from = iotest.OneByteReader(from)
		}
		got := 0
		each(from, raw.Bytes(), func(r *http.Request, _ []byte, err error) {
			if got++; err != nil {
				t.Fatalf("%s %s: %v", r.Method, r.RequestURI, err)
			}
		})
		if got != n {
			t.Fatalf("%d of %d requests", got, n)
		}
	})
}

func BenchmarkFront(b *testing.B) {
	f := Front{Reserved: NewNames("Remote-User"), NewID: func() string { return "req" }, Refuse: Door{}.Refuse}
	h := f.Before(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, _ := http.NewRequest("GET", "http://127.0.0.1:8421/orders/7?x=1", nil)
	r.RequestURI, r.RemoteAddr = "/orders/7?x=1", "127.0.0.1:4000"
	for _, name := range []string{"Accept", "Accept-Language", "User-Agent", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Cookie"} {
		r.Header.Set(name, "some value of usual length; q=0.5")
	}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(nopWriter{}, r)
	}
}

type nopWriter struct{}

func (nopWriter) Header() http.Header         { return http.Header{} }
func (nopWriter) Write(p []byte) (int, error) { return len(p), nil }
func (nopWriter) WriteHeader(int)             {}
