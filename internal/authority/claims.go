package authority

import (
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// An Actor is who acts, in a token and in what is told of one: the current one, and within it those who acted before, which is
// history (RFC 8693, 4.1; draft-mcguinness-oauth-actor-profile).
type Actor struct {
	Subject string `json:"sub"`
	Issuer  string `json:"iss"`
	Profile string `json:"sub_profile,omitempty"`
	Before  *Actor `json:"act,omitempty"`
}

// ActorOf nests who acts, the current one first, and within them those of another house; nobody is nil.
func ActorOf(issuer string, by []string, before ...stead.Hop) (a *Actor) {
	for _, h := range slices.Backward(before) {
		a = &Actor{Subject: h.Subject, Issuer: h.Issuer, Profile: h.Profile, Before: a}
	}
	for _, sub := range slices.Backward(by) {
		a = &Actor{Subject: sub, Issuer: issuer, Profile: "ai_agent", Before: a}
	}
	return a
}

// By is what ActorOf nested: from the first of another house on all is history. False where it nests too deep, or begins elsewhere.
func (a *Actor) By(issuer string) (by []string, before []stead.Hop, ok bool) {
	for first := true; a != nil; a, first = a.Before, false {
		if len(by)+len(before) > 2*stead.MostDepth || first && a.Issuer != issuer {
			return nil, nil, false
		}
		if a.Issuer == issuer && len(before) == 0 {
			by = append(by, a.Subject)
			continue
		}
		before = append(before, stead.Hop{Subject: a.Subject, Issuer: a.Issuer, Profile: a.Profile})
	}
	return by, before, true
}

// DetailType is the type of authorization_details (RFC 9396) that Stead has.
const DetailType = "stead_entitlement"

// A Detail is entitlements to one thing of one system, as authorization_details write them.
type Detail struct {
	Type       string   `json:"type"`
	Locations  []string `json:"locations,omitempty"` // the system; where none is named that of the mandate
	Actions    []string `json:"actions"`
	Identifier string   `json:"identifier"` // "public.orders"
	Columns    []string `json:"columns,omitempty"`
	Rows       string   `json:"rows,omitempty"`
}

// DetailsOf writes entitlements.
func DetailsOf(issuer string, all []stead.Entitlement) (d []Detail) {
	for _, e := range all {
		d = append(d, Detail{Type: DetailType, Locations: []string{SystemName(issuer, e.System)}, Actions: []string{string(e.Action)},
			Identifier: e.Resource, Columns: e.Columns, Rows: e.Rows})
	}
	return d
}

// Entitlements reads them, for a system where none is named. Errors: invalid.
func Entitlements(issuer string, all []Detail, systems []stead.AppID) (out []stead.Entitlement, err error) {
	for _, d := range all {
		i := 0
		switch {
		case d.Type != DetailType || len(d.Actions) == 0 || d.Identifier == "" || len(d.Locations) > 1 || len(systems) == 0:
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "authorization_details are of type %s, with actions and an identifier, and at most one location", DetailType)
		case len(d.Locations) == 1:
			i = slices.IndexFunc(systems, func(id stead.AppID) bool { return SystemName(issuer, id) == d.Locations[0] })
		}
		if i < 0 {
			return nil, stead.E(stead.Refused, stead.ReasonRights, "authorization_details name another system than the mandate")
		}
		for _, action := range d.Actions {
			out = append(out, stead.Entitlement{System: systems[i], Action: stead.Action(action), Resource: d.Identifier, Columns: d.Columns, Rows: d.Rows})
		}
	}
	return out, nil
}

// scoped finds the grants that scopes name as ACTION:RESOURCE. Errors: refused subject-rights.
func scoped(grants []stead.Entitlement, scopes []string) (out []stead.Entitlement, err error) {
	for _, scope := range scopes {
		n := len(out)
		for _, e := range grants {
			if string(e.Action)+":"+e.Resource == scope {
				out = append(out, e)
			}
		}
		if len(out) == n {
			return nil, stead.E(stead.Refused, stead.ReasonRights, "the mandate has no scope %q", scope)
		}
	}
	return out, nil
}

// Named reads the details of a token of ours, whatever systems they are of.
func Named(issuer string, all []Detail) (out []stead.Entitlement, err error) {
	for _, d := range all {
		var system string
		if len(d.Locations) == 1 {
			system, _ = strings.CutPrefix(d.Locations[0], SystemName(issuer, ""))
		}
		some, err := Entitlements(issuer, []Detail{d}, []stead.AppID{stead.AppID(system)})
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}
