package gateway

// What a gateway has begun goes on when its applications are others: streams, jars of mandates, what was learned.
type ongoing struct {
	live     live
	jars     jars
	visitors visitors
	tally    tally
	hides    complaints
	clicked  presses
	buffers  buffers
}

// GoesOnFrom takes over what former has begun: g is there for the same people, under other rules, and its cookie keeps its
// name, or everybody would have to come in again. Requests that former has let in end under its own. It is called before
// Open.
func (g *Gateway) GoesOnFrom(former *Gateway) {
	g.ongoing, g.JarKey, g.Cookie = former.ongoing, former.JarKey, former.Cookie
}
