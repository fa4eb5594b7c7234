package gateway

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

var braces = regexp.MustCompile(`\{[^{}]*\}`)

var facets = []string{"name", "directory", "id", "display", "full"}

// checkTemplate refuses a text that holds an unknown name in braces or a byte that no header holds.
func checkTemplate(text string) error {
	for _, p := range braces.FindAllString(text, -1) {
		who, facet, dotted := strings.Cut(strings.Trim(p, "{}"), ".")
		switch {
		case dotted && (who == "subject" || who == "actor") && slices.Contains(facets, facet):
		case !dotted && (who == "mandate" || who == "mode"):
		default:
			return fmt.Errorf("%s is no name that is known here", p)
		}
	}
	if rest := braces.ReplaceAllString(text, ""); escapeHeader(rest) != rest || strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("%q cannot stand in a header", rest)
	}
	return nil
}

// served is for whom a request goes to the application.
type served struct {
	actor, subject *stead.Principal
	mandate        *stead.Mandate // nil when he acts for himself
}

// header fills a template for a header. It is not ok when the text speaks of somebody who is not there.
func (s served) header(text string) (value string, ok bool) {
	if value, ok = s.filled(text, escapeHeader); !ok {
		return "", false
	}
	if trimmed := strings.Trim(value, " "); trimmed != value { // or it would be read without its edges
		value = strings.ReplaceAll(value, " ", "%20")
	}
	return value, true
}

// basic fills the templates of an account for the header Authorization (RFC 7617 2). A name with a colon would be cut.
func (s served) basic(a *Account) (value string, ok bool) {
	as := func(v string) string { return v }
	user, ok := s.filled(a.User, as)
	if !ok || strings.Contains(user, ":") {
		return "", false
	}
	password, ok := a.password, a.password != ""
	if a.File == "" {
		password, ok = s.filled(a.Password, as)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)), ok
}

// filled puts what is known in place of the names in braces, written by as.
func (s served) filled(text string, as func(string) string) (value string, ok bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		v := s.fill(name)
		if strings.TrimSpace(v) == "" {
			return "", false
		}
		b.WriteString(as(v))
		text = after
	}
	return b.String(), true
}

func (s served) fill(p string) string {
	who, facet, _ := strings.Cut(p, ".")
	if who != "subject" && s.mandate == nil {
		return ""
	}
	switch who {
	case "mandate":
		return string(s.mandate.ID)
	case "mode":
		return string(s.mandate.Mode)
	case "actor":
		return facetOf(s.actor, facet)
	}
	return facetOf(s.subject, facet)
}

func facetOf(p *stead.Principal, facet string) string {
	switch facet {
	case "name":
		return p.Name
	case "directory":
		return p.Directory
	case "id":
		return string(p.ID)
	case "display":
		return p.DisplayName()
	}
	return p.String()
}

// escapeHeader writes what a header cannot hold, and "%" itself, as %XX of its UTF-8 bytes (A16).
func escapeHeader(s string) string {
	const digits = "0123456789ABCDEF"
	at := slices.IndexFunc([]byte(s), foreign)
	if at < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:at])
	for i := at; i < len(s); i++ {
		c := s[i]
		if foreign(c) {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func foreign(c byte) bool { return c < ' ' || c >= 0x7f || c == '%' }
