package demo

import (
	"fmt"
	"strings"
	"time"
)

// A Customer has one account.
type Customer struct {
	Key, Name, Email, Phone, Address string
	Since, PasswordSet               time.Time
	Threads                          []*Thread
	History                          []Entry
}

// An Entry of a history says who did what.
type Entry struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"` // "Dana", "Sam for Dana", "Acme"
	What string    `json:"what"`
}

// An Order is what a customer bought. Total is what was charged.
type Order struct {
	Number  int
	Owner   string // key of the customer
	Placed  time.Time
	Status  Status
	Lines   []Line
	Total   Cents
	ShipTo  string
	Note    string
	Paid    bool
	History []Entry
}

// A Line is one article in an order.
type Line struct {
	Article string `json:"article"`
	SKU     string `json:"sku"`
	Count   int    `json:"count"`
	Each    Cents  `json:"each_cents"`
}

// Sum is what the line costs.
func (l Line) Sum() Cents { return Cents(l.Count) * l.Each }

// Lined is what the lines cost together.
func (o *Order) Lined() (sum Cents) {
	for _, l := range o.Lines {
		sum += l.Sum()
	}
	return sum
}

// Open tells whether the customer may still change it.
func (o *Order) Open() bool { return o.Status == placed || o.Status == packed }

// Invoice is the number of its invoice, "" while there is none.
func (o *Order) Invoice() string {
	if o.Status != shipped && o.Status != delivered {
		return ""
	}
	return fmt.Sprintf("INV-%05d", 20000+o.Number)
}

// matches tells whether the order is found by words in its number, articles, address or note.
func (o *Order) matches(q string, status Status) bool {
	if status != "" && o.Status != status {
		return false
	}
	text := strings.ToLower(fmt.Sprint(o.Number, " ", o.ShipTo, " ", o.Note, " ", o.Status))
	for _, l := range o.Lines {
		text += " " + strings.ToLower(l.Article+" "+l.SKU)
	}
	for word := range strings.FieldsSeq(strings.ToLower(q)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// Status is where an order is.
type Status string

const (
	placed    Status = "placed"
	packed    Status = "packed"
	shipped   Status = "shipped"
	delivered Status = "delivered"
	cancelled Status = "cancelled"
)

// statuses in the order of an order's life.
var statuses = []Status{placed, packed, shipped, delivered, cancelled}

// Cents are hundredths of a euro.
type Cents int64

func (c Cents) String() string {
	whole := fmt.Sprint(int64(c) / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("€ %s.%02d", whole, int64(c)%100)
}

// A Thread is a conversation with the shop.
type Thread struct {
	ID      int
	Subject string
	Posts   []*Post
}

// Unread counts the shop's posts that nobody has opened.
func (t *Thread) Unread() (n int) {
	for _, p := range t.Posts {
		if p.Read.IsZero() && p.Shop {
			n++
		}
	}
	return n
}

// A Post is one message of a thread.
type Post struct {
	At     time.Time
	From   string
	Text   string
	Shop   bool
	Read   time.Time
	ReadBy string
}

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func minute(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }
