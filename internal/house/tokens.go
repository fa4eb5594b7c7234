package house

import (
	"crypto/x509"
	"net/netip"
	"net/url"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/oauth"
	"github.com/steadhq/stead/internal/tokens"
	"github.com/steadhq/stead/internal/web"
)

// tokens opens the door of OAuth, and gives what reads its tokens for Stead's other doors.
func (h *House) tokens(s Site, verbs metered, cookie web.Cookie, t *web.Routes) (*tokens.Keeper, *oauth.Door) {
	proofs := &tokens.Proofs{Origin: s.Origin, Now: h.Now, Key: h.CodeKey}
	keeper := &tokens.Keeper{Issuer: s.Origin, Keys: s.Ring, Live: verbs, Proofs: proofs, Once: &h.used, Now: h.Now}
	clients := &tokens.Clients{Register: verbs, Accepts: []string{s.Origin, oauth.TokenEndpoint(s.Origin)}, Now: h.Now}
	door := &oauth.Door{Issuer: s.Origin, Verbs: verbs, Asks: verbs, Cookie: cookie, Now: h.Now, Zone: verbs.Settings.Zone, Inspector: verbs, Mint: keeper, Clients: clients, Proofs: proofs, Memory: &h.used,
		Algorithms: tokens.Algorithms(), Run: verbs.Settings.Run}
	if s.Trusts != nil {
		door.Workloads = &tokens.Workloads{Bundles: s.Trusts, Accepts: clients.Accepts, Now: h.Now}
	}
	if len(s.Attesters) > 0 {
		door.Attesters = &tokens.Attesters{All: s.Attesters, Accepts: clients.Accepts, Now: h.Now, Key: h.CodeKey}
	}
	if s.Letters != nil {
		door.Letters = s.Letters
	}
	door.Services = func(secret string) stead.PrincipalID {
		if c := authzen.Callers(s.Callers).By(secret); c != nil {
			return c.ID
		}
		return ""
	}
	door.Writes = slices.ContainsFunc(verbs.Settings.Apps, func(a stead.App) bool { return a.House != nil })
	if own, err := url.Parse(s.Origin); len(s.Documents.Hosts) > 0 && err == nil {
		door.Documents = &oauth.Documents{Hosts: s.Documents.Hosts, Networks: s.Documents.Networks, Roots: s.Documents.Roots, Now: h.Now,
			Plain: !s.secure() && web.Loopback(own.Hostname())}
	}
	door.Mount(t)
	return keeper, door
}

// Documents say whose clients may describe themselves.
type Documents struct {
	Hosts    []string
	Networks []netip.Prefix // that may be dialled besides those of the open network
	Roots    *x509.CertPool // nil: those of this machine
}
