package gateway

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// tagsOf are the tags of a text as the scan sees them, in pieces of n.
func tagsOf(text string, n int) (tags []string) {
	var s tagScan
	for piece := range slices.Chunk([]byte(text), n) {
		for len(piece) > 0 {
			m, tag := s.next(piece)
			if piece = piece[m:]; !tag {
				continue
			}
			name := string(s.name)
			if s.closing {
				name = "/" + name
			}
			for _, a := range s.attrs {
				name += " " + a.name + "=" + string(a.value)
			}
			tags = append(tags, name)
		}
	}
	return tags
}

func TestTags(t *testing.T) {
	for text, want := range map[string]string{
		"a<b>c</b>":                                                      "b|/b",
		"<FORM Method=Post ACTION = '/x?a=>' >":                          "form method=Post action=/x?a=>",
		`<form action="a" action="b" method>`:                            "form action=a method=",
		"<form/action=a/b/method=post/>":                                 "form action=a/b/method=post/",
		"<form action=a method='post'id=\"x\">":                          "form action=a method=post id=x",
		"<form =method=post>":                                            "form",
		"<form method\n=\npost>":                                         "form method=post",
		"<form method=>x":                                                "form method=",
		"< form><3><>":                                                   "",
		"</ form></><b>":                                                 "b",
		"<!-- <form> --><b>":                                             "b",
		"<!--><b><!---><i><!----><u>":                                    "b|i|u",
		"<!-- --!><b><!--!><i> --><u>":                                   "b|u",
		"<!-- --!- --><b>":                                               "b",
		"<!----!><b>":                                                    "b",
		"<!DOCTYPE html '><form>'><?php <form>?>":                        "form",
		"<![CDATA[<form>]]>":                                             "",
		"<![CDATA[ > <form>]]>":                                          "form",
		"<title><form></title><b>":                                       "title|/title|b",
		"<textarea></textare><form></textareas></TextArea ><b>":          "textarea|/textarea|b",
		"<style>a>b{}<form></style/><b>":                                 "style|/style|b",
		"<script>'<form>'</script><b>":                                   "script|/script|b",
		"<script><!--<script></script><form></script><b>":                "script|/script|b",
		"<script><!--<script></script>--></script><b>":                   "script|/script|b",
		"<script><!--<script>--></script><b>":                            "script|/script|b",
		"<script><!--></script><b>":                                      "script|/script|b",
		"<script><!-<script></script><b>":                                "script|/script|b",
		"<script><!--<scripty></script><b>":                              "script|/script|b",
		"<script><!--<script <form></script <form>--></script><b>":       "script|/script|b",
		"<script/><form></script>":                                       "script|/script",
		"<plaintext></plaintext><form>":                                  "plaintext",
		"<xmp><form></xmp><iframe><form></iframe><noembed><a></noembed>": "xmp|/xmp|iframe|/iframe|noembed|/noembed",
	} {
		for n := 1; n < 8; n++ {
			if got := strings.Join(tagsOf(text, n), "|"); got != want {
				t.Errorf("%q by %d: %q, want %q", text, n, got, want)
			}
		}
	}
}

// FuzzTags: what the scan sees does not depend on the pieces, and is what a tokenizer of others' sees.
func FuzzTags(f *testing.F) {
	for _, text := range []string{"<form action='a'>", "<!-- a --!><b x=y>", "<script><!--<script></script>--></script>", "<title>a</title ><p>", "<a\n/b='c'd=\"e\">", "</form x=y>"} {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		whole := tagsOf(text, len(text)+1)
		if got := tagsOf(text, 1+max(0, n)%64); !slices.Equal(got, whole) {
			t.Errorf("%q whole, %q in pieces", whole, got)
		}
		if strings.ContainsAny(text, "\x00\r") || strings.Contains(text, "<?") || strings.Contains(text, "<noscript") {
			return // which it changes, or reads otherwise
		}
		var want []string
		for z := html.NewTokenizer(strings.NewReader(text)); ; {
			switch z.Next() {
			case html.ErrorToken:
				if got := namesOf(whole); !slices.Equal(got, want) {
					t.Errorf("%q: %q, want %q", text, got, want)
				}
				return
			case html.StartTagToken, html.SelfClosingTagToken:
				name, _ := z.TagName()
				want = append(want, short12(string(name)))
			case html.EndTagToken:
				name, _ := z.TagName()
				want = append(want, "/"+short12(string(name)))
			}
		}
	})
}

func namesOf(tags []string) (names []string) {
	for _, tag := range tags {
		name, _, _ := strings.Cut(tag, " ")
		names = append(names, name)
	}
	return names
}

func short12(name string) string { return name[:min(len(name), maxTagName+1)] }
