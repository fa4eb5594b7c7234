package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A System is an application or a system as it stands.
type System struct {
	ID      stead.AppID     `json:"id" doc:"as entitlements name it"`
	Kind    string          `json:"kind" enum:"application,postgresql,asked" doc:"behind the gateway, connected, or only asked about"`
	Segment string          `json:"segment,omitempty" doc:"agents reach it from there, or along a flow"`
	Realms  []stead.RealmID `json:"realms"`
	State   string          `json:"state,omitempty" doc:"of a connected system: connected, away or unknown"`
	Error   string          `json:"error,omitempty" doc:"why it is away"`
	At      time.Time       `json:"at,omitzero" doc:"when it was asked last; it is asked every few seconds"`
	Leases  int             `json:"leases" doc:"logins that were out then"`
	Overdue int             `json:"overdue" doc:"of these, those whose mandate was over: they are being taken back"`

	Permissions   []Permission `json:"permissions,omitempty" doc:"what Stead may grant of it; shown for one system"`
	PermissionsAt time.Time    `json:"permissions_at,omitzero" doc:"when they were read: at most a minute ago, where it answers"`
	Unread        string       `json:"unread,omitempty" doc:"why they could not be read just now"`
}

// A Permission is what a system has that may be granted.
type Permission struct {
	Resource string         `json:"resource" doc:"as entitlements name it"`
	Kind     string         `json:"kind,omitempty"`
	Columns  []Column       `json:"columns,omitempty"`
	Actions  []stead.Action `json:"actions"`
}

// A Column of a table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type systemIn struct {
	ID stead.AppID `path:"id" maxLength:"64"`
}

type systemOut struct {
	Body System
}

type systemsOut struct {
	Body struct {
		Systems []System `json:"systems"`
	}
}

func (a *API) systems(d *door) {
	add(d, operation{method: "GET", path: "/v1/systems", id: "list-systems", tag: web.Auditor, roles: authority.Onlookers(), group: "agents", says: "List applications and systems: where they lie, and how connected ones stand"}, func(ctx context.Context, by authority.By, _ *struct{}) (*systemsOut, error) {
		all, err := a.Systems.Systems(ctx, by)
		out := &systemsOut{}
		out.Body.Systems = each(all, system)
		return out, err
	})
	add(d, operation{method: "GET", path: "/v1/systems/{id}", id: "get-system", tag: web.Auditor, roles: authority.Onlookers(), group: "agents", says: "Show one, with what may be granted of it: of a database the tables and columns that are there"}, func(ctx context.Context, by authority.By, in *systemIn) (*systemOut, error) {
		c, err := a.Systems.System(ctx, by, in.ID)
		if err != nil {
			return nil, err
		}
		return &systemOut{system(c)}, nil
	})
}

func system(c authority.SystemCard) System {
	v := System{ID: c.ID, Kind: c.Kind, Segment: c.Segment, State: c.State, Error: c.Error, At: c.At, Leases: c.Leases, Overdue: c.Overdue,
		Permissions: each(c.Permissions, permission), PermissionsAt: c.PermissionsAt, Unread: c.Unread}
	v.Realms = each(c.Realms, func(r stead.Realm) stead.RealmID { return r.ID })
	return v
}

func permission(p authority.Permission) Permission {
	return Permission{Resource: p.Resource, Kind: p.Kind, Actions: p.Actions, Columns: each(p.Columns, func(c authority.Column) Column { return Column(c) })}
}
