package model

// Duties is a second, smaller world: workers of people, two sides that are kept apart, and two segments with a way
// between them that may be open or not. Seconds and names, as in World.
type Duties struct {
	Now         int64
	Day, Window int64
	Held, Done  bool // whether holding both, and doing both on one thing, is excluded now
	Open        bool // whether the way from the outer segment into the inner one is open
	Cut         map[string]string
	Workers     map[string]*Worker
	marks       map[[2]string]mark // what a party did on a thing
	born        int
}

// A Worker is an agent: whose it is, where, and what it holds.
type Worker struct {
	Owner   string
	Own     string // its own party: the owner's where it is his own
	Segment string
	Sides   map[string]bool
	Until   map[string]int64 // end of the mandate of each side; 0 is none
	born    int
}

type mark struct {
	side string
	till int64
}

// The inner segment is that of the system.
const inner = "finance"

var other = map[string]string{"initiate": "approve", "approve": "initiate"}

// NewDuties gives a world in which nothing is kept apart.
func NewDuties(day, window int64) *Duties {
	return &Duties{Day: day, Window: window, Cut: map[string]string{}, Workers: map[string]*Worker{}, marks: map[[2]string]mark{}}
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
	d.born++
	w.born, w.Until = d.born, map[string]int64{}
	d.Workers[name] = &w
	return true
}

// Reasons are why something may not be; none allows it.
type Reasons []string

// Ok tells whether nothing speaks against it.
func (r Reasons) Ok() bool { return len(r) == 0 }

// way tells whether a worker reaches the system.
func (d *Duties) way(w *Worker) (no Reasons) {
	if d.Cut[w.Segment] != "" || d.Cut[inner] != "" {
		no = append(no, "isolated")
	}
	if w.Segment != inner && !d.Open {
		no = append(no, "segment")
	}
	return no
}

// held tells whether the other side is held by whoever came before, or by the worker itself.
func (d *Duties) held(w *Worker, side string) bool {
	for _, v := range d.Workers {
		if d.Held && v.Owner == w.Owner && v.Sides[other[side]] && v.born <= w.born {
			return true
		}
	}
	return false
}

// Begin asks for a side and starts on it.
func (d *Duties) Begin(name, side string) Reasons {
	w := d.Workers[name]
	no := d.way(w)
	if !w.Sides[side] {
		no = append(no, "scope")
	}
	if d.held(w, side) {
		no = append(no, "separation-of-duties")
	}
	if no.Ok() {
		w.Until[side] = d.Now + d.Day
	}
	return no
}

// Work is one use of a side on a thing.
func (d *Duties) Work(name, side, thing string) Reasons {
	w := d.Workers[name]
	no := d.way(w)
	switch {
	case w.Until[side] == 0:
		no = append(no, "ended")
	case d.Now >= w.Until[side]:
		no = append(no, "expired", "ended")
		w.Until[side] = 0
	}
	if d.held(w, side) {
		no = append(no, "separation-of-duties")
	}
	return d.do(no, side, thing, w.Owner, w.Own)
}

// Self is a use by a person himself.
func (d *Duties) Self(who, side, thing string) (no Reasons) {
	for _, v := range d.Workers {
		if d.Held && v.Owner == who && v.Sides[other[side]] {
			no = Reasons{"separation-of-duties"}
		}
	}
	return d.do(no, side, thing, who)
}

func (d *Duties) do(no Reasons, side, thing string, parties ...string) Reasons {
	for _, p := range parties {
		if m := d.marks[[2]string{thing, p}]; d.Done && m.side == other[side] && d.Now < m.till {
			no = append(no, "separation-of-duties")
		}
	}
	for _, p := range parties {
		if no.Ok() && d.Done {
			d.marks[[2]string{thing, p}] = mark{side, d.Now + d.Window}
		}
	}
	return no
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
	for _, w := range d.Workers {
		if !d.way(w).Ok() {
			w.Until = map[string]int64{}
		}
	}
}
