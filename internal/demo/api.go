package demo

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

func isCall(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone is nobody's to tell
}

// A view is an order as programs see it.
type view struct {
	ID      int       `json:"id"`
	Placed  time.Time `json:"placed"`
	Status  Status    `json:"status"`
	Lines   []Line    `json:"lines"`
	Total   Cents     `json:"total_cents"`
	Shown   string    `json:"total"`
	ShipTo  string    `json:"ship_to"`
	Note    string    `json:"note"`
	History []Entry   `json:"history"`
}

func viewOf(o Order) view {
	return view{o.Number, o.Placed.UTC(), o.Status, o.Lines, o.Total, o.Total.String(), o.ShipTo, o.Note, o.History}
}

func viewsOf(f finding) map[string]any {
	views := []view{}
	for _, o := range f.Orders {
		views = append(views, viewOf(o))
	}
	return map[string]any{"orders": views, "page": f.Page, "pages": f.Pages, "count": f.Count}
}

// whoami echoes what the gateway said, so that anybody can see it.
func (a *App) whoami(w http.ResponseWriter, r *http.Request, v visitor) {
	headers := map[string][]string{}
	for name, values := range r.Header {
		if n := strings.ToLower(name); strings.Contains(n, "stead") || strings.HasPrefix(n, "x-forwarded") || strings.Contains(n, "user") {
			headers[name] = values
		}
	}
	me := map[string]any{
		"subject": v.Subject.String(), "actor": v.Actor.String(), "acting": v.Acting(), "mandate": v.Mandate, "mode": v.Mode,
		"admin": v.Admin, "headers": headers, "host": r.Host,
	}
	if v.Customer != nil {
		me["name"] = a.account(v).Name
	}
	writeJSON(w, http.StatusOK, me)
}

func heartbeat(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (a *App) apiList(w http.ResponseWriter, r *http.Request, v visitor) {
	q := r.URL.Query()
	writeJSON(w, http.StatusOK, viewsOf(a.find(v, q.Get("q"), q.Get("status"), q.Get("page"), pageSize)))
}

func (a *App) apiShow(w http.ResponseWriter, r *http.Request, v visitor) {
	o, ok := a.order(v, r.PathValue("id"))
	if !ok {
		a.refuse(w, r, v, http.StatusNotFound, "There is no such order.")
		return
	}
	writeJSON(w, http.StatusOK, viewOf(o))
}

func (a *App) apiPatch(w http.ResponseWriter, r *http.Request, v visitor) {
	var m amendment
	if text := readJSON(w, r, &m); text != "" {
		a.refuse(w, r, v, http.StatusBadRequest, text)
		return
	}
	a.answer(w, r, v)(a.amend(v, r.PathValue("id"), m))
}

func (a *App) apiCancel(w http.ResponseWriter, r *http.Request, v visitor) {
	a.answer(w, r, v)(a.drop(v, r.PathValue("id")))
}

func (a *App) answer(w http.ResponseWriter, r *http.Request, v visitor) func(Order, int, string) {
	return func(o Order, status int, text string) {
		if text != "" {
			a.refuse(w, r, v, status, text)
			return
		}
		writeJSON(w, status, viewOf(o))
	}
}

// apiSearch is a read, whatever its method says.
func (a *App) apiSearch(w http.ResponseWriter, r *http.Request, v visitor) {
	var q, status, page string
	if text := readFields(w, r, map[string]*string{"q": &q, "status": &status, "page": &page}); text != "" {
		a.refuse(w, r, v, http.StatusBadRequest, text)
		return
	}
	writeJSON(w, http.StatusOK, viewsOf(a.find(v, q, status, page, pageSize)))
}

// readFields reads a form or a JSON object of strings, and gives back what is wrong with it. Parameters in the
// address are not read.
func readFields(w http.ResponseWriter, r *http.Request, into map[string]*string) string {
	sent := map[string]string{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if text := readJSON(w, r, &sent); text != "" {
			return text
		}
	} else if !typed(w, r) {
		return "Send application/json or a form."
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return "The field " + name + " is given twice."
		}
		sent[name] = values[0]
	}
	for name, value := range sent {
		if into[name] == nil {
			return "There is no field " + name + "."
		}
		*into[name] = value
	}
	return ""
}

// readJSON gives back what is wrong with the body.
func readJSON(w http.ResponseWriter, r *http.Request, v any) string {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return "Send application/json."
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return "The body does not fit: " + err.Error()
	}
	if _, err := d.Token(); err != io.EOF {
		return "The body holds more than one value."
	}
	return ""
}
