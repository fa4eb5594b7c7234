package gateway

import (
	"io"
	"strings"
	"testing"
)

// BenchmarkInjector is what the indicator costs on a page of 100 KiB, beside the page passed on as it is.
func BenchmarkInjector(b *testing.B) {
	page := "<!doctype html><html><head><title>Orders</title><link rel=stylesheet href=/a.css></head><body>" + strings.Repeat("<p>An order of <b>3</b> lamps.</p>\n", 3000)
	for name, open := range map[string]func() io.Reader{
		"as it is": func() io.Reader { return strings.NewReader(page) },
		"with bar": func() io.Reader {
			return newInjector(io.NopCloser(strings.NewReader(page)), []byte(testStyle), []byte(testBar))
		},
	} {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, maxHeld)
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{open()}, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
