package model

// Duties is a second, smaller world: workers of people that pass what they hold on to each other, two sides that are kept
// apart, and two segments with a way between them that may be open or not. Seconds and names, as in World.
type Duties struct {
	Now         int64
	Day, Window int64
	Calls       int  // how often a mandate is used
	Held, Done  bool // whether holding both, and doing both on one thing, is excluded now
	Open        bool // whether the way from the outer segment into the inner one is open
	Cut         map[string]string
	Workers     map[string]*Worker
	Parts       []*Part
	marks       map[[2]string]mark // what a party did on a thing
}

// A Worker is an agent: whose it is, where, and what it may hold.
type Worker struct {
	Owner   string
	Own     string // its own party: the owner's where it is his own
	Segment string
	Sides   map[string]bool
	born    int
}

// A Part is a mandate: a side in the hand of a worker, or what it passed on of that.
type Part struct {
	Worker, Side string
	Above        *Part // nil: it was asked for
	Until        int64
	Depth        int // how often it is passed on further
	Spent        int
	Over, Still  bool // ended; suspended
	Gone         bool // the instance that held it has ended
}

type mark struct {
	side string
	till int64
}

// The inner segment is that of the system.
const inner = "finance"

var other = map[string]string{"initiate": "approve", "approve": "initiate"}

// NewDuties gives a world in which nothing is kept apart.
func NewDuties(day, window int64, calls int) *Duties {
	return &Duties{Day: day, Window: window, Calls: calls, Cut: map[string]string{}, Workers: map[string]*Worker{}, marks: map[[2]string]mark{}}
}

// Register adds a worker; false: the owner's workers would hold both.
func (d *Duties) Register(name string, w Worker) bool {
	if d.Held {
		if w.Sides["initiate"] && w.Sides["approve"] {
			return false
		}
		for _, v := range d.Workers {
			for side := range w.Sides {
				if v.Owner == w.Owner && v.Sides[other[side]] {
					return false
				}
			}
		}
	}
	w.born = len(d.Workers)
	d.Workers[name] = &w
	return true
}

// Reasons are why something may not be; none allows it.
type Reasons []string

// Ok tells whether nothing speaks against it.
func (r Reasons) Ok() bool { return len(r) == 0 }

func (r *Reasons) when(wrong bool, why ...string) {
	if wrong {
		*r = append(*r, why...)
	}
}

// line is who holds a part and who it came from.
func (p *Part) line() (all []*Part) {
	for ; p != nil; p = p.Above {
		all = append(all, p)
	}
	return all
}

func (d *Duties) workers(line []*Part) (all []*Worker) {
	for _, p := range line {
		all = append(all, d.Workers[p.Worker])
	}
	return all
}

// ways tells whether each of some workers reaches the system.
func (d *Duties) ways(all []*Worker) (no Reasons) {
	for _, w := range all {
		no.when(d.Cut[w.Segment] != "" || d.Cut[inner] != "", "isolated")
		no.when(w.Segment != inner && !d.Open, "segment")
	}
	return no
}

// held tells whether somebody of one party with any of them holds the other side, and was there before the last of them.
func (d *Duties) held(all []*Worker, side string) bool {
	last := 0
	for _, w := range all {
		last = max(last, w.born)
	}
	for _, w := range all {
		for _, v := range d.Workers {
			if d.Held && v.Owner == w.Owner && v.Sides[other[side]] && v.born <= last {
				return true
			}
		}
	}
	return false
}

// Begin asks for a side and starts on it.
func (d *Duties) Begin(name, side string) (no Reasons) {
	w := d.Workers[name]
	no = d.ways([]*Worker{w})
	no.when(!w.Sides[side], "scope")
	no.when(d.held([]*Worker{w}, side), "separation-of-duties")
	if no.Ok() {
		d.Parts = append(d.Parts, &Part{Worker: name, Side: side, Until: d.Now + d.Day, Depth: 2})
	}
	return no
}

// stands tells why nothing is done with a part whatever it is: it or one above is over, or held up.
func (d *Duties) stands(line []*Part) (no Reasons) {
	no.when(line[0].Gone, "sign-in")
	for _, p := range line {
		no.when(p.Over, "ended", "above-ended", "not-yours")
		no.when(d.Now >= p.Until, "expired", "ended", "above-ended", "not-yours")
		no.when(p.Still, "suspended")
	}
	return no
}

