package gateway

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/steadhq/stead/internal/web"
)

const twoParts = "--b\r\nContent-Disposition: form-data; name=\"stead-epoch\"\r\n\r\nE1\r\n--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n--b--\r\n"

// The epoch is taken out of every kind of form, and what is left is the form without it (R17).
func TestTakeField(t *testing.T) {
	const form, parts, plain = urlencoded, "multipart/form-data; boundary=b", "text/plain"
	onePart := strings.Replace(twoParts, strings.SplitAfter(twoParts, "E1\r\n")[0], "", 1)
	for _, tc := range []struct{ kind, body, said, rest string }{
		{form, "stead-epoch=E1&note=x", "E1", "note=x"},
		{form, "note=x&stead-epoch=E1", "E1", "note=x"},
		{form, "stead-epoch=E1", "E1", ""},
		{form + "; charset=utf-8", "a=b&stead%2Depoch=E%31&note=x", "E1", "a=b&note=x"},
		{form, "stead-epoch=E1&stead-epoch=E1&a=", "E1", "a="},
		{form, "stead-epoch=E1&stead-epoch=E2&a=", "?", "a="},
		{form, "stead-epoch=&a=", "?", "a="},
		{form, "stead-epoch&a=", "?", "a="},
		{form, "stead-epoch=%zz&a=", "?", "a="},
		{form, "note=stead-epoch=E1&xstead-epoch=E2", "", "note=stead-epoch=E1&xstead-epoch=E2"},
		{form, "a=%zz&&b", "", "a=%zz&&b"},
		{parts, twoParts, "E1", onePart},
		{parts, "--b\r\nContent-Disposition: form-data; name=\"stead-epoch\"\r\n\r\nE1\r\n--b--\r\n", "E1", "--b--\r\n"},
		{parts, strings.SplitAfter(twoParts, "E1\r\n")[0] + strings.Replace(twoParts, "E1", "E2", 1), "?", onePart},
		{parts, onePart, "", onePart},
		{parts, strings.ReplaceAll(twoParts, "--b", "--c"), "", strings.ReplaceAll(twoParts, "--b", "--c")},
		{"multipart/form-data", twoParts, "", twoParts},
		{plain, "stead-epoch=E1\r\nnote=x\r\n", "E1", "note=x\r\n"},
		{plain, "note=x\r\nstead-epoch=E1\r\n", "", "note=x\r\nstead-epoch=E1\r\n"}, // somebody's own line
		{"application/json", `{"stead-epoch":"E1"}`, "", `{"stead-epoch":"E1"}`},
		{"", "stead-epoch=E1", "", "stead-epoch=E1"},
	} {
		for _, known := range []bool{true, false} {
			r := httptest.NewRequest("POST", "/x?q=1", iotest.OneByteReader(strings.NewReader(tc.body)))
			r.Header.Set("Content-Type", tc.kind)
			if known {
				r.ContentLength = int64(len(tc.body))
				r.Header.Set("Content-Length", fmt.Sprint(len(tc.body)))
			}
			said := takeEpoch(r, true)
			rest, err := io.ReadAll(r.Body)
			if err != nil || said != tc.said || string(rest) != tc.rest {
				t.Errorf("%s %q: said %q of %q, %v", tc.kind, tc.body, said, rest, err)
			}
			if known && (r.ContentLength != int64(len(tc.rest)) || r.Header.Get("Content-Length") != fmt.Sprint(len(tc.rest))) {
				t.Errorf("%q: %d bytes, %s said, %d left", tc.body, r.ContentLength, r.Header.Get("Content-Length"), len(tc.rest))
			}
		}
	}
}

// A page says one epoch. Whoever says two, in whatever places, is of no page.
func TestEpochSaidTwice(t *testing.T) {
	for text, want := range map[string]string{"E1 E1 E1": "E1", "E1 - -": "E1", "- E1 -": "E1", "- - E1": "E1", "- - -": "", "E1 E2 -": "?", "E1 - E2": "?", "- E1 E2": "?", "E2 E1 E2": "?"} {
		at := strings.Fields(text)
		r := httptest.NewRequest("POST", "/x?a=1&stead-epoch="+at[1], strings.NewReader("stead-epoch="+at[2]))
		if at[1] == "-" {
			r.URL.RawQuery = "a=1"
		}
		if at[2] == "-" {
			r = httptest.NewRequest("POST", r.URL.String(), strings.NewReader("b=2"))
		}
		r.Header.Set("Content-Type", urlencoded)
		if at[0] != "-" {
			r.Header["Stead-Epoch"] = []string{at[0]}
		}
		if got := takeEpoch(r, true); got != want || r.URL.RawQuery != "a=1" || r.Header.Get("Stead-Epoch") != "" {
			t.Errorf("%s: %q, want %q; %s", text, got, want, r.URL)
		}
	}
}

// Far behind in a body, or there once more, the field breaks it off: what is sent on is its length already (R17).
func TestFieldTooLate(t *testing.T) {
	long := strings.Repeat("x", maxBeforeField)
	for what, body := range map[string]string{
		"form":   "note=" + long + "&stead-epoch=E1",
		"border": "note=" + long[:maxBeforeField-10] + "&stead-epoch=E1",
		"twice":  "stead-epoch=E1&note=" + long + "&stead-epoch=E1&b=",
		"odd":    strings.Replace(twoParts, "E1", "E1\r\n--bc", 1),
		"parts":  "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" + long + "\r\n" + twoParts,
	} {
		kind := urlencoded
		if what == "parts" || what == "odd" {
			kind = "multipart/form-data; boundary=b"
		}
		for name, src := range map[string]io.Reader{"whole": strings.NewReader(body), "byte by byte": iotest.OneByteReader(strings.NewReader(body))} {
			r := httptest.NewRequest("POST", "/x", src)
			r.Header.Set("Content-Type", kind)
			said := takeEpoch(r, true)
			_, err := io.Copy(io.Discard, r.Body)
			if err == nil || web.StatusOf(err) != 400 || !strings.Contains(err.Error(), "of which time its page is") || (said == "E1") != (what == "twice") {
				t.Errorf("%s, %s: said %q, %v", what, name, said, err)
			}
		}
	}
	// What only looks like it, and a body of any length, passes as it is.
	body := "stead-epoch=E1&note=" + long + "stead-epoch=" + long
	r := httptest.NewRequest("POST", "/x", strings.NewReader(body))
	r.Header.Set("Content-Type", urlencoded)
	said := takeEpoch(r, true)
	rest, err := io.ReadAll(r.Body)
	if err != nil || said != "E1" || string(rest) != strings.TrimPrefix(body, "stead-epoch=E1&") || r.ContentLength != int64(len(rest)) {
		t.Errorf("said %q, %d of %d bytes, %v", said, len(rest), r.ContentLength, err)
	}
}

// FuzzTakeField: whatever the body, what goes on is as long as is said, and holds no field that browsers write.
func FuzzTakeField(f *testing.F) {
	f.Add("stead-epoch=E&a=b", false)
	f.Add(twoParts, true)
	f.Fuzz(func(t *testing.T, body string, parts bool) {
		r := httptest.NewRequest("POST", "/x", strings.NewReader(body))
		r.Header.Set("Content-Type", urlencoded)
		if parts {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		}
		takeEpoch(r, true)
		length := r.ContentLength
		rest, err := io.ReadAll(r.Body)
		if err == nil && (int64(len(rest)) != length || !parts && strings.Contains("&"+string(rest), "&stead-epoch=") || parts && strings.Contains(string(rest), string(partOf("b")))) {
			t.Errorf("%q becomes %q (%d)", body, rest, length)
		}
	})
}
