package demo

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func (c Customer) first() string {
	name, _, _ := strings.Cut(c.Name, " ")
	return name
}

func (t *Thread) last() time.Time { return t.Posts[len(t.Posts)-1].At }

// articlesOf names the first article and counts the others.
func articlesOf(o Order) string {
	switch n := len(o.Lines); n {
	case 0:
		return ""
	case 1:
		return o.Lines[0].Article
	default:
		return fmt.Sprintf("%s and %d more", o.Lines[0].Article, n-1)
	}
}

func paid(o Order) string {
	if o.Paid {
		return "paid"
	}
	return "due " + day(o.Placed.AddDate(0, 1, 0))
}

func foundLine(f finding) string {
	if f.Count == 1 {
		return "1 order"
	}
	return strconv.Itoa(f.Count) + " orders"
}

func (f finding) values() url.Values {
	v := url.Values{}
	if f.Query != "" {
		v.Set("q", f.Query)
	}
	if f.Status != "" {
		v.Set("status", string(f.Status))
	}
	return v
}

func (f finding) link(page int) string {
	v := f.values()
	v.Set("page", strconv.Itoa(page))
	return "/orders?" + v.Encode()
}

func (f finding) export() string {
	if v := f.values().Encode(); v != "" {
		return "/orders/export.csv?" + v
	}
	return "/orders/export.csv"
}

// who names both people of a change.
func (c Change) who() string {
	actor, _ := parseParty(c.Actor)
	subject, _ := parseParty(c.Subject)
	return visitor{Actor: actor, Subject: subject}.Signature()
}
