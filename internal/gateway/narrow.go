package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/steadhq/stead/internal/web"
)

// narrow bounds where a page, a frame of it or a worker may call, post and look while somebody acts: the hosts that the mandate covers, and those
// that the application's rules name (R24). It is a policy beside the page's own, and both must agree.
func (t *trip) narrow(h http.Header) {
	p, scheme := t.v.place, web.ClientOf(t.in).Scheme()
	hosts := []string{"'self'"}
	for n := range p.app.Hosts {
		if n != p.n {
			hosts = append(hosts, scheme+"://"+t.g.sibling(p, n))
		}
	}
	hosts = append(hosts, p.app.Reaches...)
	socket := "ws" + strings.TrimPrefix(scheme, "http") + "://" + t.in.Host
	forms := append(slices.Clone(hosts), t.leads()...)
	list := func(more ...string) string { return strings.Join(more, " ") }
	h.Add("Content-Security-Policy", "connect-src "+list(append(slices.Clone(hosts), socket)...)+"; form-action "+list(forms...)+
		"; frame-src "+list(append(slices.Clone(hosts), "data:", "blob:")...))
}
