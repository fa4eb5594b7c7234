package authority

import (
	"context"

	"github.com/steadhq/stead"
)

// A Pending is a decision whose record is on its way to the disk. A read may go upstream meanwhile; nothing may reach
// the client, and no write may be sent, before Wait has said yes. It is for one goroutine.
type Pending struct {
	Decision stead.Decision

	a      *Authority
	ctx    context.Context
	q      stead.Question
	duties []stead.Duty
	record Ticket // nil: nothing waits for it
	then   func()
}

// Wait gives the decision that counts: recorded, and made on nothing older than what stood before it in the log. An
// error counts as no.
func (p *Pending) Wait() (stead.Decision, error) {
	if p.then != nil {
		defer p.then()
	}
	if p.record == nil {
		return p.Decision, nil
	}
	r, err := p.record.Wait()
	return p.a.release(p.ctx, p.q, p.Decision, p.duties, r, err)
}

// Then calls f, and nothing that was named before, once Wait has its answer.
func (p *Pending) Then(f func()) { p.then = f }
