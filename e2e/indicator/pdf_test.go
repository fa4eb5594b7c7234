package indicator

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var (
	pdfStream = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
	pdfChar   = regexp.MustCompile(`(?m)^<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})>$`)
	pdfRange  = regexp.MustCompile(`<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})>`)
	pdfShown  = regexp.MustCompile(`<([0-9A-Fa-f]+)>`)
)

// sheets are the texts of a PDF of Chromium's, a page each, read with every one of its fonts: what is written in it can
// be found, among much that is not.
func sheets(raw []byte) []string {
	var pages []string
	var fonts []map[string]rune
	for _, m := range pdfStream.FindAllSubmatch(raw, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(z)
		switch s := string(text); {
		case strings.Contains(s, "begincmap"):
			fonts = append(fonts, font(s))
		case strings.Contains(s, "BT\n"):
			pages = append(pages, s)
		}
	}
	for i, page := range pages {
		var b strings.Builder
		for _, f := range fonts {
			for block := range strings.SplitSeq(page, "ET\n") {
				for _, m := range pdfShown.FindAllStringSubmatch(block, -1) {
					for at := 0; at+4 <= len(m[1]); at += 4 {
						if r, known := f[strings.ToUpper(m[1][at:at+4])]; known {
							b.WriteRune(r)
						}
					}
				}
				b.WriteByte('\n')
			}
		}
		pages[i] = ligatures.Replace(b.String())
	}
	return pages
}

// ligatures are letters that a font draws as one: ids are random, and some hold them.
var ligatures = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl")

// font reads which letter each of a font's shapes is.
func font(cmap string) map[string]rune {
	f := map[string]rune{}
	for _, m := range pdfRange.FindAllStringSubmatch(cmap, -1) {
		from, to, letter := number(m[1]), number(m[2]), number(m[3])
		for n := from; n <= to; n++ {
			f[strings.ToUpper(hex.EncodeToString([]byte{byte(n >> 8), byte(n)}))] = rune(letter + n - from)
		}
	}
	for _, m := range pdfChar.FindAllStringSubmatch(cmap, -1) {
		f[strings.ToUpper(m[1])] = rune(number(m[2]))
	}
	return f
}

func number(digits string) int64 {
	n, err := strconv.ParseInt(digits, 16, 32)
	if err != nil {
		return -1
	}
	return n
}
