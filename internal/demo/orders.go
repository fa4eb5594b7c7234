package demo

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const pageSize = 10

// A finding is one page of orders.
type finding struct {
	Query       string
	Status      Status
	Page, Pages int
	Count       int
	Orders      []Order
}

// find gives the visitor's own orders, latest first. size 0 is all on one page.
func (a *App) find(v visitor, q, status, page string, size int) finding {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := finding{Query: q, Status: Status(status), Page: 1}
	if !slices.Contains(statuses, f.Status) {
		f.Status = ""
	}
	for _, o := range slices.Backward(a.orders) {
		if o.Owner == v.Customer.Key && o.matches(q, f.Status) {
			f.Orders = append(f.Orders, copyOf(o))
		}
	}
	slices.SortStableFunc(f.Orders, func(x, y Order) int { return y.Placed.Compare(x.Placed) })
	f.Count = len(f.Orders)
	if size == 0 {
		f.Pages = 1
		return f
	}
	f.Pages = max(1, (f.Count+size-1)/size)
	if n, err := strconv.Atoi(page); err == nil {
		f.Page = min(max(1, n), f.Pages)
	}
	from := min((f.Page-1)*size, f.Count)
	f.Orders = f.Orders[from:min(from+size, f.Count)]
	return f
}

func copyOf(o *Order) Order {
	c := *o
	c.Lines, c.History = slices.Clone(o.Lines), slices.Clone(o.History)
	return c
}

// order gives one order of the visitor's own; another's is not there.
func (a *App) order(v visitor, id string) (Order, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.own(v, id)
	if o == nil {
		return Order{}, false
	}
	return copyOf(o), true
}

func (a *App) own(v visitor, id string) *Order {
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(a.orders) || strconv.Itoa(n) != id || a.orders[n-1].Owner != v.Customer.Key {
		return nil
	}
	return a.orders[n-1]
}

// An amendment is what a customer may change of an open order; nil leaves it.
type amendment struct {
	ShipTo *string `json:"ship_to"`
	Note   *string `json:"note"`
}

// amend changes an order and says so in its history. The status is HTTP's.
func (a *App) amend(v visitor, id string, m amendment) (Order, int, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.own(v, id)
	switch {
	case o == nil:
		return Order{}, http.StatusNotFound, "There is no such order."
	case !o.Open():
		return copyOf(o), http.StatusConflict, "An order that is " + string(o.Status) + " cannot be changed any more."
	case m.ShipTo != nil && strings.TrimSpace(*m.ShipTo) == "":
		return copyOf(o), http.StatusUnprocessableEntity, "Say where it should go."
	}
	var what []string
	if m.ShipTo != nil && tidy(*m.ShipTo) != o.ShipTo {
		o.ShipTo = tidy(*m.ShipTo)
		what = append(what, "the address")
	}
	if m.Note != nil && tidy(*m.Note) != o.Note {
		o.Note = tidy(*m.Note)
		what = append(what, "the note")
	}
	if len(what) > 0 {
		a.sign(v, o, "changed "+strings.Join(what, " and "))
	}
	return copyOf(o), http.StatusOK, ""
}

func (a *App) drop(v visitor, id string) (Order, int, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.own(v, id)
	switch {
	case o == nil:
		return Order{}, http.StatusNotFound, "There is no such order."
	case !o.Open():
		return copyOf(o), http.StatusConflict, "An order that is " + string(o.Status) + " cannot be cancelled."
	}
	o.Status = cancelled
	a.sign(v, o, "cancelled the order")
	return copyOf(o), http.StatusOK, ""
}

func (a *App) sign(v visitor, o *Order, what string) {
	o.History = append(o.History, Entry{a.Now(), v.Signature(), what})
	a.note(v, false, fmt.Sprintf("order %d: %s", o.Number, what))
}

// tidy bounds what is typed and unifies its line ends.
func tidy(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if r := []rune(s); len(r) > 500 {
		return string(r[:500])
	}
	return s
}

func (a *App) export(w http.ResponseWriter, r *http.Request, v visitor) {
	f := a.find(v, r.FormValue("q"), r.FormValue("status"), "", 0)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="orders.csv"`)
	c := csv.NewWriter(w) // its errors are those of a client that is gone, who is nobody's to tell
	_ = c.Write([]string{"order", "placed", "status", "articles", "total_eur", "ship_to", "note"})
	for _, o := range f.Orders {
		_ = c.Write([]string{
			strconv.Itoa(o.Number), o.Placed.UTC().Format("2006-01-02"), string(o.Status), strconv.Itoa(len(o.Lines)),
			fmt.Sprintf("%d.%02d", o.Total/100, o.Total%100), inert(strings.ReplaceAll(o.ShipTo, "\n", ", ")), inert(o.Note),
		})
	}
	c.Flush()
}

// inert keeps a spreadsheet from taking text for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
