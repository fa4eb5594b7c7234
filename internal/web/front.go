package web

import (
	"io"
	"net/http"
	"net/netip"

	"github.com/steadhq/stead"
)

// A Front is the strict parser before everything else. What it lets through has one reading only.
type Front struct {
	Reserved Names                    // what only Stead may say to an application
	Trusted  []netip.Prefix           // proxies whose X-Forwarded-For and -Proto are believed
	Known    func(host string) bool   // hosts served here; nil serves any
	Allowed  func(host string) Tokens // what an application needs in its paths beyond the default; nil is nothing
	Limits   Limits
	NewID    func() string                                   // request ids
	Refuse   func(http.ResponseWriter, *http.Request, error) // writes the no; Door.Refuse
}

// Before checks and cleans each request, notes its Client, and gives it to next.
func (f Front) Before(next http.Handler) http.Handler {
	limits := f.Limits.orDefault()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := f.client(r)
		w.Header().Set("X-Request-Id", c.RequestID)
		out := r.WithContext(withClient(r.Context(), c))
		if err := f.check(r, limits); err != nil {
			// What follows on this connection may be framed otherwise than we believe.
			w.Header().Set("Connection", "close")
			f.Refuse(w, out, unheard{err})
			return
		}
		out.Header = r.Header.Clone()
		if err := f.clean(out); err != nil {
			f.Refuse(w, out, unheard{err})
			return
		}
		next.ServeHTTP(w, out)
	})
}

func (f Front) check(r *http.Request, limits Limits) error {
	if err := framing(r); err != nil {
		return err
	}
	if err := checkMethod(r); err != nil {
		return err
	}
	if err := checkFields(r); err != nil {
		return err
	}
	if err := limits.check(r); err != nil {
		return err
	}
	if err := CheckTarget(r.RequestURI, f.allowed(r.Host)); err != nil {
		return err
	}
	if err := CheckHost(r.Host); err != nil {
		return err
	}
	if h := r.Header["Host"]; len(h) > 1 || (len(h) == 1 && h[0] != r.Host) { // HTTP/2 leaves it beside :authority
		return bad("Host and the authority differ")
	}
	if f.Known != nil && !f.Known(r.Host) {
		return Status(http.StatusMisdirectedRequest, stead.E(stead.Missing, stead.ReasonNoRoute, "no application is at this host"))
	}
	return checkUpgrade(r)
}

func (f Front) allowed(host string) Tokens {
	if f.Allowed == nil {
		return nil
	}
	return f.Allowed(host)
}

// clean deletes what is reserved from headers and trailers, and what Connection nominates.
func (f Front) clean(r *http.Request) error {
	f.Reserved.Strip(r.Header)
	if err := f.Reserved.defuse(r.Header); err != nil {
		return err
	}
	f.Reserved.Strip(r.Trailer)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &scrubbed{ReadCloser: r.Body, trailer: r.Trailer, names: f.Reserved}
	}
	return nil
}

// scrubbed is a body after whose last byte the trailers are cleaned again: they arrive only then. Trailers that were
// not announced reach net/http's own request, never the copy that is passed on.
type scrubbed struct {
	io.ReadCloser
	trailer http.Header
	names   Names
}

func (s *scrubbed) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil {
		s.names.Strip(s.trailer)
	}
	return n, err
}
