package gateway_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/gateway"
)

const whole = `<html><head></head><body><p>KEYabc123</p><script>1</script></body></html>`

// typed answers with code and text, and with these lines of a head. What is not said is not guessed.
func typed(code int, text string, head ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		for _, line := range head {
			name, value, _ := strings.Cut(line, ": ")
			w.Header()[name] = append(w.Header()[name], value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	})
}

// What fills a window while somebody acts says so, or runs nothing, or is a file (GATEWAY 18).
func TestEveryDocumentSaysSo(t *testing.T) {
	const page, passive, file = "page", "passive", "file"
	for name, tc := range map[string]struct {
		code int
		text string
		head []string
		want string
		kind string // as the browser is told; "" is as the application says
	}{
		"page":               {200, whole, []string{"Content-Type: text/html; charset=utf-8"}, page, ""},
		"capitals":           {200, whole, []string{"Content-Type: Text/HTML ;a=b"}, page, "text/html; charset=utf-8"},
		"twice a parameter":  {200, whole, []string{"Content-Type: text/html; charset=x; charset=y"}, page, "text/html; charset=utf-8"},
		"choices":            {300, whole, []string{"Content-Type: text/html"}, page, "text/html; charset=utf-8"},
		"choices, a way":     {300, whole, []string{"Content-Type: text/html", "Location: /b"}, page, "text/html; charset=utf-8"},
		"way without end":    {302, whole, []string{"Content-Type: text/html"}, page, "text/html; charset=utf-8"},
		"error":              {500, whole, []string{"Content-Type: text/html"}, page, "text/html; charset=utf-8"},
		"guessed":            {200, whole, nil, page, "text/html; charset=utf-8"},
		"guessed after":      {200, "  \n" + whole, []string{"Content-Type: "}, page, "text/html; charset=utf-8"},
		"guessed text":       {200, "hello", nil, passive, "text/plain; charset=utf-8"},
		"guessed picture":    {200, "\x89PNG\r\n\x1a\n<script>", nil, passive, "image/png"},
		"guessed xml":        {200, `<?xml version="1.0"?>` + whole, nil, file, ""},
		"guessed bytes":      {200, "\x00\x01\x02", nil, file, ""},
		"anything":           {200, whole, []string{"Content-Type: */*"}, file, ""},
		"unknown":            {200, whole, []string{"Content-Type: unknown/unknown"}, file, ""},
		"unknown of its own": {200, whole, []string{"Content-Type: application/unknown"}, file, ""},
		"no slash":           {200, whole, []string{"Content-Type: html"}, file, ""},
		"none, nosniff":      {200, whole, []string{"X-Content-Type-Options: nosniff"}, file, ""},
		"two":                {200, whole, []string{"Content-Type: text/plain", "Content-Type: text/html"}, file, ""},
		"two in one":         {200, whole, []string{"Content-Type: text/plain, text/html"}, file, ""},
		"xml":                {200, whole, []string{"Content-Type: text/xml"}, file, ""},
		"xhtml":              {200, whole, []string{"Content-Type: application/xhtml+xml"}, file, ""},
		"stylesheet":         {200, whole, []string{"Content-Type: text/xsl"}, file, ""},
		"svg":                {200, whole, []string{"Content-Type: image/svg+xml", `Content-Disposition: inline; filename="a b.svg"`}, file, ""},
		"pieces":             {200, whole, []string{"Content-Type: multipart/x-mixed-replace; boundary=b"}, file, ""},
		"part":               {206, whole, []string{"Content-Type: text/html", "Content-Range: bytes 0-99/200"}, file, ""},
		"program":            {200, whole, []string{"Content-Type: application/octet-stream"}, file, ""},
		"text":               {200, whole, []string{"Content-Type: text/plain"}, passive, ""},
		"style":              {200, whole, []string{"Content-Type: text/css"}, passive, ""},
		"json":               {200, whole, []string{"Content-Type: application/problem+json"}, passive, ""},
		"picture":            {200, whole, []string{"Content-Type: image/png"}, passive, ""},
		"film":               {200, whole, []string{"Content-Type: video/mp4"}, passive, ""},
		"pdf":                {200, whole, []string{"Content-Type: application/pdf"}, passive, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, typed(tc.code, tc.text, tc.head...), echo, func(g *gate) {
				if tc.code != http.StatusPartialContent { // of which no secret can be told
					g.gw.Apps[0].Secrets = []*regexp.Regexp{regexp.MustCompile(`KEY([a-z0-9]+)`)}
				}
			})
			a := g.acting().get("/look/a", browser...)
			disposition := a.Header.Get("Content-Disposition")
			switch got := strings.HasPrefix(disposition, "attachment"); {
			case a.StatusCode != tc.code, strings.Contains(a.body, "stead-bar") != (tc.want == page), got != (tc.want == file):
				t.Errorf("%s %v\n%s", a.Status, a.Header, a.body)
			case tc.want != page && a.Header.Get("X-Content-Type-Options") != "nosniff":
				t.Errorf("it may be taken for something else: %v", a.Header)
			case name == "svg" && disposition != `attachment; filename="a b.svg"`:
				t.Error(disposition)
			}
			if tc.kind != "" && !slices.Equal(a.Header["Content-Type"], []string{tc.kind}) {
				t.Errorf("%q", a.Header["Content-Type"])
			}
			opaque := []string{"picture", "film", "pdf", "program", "part"}
			if strings.Contains(a.body, "KEYabc123") && !slices.Contains(opaque, name) {
				t.Error("the secret is shown")
			}
			own := g.enter("customers/dana").get("/look/a", browser...)
			if own.body != tc.text || own.Header.Get("Content-Disposition") == "attachment" {
				t.Errorf("her own: %v %s", own.Header, own.body)
			}
		})
	}
}

