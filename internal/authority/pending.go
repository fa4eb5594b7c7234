package authority

import "github.com/steadhq/stead"

// Then calls f once Wait has its answer.
func (p *Pending) Then(f func()) {
	wait := p.wait
	p.wait = func() (stead.Decision, error) {
		defer f()
		return wait()
	}
}
