package authority

import (
	"time"

	"github.com/steadhq/stead"
)

// A SystemCard is an application or a system as it stands.
type SystemCard struct {
	stead.App
	Kind    string    // "application", "postgresql", or "asked": only asked about
	State   string    // "connected", "away" or "unknown"; of what is no connected system: ""
	Error   string    // of the last time it was asked for its leases
	At      time.Time // when that was
	Leases  int       // logins that are out
	Overdue int       // of these, those whose mandate is over: they are being taken back

	Permissions   []Permission
	PermissionsAt time.Time // when they were read
	Unread        string    // why they could not be read the last time
}

// A Permission is what a system has that may be granted, and a Column one of a table.
type (
	Permission = stead.Permission
	Column     = stead.Column
)
