package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const orderCount = 140

var people = []struct{ key, name, street, town string }{
	{"customers/dana", "Dana Reyes", "Lindenstraße 14", "10969 Berlin"},
	{"customers/erin", "Erin Walsh", "27 Harbour Row", "Cork T12"},
	{"customers/finn", "Finn Aalto", "Mannerheimintie 8", "00100 Helsinki"},
	{"customers/gina", "Gina Moretti", "Via Garibaldi 3", "16124 Genova"},
	{"customers/hugo", "Hugo Lefèvre", "9 rue des Tanneurs", "67000 Strasbourg"},
	{"customers/iris", "Iris van Dam", "Oudegracht 112", "3511 Utrecht"},
	{"customers/jonas", "Jonas Berg", "Storgatan 41", "411 38 Göteborg"},
	{"customers/kira", "Kira Novák", "Dlouhá 22", "110 00 Praha"},
	{"customers/liam", "Liam Byrne", "4 Canal Walk", "Galway H91"},
	{"customers/mona", "Mona Haddad", "Rue de Flandre 60", "1000 Bruxelles"},
	{"customers/nils", "Nils Holm", "Vesterbrogade 95", "1620 København"},
	{"customers/olga", "Olga Wójcik", "ul. Długa 17", "31-147 Kraków"},
	{"partners/dana", "Dana Okafor", "Quai du Rhône 2", "1205 Genève"},
}

var articles = []struct {
	sku, name string
	each      Cents
}{
	{"LMP-110", "Desk lamp, brass", 7900}, {"LMP-205", "Floor lamp, linen shade", 14900}, {"CHR-031", "Oak chair", 18900},
	{"CHR-044", "Reading chair, wool", 64900}, {"TBL-012", "Side table, walnut", 22900}, {"TBL-080", "Dining table, oak, 180 cm", 119000},
	{"SHF-007", "Wall shelf, two boards", 8900}, {"RUG-140", "Wool rug, 140 × 200", 32900}, {"CUS-020", "Cushion, linen", 3490},
	{"BLK-009", "Blanket, alpaca", 11900}, {"VAS-003", "Vase, hand-thrown", 4590}, {"MUG-001", "Mug, stoneware", 1690},
	{"PLT-006", "Plate, set of four", 5490}, {"KTL-002", "Kettle, enamel", 6490}, {"CLK-015", "Wall clock, ash", 7250},
	{"MIR-030", "Round mirror, 60 cm", 13900}, {"HNG-004", "Coat hooks, row of five", 4290}, {"BSK-018", "Basket, willow", 3890},
}

var subjects = []string{
	"Your delivery date", "About your last invoice", "A part is missing", "Thank you for your order", "A colour that is sold out", "Change of address",
}

// seed fills the shop, always with the same. Times are counted back from the start, so that they look recent.
func (a *App) seed() {
	chance := rand.New(rand.NewPCG(4711, 1))
	start := a.Now().UTC().Truncate(time.Hour)
	a.customers = map[string]*Customer{}
	for i, p := range people {
		a.customers[p.key] = seedCustomer(chance, start, i)
	}
	for n := 1; n <= orderCount; n++ {
		a.orders = append(a.orders, seedOrder(chance, start, n))
	}
	// The order that Dana calls about: SUP-4711, shipping was charged twice.
	seven := a.orders[6]
	seven.Placed, seven.Status, seven.Paid = start.AddDate(0, 0, -4), packed, false
	seven.Lines = []Line{{"Floor lamp, linen shade", "LMP-205", 1, 14900}, {"Cushion, linen", "CUS-020", 2, 3490}}
	seven.Total, seven.Note = seven.Lined()+2*shippingFee, "Please ring twice"
	seven.History = []Entry{{seven.Placed, people[0].name, "placed the order"}, {seven.Placed.Add(20 * time.Hour), "Acme", "set it to packed"}}
}

const shippingFee Cents = 990

func seedCustomer(chance *rand.Rand, start time.Time, i int) *Customer {
	p := people[i]
	var user string
	for _, r := range p.key {
		if user += string(r); r == '/' {
			user = ""
		}
	}
	c := &Customer{
		Key: p.key, Name: p.name, Email: user + "@mail.example", Phone: fmt.Sprintf("+00 555 01%02d", 10+i),
		Address: p.street + "\n" + p.town, Since: start.AddDate(-1, -i, -chance.IntN(28)),
	}
	c.PasswordSet = c.Since
	for t := range 3 + chance.IntN(3) {
		c.Threads = append(c.Threads, seedThread(chance, start, c, i*10+t+1))
	}
	return c
}

func seedThread(chance *rand.Rand, start time.Time, c *Customer, id int) *Thread {
	at := start.Add(-time.Duration(24+chance.IntN(24*60)) * time.Hour)
	t := &Thread{ID: id, Subject: subjects[chance.IntN(len(subjects))]}
	t.Posts = []*Post{
		{At: at, From: c.Name, Text: "Hello, could you have a look at this for me? It is not urgent."},
		{At: at.Add(5 * time.Hour), From: "Acme, Robin", Shop: true, Text: "Of course. I have asked the warehouse and will write again as soon as I know."},
		{At: at.Add(21 * time.Hour), From: "Acme, Robin", Shop: true, Text: "Good news: it is sorted. You need not do anything."},
	}
	if chance.IntN(3) > 0 {
		for _, p := range t.Posts[1:] {
			p.Read, p.ReadBy = p.At.Add(2*time.Hour), c.Name
		}
	}
	return t
}

func seedOrder(chance *rand.Rand, start time.Time, n int) *Order {
	owner := people[1+n%(len(people)-1)]
	if n%7 == 0 {
		owner = people[0] // every seventh is Dana's, number 7 first
	}
	age := time.Duration(orderCount-n)*60*time.Hour + time.Duration(chance.IntN(50))*time.Hour
	o := &Order{Number: n, Owner: owner.key, Placed: start.Add(-age - time.Hour), ShipTo: owner.street + "\n" + owner.town}
	for range 1 + chance.IntN(4) {
		art := articles[chance.IntN(len(articles))]
		o.Lines = append(o.Lines, Line{Article: art.name, SKU: art.sku, Count: 1 + chance.IntN(3), Each: art.each})
	}
	o.Total = o.Lined() + shippingFee
	o.Status = seedStatus(chance, age)
	o.Paid = o.Status == delivered && chance.IntN(5) > 0
	o.History = []Entry{{o.Placed, owner.name, "placed the order"}}
	if o.Status != placed {
		o.History = append(o.History, Entry{o.Placed.Add(20 * time.Hour), "Acme", "set it to " + string(o.Status)})
	}
	return o
}

func seedStatus(chance *rand.Rand, age time.Duration) Status {
	switch days := int(age / (24 * time.Hour)); {
	case chance.IntN(14) == 0:
		return cancelled
	case days < 20:
		return placed
	case days < 40:
		return packed
	case days < 70:
		return shipped
	}
	return delivered
}
