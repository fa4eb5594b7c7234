package web

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
)

// A Handler returns its no instead of writing it. It writes nothing before it knows.
type Handler func(w http.ResponseWriter, r *http.Request) error

// A Door turns what handlers return into answers, in one place.
type Door struct {
	Log  *slog.Logger
	Docs string   // origin of the reference, such as "https://stead.example.com"; "" is this host
	Form []string // origins beside our own that our forms may post to

	Unheard func(*http.Request, error) // told of what Front and CrossSite refuse; nil tells nobody
}

// Serve makes an http.Handler of h: an error and a panic become an answer, and every answer is guarded.
func (d Door) Serve(h Handler) http.Handler {
	guards := d.guards()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), guards)
		rec := &started{ResponseWriter: w}
		defer d.recover(rec, r)
		if err := h(rec, r); err != nil {
			d.end(rec, r, err)
		}
	})
}

// Refuse writes err as the answer to r: a page for who reads HTML, else a problem document.
func (d Door) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	if d.Unheard != nil && errors.As(err, new(unheard)) {
		d.Unheard(r, err)
	}
	p := ProblemOf(r, d.Docs, err)
	if p.Status >= http.StatusInternalServerError {
		d.Log.ErrorContext(r.Context(), "request failed", "request_id", p.RequestID, "method", r.Method,
			"status", p.Status, "reason", p.ReasonCode, "error", err)
	}
	h := w.Header()
	maps.Copy(h, d.guards())
	h.Del("Content-Length")
	h.Del("Content-Encoding")
	h.Del("Etag")
	var f *Fault
	if errors.As(err, &f) && f.ETag != "" {
		h.Set("ETag", f.ETag)
	}
	if errors.As(err, &f) && f.Wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.Wait.Seconds()))))
	}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="stead"`)
	case http.StatusTooManyRequests:
		if h.Get("Retry-After") == "" {
			h.Set("Retry-After", strconv.Itoa(10))
		}
	}
	if errors.As(err, &f) {
		for name, value := range f.Fields {
			h.Set(name, value)
		}
	}
	if !PrefersHTML(r) {
		p.write(w)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	_ = problemPage(p).Render(context.WithoutCancel(r.Context()), w)
}

func (d Door) end(rec *started, r *http.Request, err error) {
	if rec.begun {
		level := slog.LevelError
		if r.Context().Err() != nil {
			level = slog.LevelDebug // the client went away
		}
		d.Log.Log(r.Context(), level, "answer broken off", "request_id", ClientOf(r).RequestID, "error", err)
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	d.Refuse(rec.ResponseWriter, r, err)
}

func (d Door) recover(rec *started, r *http.Request) {
	switch v := recover(); {
	case v == nil:
	case v == http.ErrAbortHandler: //nolint:errorlint // net/http compares it the same way
		panic(v)
	default:
		d.Log.ErrorContext(r.Context(), "handler panicked", "request_id", ClientOf(r).RequestID, "panic", v, "stack", string(debug.Stack()))
		d.end(rec, r, &stead.Error{Kind: stead.Broken, Reason: stead.ReasonBroken, Text: "a panic", Err: errPanic})
	}
}

var errPanic = errors.New("the handler panicked")

// started knows whether an answer has begun.
type started struct {
	http.ResponseWriter
	begun bool
}

func (s *started) WriteHeader(code int) {
	s.begun = s.begun || code >= 200 || code == http.StatusSwitchingProtocols
	s.ResponseWriter.WriteHeader(code)
}

func (s *started) Write(p []byte) (int, error) {
	s.begun = true
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach flushing, hijacking and deadlines.
func (s *started) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// PrefersHTML tells a browser from a program: it names text/html, and before any JSON.
func PrefersHTML(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header["Accept"], ","))
	html, js := quality(accept, "text/html"), quality(accept, "application/json")
	if p := quality(accept, "application/problem+json"); p > js {
		js = p
	}
	return html > 0 && html >= js
}

// quality is the weight that accept gives a type it names, in thousandths; wildcards are not naming.
func quality(accept, kind string) int {
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) != kind {
			continue
		}
		for param := range strings.SplitSeq(params, ";") {
			if q, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
				v, err := strconv.ParseFloat(q, 64)
				if err != nil {
					return 0
				}
				return int(v * 1000)
			}
		}
		return 1000
	}
	return 0
}
