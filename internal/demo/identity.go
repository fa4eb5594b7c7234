package demo

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A party is somebody as the gateway writes him: "person:customers/dana".
type party struct{ Kind, Directory, Name string }

func (p party) String() string {
	if p.Directory == "" {
		return p.Kind + ":" + p.Name
	}
	return p.Kind + ":" + p.Directory + "/" + p.Name
}

// Shown is the name for people: "Dana".
func (p party) Shown() string {
	r, n := utf8.DecodeRuneInString(p.Name)
	return string(unicode.ToUpper(r)) + p.Name[n:]
}

func (p party) key() string { return p.Directory + "/" + p.Name }

// A visitor is who asks: whose pages he sees, and who he really is.
type visitor struct {
	Subject, Actor party
	Mandate, Mode  string
	Customer       *Customer // nil: no account here
	Admin          bool
}

// Acting tells whether somebody else sits there.
func (v visitor) Acting() bool { return v.Subject != v.Actor }

// Signature is how the history names him: "Dana", or "Sam for Dana".
func (v visitor) Signature() string {
	if v.Acting() {
		return v.Actor.Shown() + " for " + v.Subject.Shown()
	}
	return v.Subject.Shown()
}

// visitorOf reads the gateway's headers. Anything missing, empty or given twice is nobody.
func (a *App) visitorOf(h http.Header) (visitor, bool) {
	subject, ok := one(h, "X-Stead-Subject")
	if !ok {
		return visitor{}, false
	}
	v := visitor{Mandate: h.Get("X-Stead-Mandate"), Mode: h.Get("X-Stead-Mode")}
	if v.Subject, ok = parseParty(subject); !ok {
		return visitor{}, false
	}
	v.Actor = v.Subject
	if len(h.Values("X-Stead-Actor")) > 0 {
		actor, _ := one(h, "X-Stead-Actor")
		if v.Actor, ok = parseParty(actor); !ok {
			return visitor{}, false
		}
	}
	for _, admin := range a.Admins {
		v.Admin = v.Admin || (admin == v.Subject.String() && !v.Acting())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	v.Customer = a.customers[v.Subject.key()]
	return v, true
}

func one(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 || strings.TrimSpace(values[0]) == "" {
		return "", false
	}
	return values[0], true
}

func parseParty(s string) (party, bool) {
	kind, rest, ok := strings.Cut(s, ":")
	directory, name, slash := strings.Cut(rest, "/")
	if !slash {
		directory, name = "", rest
	}
	p := party{kind, directory, name}
	return p, ok && name != "" && (kind == "person" && slash || kind == "agent" || kind == "service") && p.String() == s
}

// A door serves one visitor.
type door func(w http.ResponseWriter, r *http.Request, v visitor)

// known lets in only whom the gateway names.
func (a *App) known(serve door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, ok := a.visitorOf(r.Header)
		h := w.Header()
		h.Set("Cache-Control", "private, no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'self'; form-action 'self'")
		switch {
		case !ok:
			a.refuse(w, r, v, http.StatusUnauthorized, "This shop is reached through Stead only: nobody is signed in here.")
		case v.Customer == nil && needsAccount(r.URL.Path) && r.Method == http.MethodGet && !isCall(r):
			a.write(w, http.StatusForbidden, staffHome(v))
		case v.Customer == nil && needsAccount(r.URL.Path):
			a.refuse(w, r, v, http.StatusForbidden, v.Subject.Shown()+" has no customer account at Acme.")
		default:
			serve(w, r, v)
		}
	})
}

// needsAccount leaves out what staff may see as themselves.
func needsAccount(path string) bool {
	return path != "/" && path != "/admin" && path != "/api/whoami"
}