// Whom the application serves is looked for in what may be shown as a page, whatever it is called (R21).
func TestWhoamiOfGuessed(t *testing.T) {
	for _, head := range [][]string{nil, {"Content-Type: */*"}, {"Content-Type: html"}, {"Content-Type: text/html"}} {
		g := newOwn(t, typed(300, `<body data-user="sam">`+whole, head...), echo, func(g *gate) {
			g.gw.Apps[0].Whoami = &gateway.Whoami{In: "html", Match: regexp.MustCompile(`data-user="([^"]+)"`)}
		})
		if a := g.acting().over().get("/look/a", append(slices.Clone(browser), "Sec-Fetch-Dest: iframe")...); a.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %s", head, a.Status)
		}
	}
}

// The server guesses nothing that the application did not say: with nosniff it is no page, and stays none.
func TestNoTypeOfOurOwn(t *testing.T) {
	g := newGate(t, typed(200, whole, "X-Content-Type-Options: nosniff"), echo)
	dana := g.enter("customers/dana")
	for _, path := range []string{"/look/a", "/static/a"} {
		a := dana.get(path, browser...)
		if kind, there := a.Header["Content-Type"]; there || a.body != whole {
			t.Errorf("%s: %q", path, kind)
		}
	}
	if a := dana.get("/.stead/status", script...); a.Header.Get("Content-Type") == "" {
		t.Error("our own say what they are")
	}
}

// The browser reads a page in the character set that we read it in, or it is not shown.
func TestOneCharacterSet(t *testing.T) {
	const hidden = "<!--\x1b$B-->"
	wide := func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	for name, tc := range map[string]struct{ kind, text, want string }{
		"said":             {"text/html; charset=Latin1", "é" + whole, "windows-1252"},
		"said with spaces": {`text/html; charset=" UTF-8"`, whole, "utf-8"},
		"said, a mark":     {"text/html; charset=shift_jis", "\xef\xbb\xbf" + whole, "utf-8"},
		"unknown":          {"text/html; charset=utf-7", whole, "utf-8"},
		"meta":             {"text/html", `<meta charset="sjis">` + whole, "shift_jis"},
		"meta of ASCII":    {"text/html", `<meta http-equiv=content-type content="text/html; charset=iso-8859-1">` + whole, "windows-1252"},
		"meta that lies":   {"text/html", `<meta charset=utf-16>` + whole, "utf-8"},
		"letters":          {"text/html", "<p>é" + whole, "utf-8"},
		"bytes":            {"text/html", "<p>\xe9 " + whole, "windows-1252"},
		"escapes unsaid":   {"text/html", hidden + "<p>\x1b(B-->" + whole, "utf-8"},
		"escapes":          {"text/html; charset=iso-2022-jp", hidden + "<p>\x1b(B-->" + whole, ""},
		"escapes by meta":  {"text/html", hidden + "<meta charset=iso-2022-jp>\x1b(B-->" + whole, ""},
		"csunicode":        {"text/html; charset=csunicode", wide(whole), ""},
		"utf-16":           {`text/html; charset=" utf-16"`, wide(whole), ""},
		"a mark of two":    {"text/html; charset=utf-8", "\xff\xfe" + wide(whole), ""},
		"replacement":      {"text/html; charset=hz-gb-2312", whole, ""},
		"replacement, too": {"text/html; charset=csiso2022kr", whole, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, typed(200, tc.text, "Content-Type: "+tc.kind), echo)
			a := g.acting().get("/look/a", browser...)
			switch {
			case tc.want == "" && (a.StatusCode != http.StatusBadGateway || !strings.Contains(a.body, "not shown")):
				t.Errorf("%s %s", a.Status, a.body)
			case tc.want != "" && (a.Header.Get("Content-Type") != "text/html; charset="+tc.want || !strings.Contains(a.body, "stead-bar")):
				t.Errorf("%s %v\n%s", a.Status, a.Header, a.body)
			}
			if own := g.enter("customers/dana").get("/look/a", browser...); own.body != tc.text && !strings.Contains(own.body, "guard.js") {
				t.Errorf("her own: %q", own.body)
			}
		})
	}
}

// A secret that is written in two bytes a letter is met nowhere: such text is not shown.
func TestWideSecrets(t *testing.T) {
	text := "\xff\xfe" + strings.Join(strings.Split("KEYabc123", ""), "\x00")
	for _, kind := range []string{"text/plain", "application/json", "text/plain; charset=csunicode", "*/*"} {
		g := newGate(t, typed(200, text, "Content-Type: "+kind), echo, func(g *gate) {
			g.gw.Apps[0].Secrets = []*regexp.Regexp{regexp.MustCompile(`KEY([a-z0-9]+)`)}
		})
		r, err := http.NewRequest("GET", "http://"+g.addr+"/look/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", agent)
		r.AddCookie(&http.Cookie{Name: g.gw.Cookie.Name, Value: g.acting().cookie})
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			continue // broken off before anything was let out
		}
		defer func() { _ = res.Body.Close() }()
		if got, _ := io.ReadAll(res.Body); strings.Contains(string(got), "a\x00b") || res.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: %s %q", kind, res.Status, got)
		}
	}
}
