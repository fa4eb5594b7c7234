package console

import (
	"strconv"

	"github.com/steadhq/stead"
)

const (
	linkWide = 272
	linkHigh = 56
	stepDown = 76
	stepIn   = 40
)

// A chainView is who passed a mandate on to whom, drawn and as a table.
type chainView struct {
	Box   string // viewBox
	Wide  string
	Links []chainLink
	Says  string
}

// A chainLink is one mandate of a chain, in the units of the drawing.
type chainLink struct {
	X, Y, TextX, NameY, MoreY string
	Way                       string // the line from the one above; empty of the first
	Name, More                string // as they fit into its box: no other words are read out than those that are drawn
	Agent, Href               string
	Depth, State, Until, From string
	Here, Over                bool
}

// chain draws mandates of which each stands after the one it was narrowed from; nil where there is one alone.
func (c *Console) chain(all []stead.Mandate, here stead.MandateID) *chainView {
	if len(all) < 2 {
		return nil
	}
	all = down(all)
	depth, row := map[stead.MandateID]int{}, map[stead.MandateID]int{}
	p := &chainView{Says: count(len(all), "mandate", "mandates") + ", from the first to those narrowed from it"}
	deepest := 0
	for i, m := range all {
		d, known := depth[m.Parent]
		if known {
			d++
		}
		depth[m.ID], row[m.ID] = d, i
		deepest = max(deepest, d)
		l := c.link(m, i, d)
		l.Here, l.Over = m.ID == here, m.State == stead.Ended
		if known {
			l.From = c.who(m.Actor) + " had it from " + p.Links[row[m.Parent]].Agent
			x := (d-1)*stepIn + stepIn/2
			l.Way = "M" + strconv.Itoa(x) + " " + strconv.Itoa(row[m.Parent]*stepDown+linkHigh) + "V" + strconv.Itoa(i*stepDown+linkHigh/2) + "H" + strconv.Itoa(d*stepIn)
		}
		p.Links = append(p.Links, l)
	}
	wide := deepest*stepIn + linkWide
	p.Wide = strconv.Itoa(wide)
	p.Box = "-2 -2 " + strconv.Itoa(wide+4) + " " + strconv.Itoa((len(all)-1)*stepDown+linkHigh+4)
	return p
}

func (c *Console) link(m stead.Mandate, i, depth int) chainLink {
	x, y := depth*stepIn, i*stepDown
	l := chainLink{X: strconv.Itoa(x), Y: strconv.Itoa(y), TextX: strconv.Itoa(x + 12), NameY: strconv.Itoa(y + 23), MoreY: strconv.Itoa(y + 43),
		Agent: c.who(m.Actor), Href: "/mandates/" + string(m.ID), Depth: strconv.Itoa(depth), State: stateWord(m.State), Until: c.at(m.Until)}
	l.More = l.State
	if m.State == stead.Active {
		l.More = modeWord(m.Mode) + ", " + c.left(m.Until) + " left"
	}
	l.Name, l.More = fitting(l.Agent, 26), fitting(l.More, 34)
	return l
}

// down orders mandates so that each is followed by those narrowed from it.
func down(all []stead.Mandate) []stead.Mandate {
	below := map[stead.MandateID][]stead.Mandate{}
	var out, tops []stead.Mandate
	known := map[stead.MandateID]bool{}
	for _, m := range all {
		if known[m.Parent] {
			below[m.Parent] = append(below[m.Parent], m)
		} else {
			tops = append(tops, m)
		}
		known[m.ID] = true
	}
	var walk func(m stead.Mandate)
	walk = func(m stead.Mandate) {
		out = append(out, m)
		for _, n := range below[m.ID] {
			walk(n)
		}
	}
	for _, m := range tops {
		walk(m)
	}
	return out
}

// fitting is as much of a text as a box of the drawing takes.
func fitting(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
