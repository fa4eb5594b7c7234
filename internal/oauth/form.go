package oauth

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"
)

const (
	mostBody  = 32 << 10
	mostField = 16 << 10
)

// A form is what was posted, each name once.
type form map[string]string

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		return nil, says("invalid_request", "the form is over %d bytes, or ended early", mostBody)
	}
	return body, nil
}

// parseForm reads a form. What is given twice is refused, and what has no value is as if it were not there (RFC 6749, 3.2).
func parseForm(kind []string, body []byte) (form, error) {
	if len(kind) != 1 {
		return nil, says("invalid_request", "send application/x-www-form-urlencoded")
	}
	if media, _, err := mime.ParseMediaType(kind[0]); err != nil || media != "application/x-www-form-urlencoded" {
		return nil, says("invalid_request", "send application/x-www-form-urlencoded")
	}
	return fields(string(body))
}

// fields reads what is written as a form, or as the query of an address.
func fields(text string) (form, error) {
	values, err := url.ParseQuery(text)
	if err != nil || !utf8.ValidString(text) {
		return nil, says("invalid_request", "the form can not be read")
	}
	f := form{}
	for name, all := range values {
		switch {
		case len(all) > 1 && (name == "resource" || name == "audience"):
			return nil, says("invalid_target", "a token is for one resource: name one")
		case len(all) > 1:
			return nil, says("invalid_request", "a parameter is given twice")
		case len(all[0]) > mostField || !utf8.ValidString(all[0]):
			return nil, says("invalid_request", "a parameter is over %d bytes, or not UTF-8", mostField)
		case all[0] != "":
			f[name] = all[0]
		}
	}
	return f, nil
}
