package demo

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
)

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1020 generate

func (a *App) write(w http.ResponseWriter, status int, page templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Render(context.Background(), w) // a client that is gone is nobody's to tell
}

// refuse says no, to programs in JSON.
func (a *App) refuse(w http.ResponseWriter, r *http.Request, v visitor, status int, text string) {
	if isCall(r) {
		writeJSON(w, status, map[string]string{"error": text})
		return
	}
	a.write(w, status, problem(v, http.StatusText(status), text))
}

func (a *App) nothing(w http.ResponseWriter, r *http.Request, v visitor) {
	a.refuse(w, r, v, http.StatusNotFound, "There is no such page.")
}

func (a *App) home(w http.ResponseWriter, _ *http.Request, v visitor) {
	if v.Customer == nil {
		a.write(w, http.StatusOK, staffHome(v))
		return
	}
	f := a.find(v, "", "", "1", 5)
	a.write(w, http.StatusOK, homePage(v, a.account(v), f))
}

func (a *App) list(w http.ResponseWriter, r *http.Request, v visitor) {
	f := a.find(v, r.FormValue("q"), r.FormValue("status"), r.FormValue("page"), pageSize)
	a.write(w, http.StatusOK, listPage(v, f))
}

func (a *App) show(w http.ResponseWriter, r *http.Request, v visitor) {
	o, ok := a.order(v, r.PathValue("id"))
	if !ok {
		a.refuse(w, r, v, http.StatusNotFound, "There is no such order.")
		return
	}
	a.write(w, http.StatusOK, orderPage(v, o))
}

func (a *App) edit(w http.ResponseWriter, r *http.Request, v visitor) {
	o, ok := a.order(v, r.PathValue("id"))
	if !ok {
		a.refuse(w, r, v, http.StatusNotFound, "There is no such order.")
		return
	}
	a.write(w, http.StatusOK, editPage(v, o, ""))
}

func (a *App) save(w http.ResponseWriter, r *http.Request, v visitor) {
	if !typed(w, r) {
		a.refuse(w, r, v, http.StatusBadRequest, "That form could not be read.")
		return
	}
	shipTo, note := r.PostFormValue("ship_to"), r.PostFormValue("note")
	o, status, text := a.amend(v, r.PathValue("id"), amendment{ShipTo: &shipTo, Note: &note})
	switch status {
	case http.StatusOK:
		http.Redirect(w, r, "/orders/"+r.PathValue("id"), http.StatusSeeOther)
	case http.StatusUnprocessableEntity:
		a.write(w, status, editPage(v, o, text))
	default:
		a.refuse(w, r, v, status, text)
	}
}

func (a *App) cancel(w http.ResponseWriter, r *http.Request, v visitor) {
	_, status, text := a.drop(v, r.PathValue("id"))
	if status != http.StatusOK {
		a.refuse(w, r, v, status, text)
		return
	}
	http.Redirect(w, r, "/orders/"+r.PathValue("id"), http.StatusSeeOther)
}

func (a *App) invoices(w http.ResponseWriter, _ *http.Request, v visitor) {
	var billed []Order
	for _, o := range a.find(v, "", "", "", 0).Orders {
		if o.Invoice() != "" {
			billed = append(billed, o)
		}
	}
	a.write(w, http.StatusOK, invoicesPage(v, billed))
}

// invoice has the strictest policy a page can have: whoever adds to it must ask first.
func (a *App) invoice(w http.ResponseWriter, r *http.Request, v visitor) {
	for _, o := range a.find(v, "", "", "", 0).Orders {
		if o.Invoice() == r.PathValue("number") {
			w.Header().Set("Content-Security-Policy",
				"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			a.write(w, http.StatusOK, invoicePage(v, a.account(v), o))
			return
		}
	}
	a.refuse(w, r, v, http.StatusNotFound, "There is no such invoice.")
}

// track is drawn by its script from the interface, and whole without it.
func (a *App) track(w http.ResponseWriter, _ *http.Request, v visitor) {
	a.write(w, http.StatusOK, trackPage(v, a.find(v, "", "", "1", pageSize)))
}

func (a *App) admin(w http.ResponseWriter, r *http.Request, v visitor) {
	if !v.Admin {
		a.refuse(w, r, v, http.StatusForbidden, "This page is for those who run the shop.")
		return
	}
	a.write(w, http.StatusOK, adminPage(v, a.totals(), a.Changes()))
}

// A total is a customer's line in the books.
type total struct {
	Customer Customer
	Orders   int
	Open     int
	Sum      Cents
}

func (a *App) totals() []total {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []total
	for _, p := range people {
		t := total{Customer: *a.customers[p.key]}
		for _, o := range a.orders {
			if o.Owner == p.key && o.Status != cancelled {
				t.Orders, t.Sum = t.Orders+1, t.Sum+o.Total
				if o.Open() {
					t.Open++
				}
			}
		}
		all = append(all, t)
	}
	return all
}
