package demo

import (
	_ "embed"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed orders.yaml
var rules string

// Rules are the application's lines of the gateway's configuration, for the gateway's host ("127.0.0.1:8421") and
// where the shop itself listens ("http://127.0.0.1:40001").
func Rules(host, upstream string) []byte {
	quoted := strings.NewReplacer("${HOST}", strconv.Quote(host), "${UPSTREAM}", strconv.Quote(upstream))
	head, rest, _ := strings.Cut(rules, "\napps:")
	return []byte(head + quoted.Replace("\napps:"+rest))
}

// An App is the whole shop. It is safe for concurrent use.
type App struct {
	Now    func() time.Time
	Admins []string // subjects that see /admin, such as "person:staff/root"

	mu        sync.Mutex
	customers map[string]*Customer // by "directory/name"
	orders    []*Order             // by number, from 1
	changes   []Change
}

// New is a shop with its seeded customers and orders.
func New(now func() time.Time) *App {
	a := &App{Now: now, Admins: []string{"person:staff/root"}}
	a.seed()
	return a
}

// A Change is a trace that a request left.
type Change struct {
	At      time.Time `json:"at"`
	Subject string    `json:"subject"`
	Actor   string    `json:"actor"`
	Mandate string    `json:"mandate,omitempty"`
	Mark    bool      `json:"mark"` // only a trace of looking
	What    string    `json:"what"`
}

// Changes lists every trace left since the start, oldest first.
func (a *App) Changes() []Change {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.changes)
}

// note records a trace; the caller holds the lock.
func (a *App) note(v visitor, mark bool, what string) {
	a.changes = append(a.changes, Change{a.Now(), v.Subject.String(), v.Actor.String(), v.Mandate, mark, what})
}

// Handler serves the shop.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/", assets)
	mux.HandleFunc("GET /api/heartbeat", heartbeat)
	for pattern, serve := range a.pages() {
		mux.Handle(pattern, a.known(serve))
	}
	for pattern, serve := range a.calls() {
		mux.Handle(pattern, a.known(serve))
	}
	return mux
}

func (a *App) pages() map[string]door {
	return map[string]door{
		"GET /{$}":                 a.home,
		"GET /orders":              a.list,
		"GET /orders/export.csv":   a.export,
		"GET /orders/{id}":         a.show,
		"GET /orders/{id}/edit":    a.edit,
		"POST /orders/{id}":        a.save,
		"POST /orders/{id}/cancel": a.cancel,
		"GET /invoices":            a.invoices,
		"GET /invoices/{number}":   a.invoice,
		"GET /messages":            a.inbox,
		"GET /messages/{id}":       a.read,
		"POST /messages/{id}":      a.reply,
		"GET /profile":             a.profile,
		"POST /profile":            a.saveProfile,
		"POST /profile/email":      a.saveEmail,
		"POST /profile/password":   a.savePassword,
		"GET /track":               a.track,
		"GET /admin":               a.admin,
		"GET /":                    a.nothing,
	}
}

func (a *App) calls() map[string]door {
	return map[string]door{
		"GET /api/whoami":         a.whoami,
		"GET /api/orders":         a.apiList,
		"GET /api/orders/{id}":    a.apiShow,
		"PATCH /api/orders/{id}":  a.apiPatch,
		"DELETE /api/orders/{id}": a.apiCancel,
		"POST /api/search":        a.apiSearch,
		"POST /api/graphql":       a.graphql,
	}
}
