package gateway

import (
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
	"golang.org/x/net/http/httpguts"
)

func identity(f appFile, a *App, at where) error {
	here := at.in("identity")
	told, err := f.Identity.read(here)
	if err != nil {
		return err
	}
	a.Headers, a.Basic, a.Assertion, a.AssertionAlg = told.Headers, told.Basic, f.Identity.Assertion, stead.Algorithm(f.Identity.Algorithm)
	if a.Assertion != "" {
		if err := here.in("assertion").free(a.Assertion, a.Headers); err != nil {
			return err
		}
	}
	if alg := a.AssertionAlg; alg != "" && alg != stead.EdDSA && alg != stead.ES256 {
		return here.in("assertion_alg").wrong("assertion_alg %q: EdDSA or ES256", alg)
	}
	for key, mode := range map[string]stead.Mode{"edit": stead.Edit, "read": stead.ReadOnly} {
		there := here.in("by_mode").in(key)
		if !there.said() {
			continue
		}
		file := f.Identity.ByMode.Read
		if mode == stead.Edit {
			file = f.Identity.ByMode.Edit
		}
		told, err := file.read(there)
		switch {
		case err != nil:
			return err
		case len(told.Headers) == 0 && told.Basic == nil:
			return there.wrong("by_mode.%s tells nobody who is there: it needs header, headers or basic", key)
		}
		if a.ByMode == nil {
			a.ByMode = map[stead.Mode]Identity{}
		}
		a.ByMode[mode] = told
	}
	return nil
}

// read is how one mode tells who is there.
func (f toldFile) read(at where) (told Identity, err error) {
	if f.Header != "" {
		told.Headers = append(told.Headers, Header{f.Header, "{subject.name}"})
	}
	for name, text := range f.Headers {
		told.Headers = append(told.Headers, Header{name, text})
	}
	slices.SortFunc(told.Headers, func(x, y Header) int { return strings.Compare(x.Name, y.Name) })
	for i, h := range told.Headers {
		if err := at.free(h.Name, told.Headers[:i]); err != nil {
			return told, err
		}
		if err := checkTemplate(h.Text); err != nil {
			return told, at.wrong("identity header %q: %s", h.Name, err)
		}
	}
	told.Basic, err = f.basic(at.in("basic"), told.Headers)
	return told, err
}

func (f toldFile) basic(at where, headers []Header) (*Account, error) {
	if !at.said() {
		return nil, nil
	}
	b := f.Basic
	if strings.TrimSpace(b.User) == "" {
		return nil, at.wrong("basic needs a user")
	}
	for _, text := range []string{b.User, b.Password} {
		if err := checkTemplate(text); err != nil {
			return nil, at.wrong("basic: %s", err)
		}
	}
	if strings.Contains(b.User, ":") {
		return nil, at.in("user").wrong("user %q: a colon ends the name (RFC 7617)", b.User)
	}
	if b.File != "" && b.Password != "" {
		return nil, at.in("password_file").wrong("basic: either password or password_file")
	}
	return &Account{User: b.User, Password: b.Password, File: b.File}, at.free("Authorization", headers)
}

// free refuses a header name that is none, that is not the application's to choose, or that others have.
func (p where) free(name string, others []Header) error {
	known := web.FoldHeader(name)
	same := func(o string) bool { return web.FoldHeader(o) == known }
	switch {
	case !httpguts.ValidHeaderFieldName(name) || known == "":
		return p.wrong("identity header %q is no header name", name)
	case strings.HasPrefix(known, "xstead") || slices.ContainsFunc(transport, same):
		return p.wrong("identity header %q is not free", name)
	case slices.ContainsFunc(others, func(o Header) bool { return same(o.Name) }):
		return p.wrong("identity header %q is given twice", name)
	}
	return nil
}

// transport are names that carry the message itself.
var transport = []string{
	"Host", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Cookie", "TE", "Trailer", "Content-Type",
	"Keep-Alive", "Proxy-Connection", "Origin", "Referer", "Accept-Encoding", "Expect",
}