// Stands tells whether a part is in force, with all above it.
func (d *Duties) Stands(p *Part) bool { return d.stands(p.line()).Ok() }

// Dead tells whether a part is over, or its time is.
func (d *Duties) Dead(p *Part) bool {
	for _, q := range p.line() {
		if q.Over || d.Now >= q.Until {
			return true
		}
	}
	return false
}

// Pass gives a part on to another worker, which starts on it.
func (d *Duties) Pass(p *Part, to string) (no Reasons) {
	line, w := p.line(), d.Workers[to]
	no = d.stands(line)
	all := append(d.workers(line), w)
	no = append(no, d.ways(all)...)
	no.when(p.Depth == 0, "chaining")
	for _, q := range line {
		no.when(q.Worker == to, "chaining")
	}
	no.when(!w.Sides[p.Side], "scope")
	no.when(d.held(all, p.Side), "separation-of-duties")
	if no.Ok() {
		d.Parts = append(d.Parts, &Part{Worker: to, Side: p.Side, Above: p, Until: min(p.Until, d.Now+d.Day), Depth: p.Depth - 1})
	}
	return no
}

// May tells whether a part may be used on a thing; nothing comes of asking.
func (d *Duties) May(p *Part, thing string) (no Reasons) {
	line := p.line()
	no = append(d.stands(line), d.ways(d.workers(line))...)
	for _, q := range line {
		no.when(q.Spent >= d.Calls, "budget")
	}
	no.when(d.held(d.workers(line), p.Side), "separation-of-duties")
	no.when(d.did(p.Side, thing, d.parties(line)), "separation-of-duties")
	return no
}

// Work is one use of a part on a thing: all above it do it too, and pay for it.
func (d *Duties) Work(p *Part, thing string) Reasons {
	no := d.May(p, thing)
	if no.Ok() {
		for _, q := range p.line() {
			q.Spent++
		}
		d.mark(p.Side, thing, d.parties(p.line()))
	}
	return no
}

func (d *Duties) parties(line []*Part) (all []string) {
	for _, w := range d.workers(line) {
		all = append(all, w.Owner, w.Own)
	}
	return all
}

// Self is a use by a person himself.
func (d *Duties) Self(who, side, thing string) (no Reasons) {
	for _, v := range d.Workers {
		no.when(d.Held && v.Owner == who && v.Sides[other[side]], "separation-of-duties")
	}
	no.when(d.did(side, thing, []string{who}), "separation-of-duties")
	if no.Ok() {
		d.mark(side, thing, []string{who})
	}
	return no
}

func (d *Duties) did(side, thing string, parties []string) bool {
	for _, p := range parties {
		if m := d.marks[[2]string{thing, p}]; d.Done && m.side == other[side] && d.Now < m.till {
			return true
		}
	}
	return false
}

func (d *Duties) mark(side, thing string, parties []string) {
	for _, p := range parties {
		if d.Done {
			d.marks[[2]string{thing, p}] = mark{side, d.Now + d.Window}
		}
	}
}

// End ends a part, and all that came from it.
func (d *Duties) End(p *Part) {
	for _, q := range d.Parts {
		for _, above := range q.line() {
			q.Over = q.Over || above == p
		}
	}
}

// Quit ends the instance that holds a part.
func (d *Duties) Quit(p *Part) {
	p.Gone = true
	d.End(p)
}

// Isolate cuts a segment off; false: it is already.
func (d *Duties) Isolate(segment, who string) bool {
	if d.Cut[segment] != "" {
		return false
	}
	d.Cut[segment] = who
	d.close()
	return true
}

// Reconnect undoes that; false: it is not cut off, or he did it himself.
func (d *Duties) Reconnect(segment, who string) bool {
	if d.Cut[segment] == "" || d.Cut[segment] == who {
		return false
	}
	delete(d.Cut, segment)
	return true
}

// Lead opens or closes the way.
func (d *Duties) Lead(open bool) {
	d.Open = open
	d.close()
}

// close ends what has no way any more.
func (d *Duties) close() {
	for _, p := range d.Parts {
		if !d.ways([]*Worker{d.Workers[p.Worker]}).Ok() {
			d.End(p)
		}
	}
}
