package stead

import (
	"slices"
	"strings"
	"time"
)

// A Session is a principal's own login: how, how strong, since when, and when it ends.
type Session struct {
	ID        SessionID   `json:"id"`
	Version   uint64      `json:"version"`
	Principal PrincipalID `json:"principal"`
	Person    PersonKey   `json:"person"`
	AMR       []string    `json:"amr"`   // RFC 8176: "pwd", "otp"
	Level     int         `json:"level"` // protection level reached: 1 password, 2 with a second factor
	Realm     RealmID     `json:"realm"` // where he signed in; its idle time counts (R15)
	Since     time.Time   `json:"since"`
	Proved    time.Time   `json:"proved"` // when a factor was last proved
	IdleAfter Duration    `json:"idle_after"`
	Until     time.Time   `json:"until"` // absolute end
	ArmedTill time.Time   `json:"armed_till,omitzero"`
	Passes    []Pass      `json:"passes,omitempty"`
	Unseen    Unseen      `json:"unseen,omitzero"`
	Ended     time.Time   `json:"ended,omitzero"`
	Why       Reason      `json:"why,omitempty"`
}

// A Pass proves a session at one host. Only the SHA-256 of the secret is kept; a pass is exchanged for a new
// one at sign-in, at the start and at the end of acting.
type Pass struct {
	Host   string `json:"host"`             // "127.0.0.1:8420", or "api" for bearer tokens
	Hash   string `json:"hash"`             // hex SHA-256 of the secret
	Client string `json:"client,omitempty"` // hex SHA-256 of what the client says of itself
}

// place is what the host of a mandate, LABEL--NAME.DOMAIN with sixteen letters of label, has in common with those of
// other mandates; "" where it is none.
func (p Pass) place() string {
	if at := strings.Index(p.Host, "--"); at == 16 {
		return p.Host[at:]
	}
	return ""
}

// Unseen is the end of a mandate that its actor has not acknowledged yet: until he has, nothing from this session is
// served in those applications, so that a background poll cannot eat the news (R16).
type Unseen struct {
	Mandate MandateID `json:"mandate,omitempty"`
	Apps    []AppID   `json:"apps,omitempty"`
}

// IsZero tells whether there is nothing to acknowledge.
func (u Unseen) IsZero() bool { return u.Mandate == "" }

// Over tells whether s has ended or must count as ended at now, seen being its last own request: ReasonNone, or why.
func (s Session) Over(now, seen time.Time) Reason {
	switch {
	case s.ID == "":
		return ReasonSignIn
	case !s.Ended.IsZero() || !now.Before(s.Until):
		return ReasonSessionOver
	case !now.Before(s.IdleEnd(seen)):
		return ReasonSessionIdle
	}
	return ReasonNone
}

// IdleEnd is when s idles out if nothing more is done in it.
func (s Session) IdleEnd(seen time.Time) time.Time {
	if seen.Before(s.Since) {
		seen = s.Since
	}
	return seen.Add(time.Duration(s.IdleAfter))
}

// Armed tells whether acting is armed at now.
func (s Session) Armed(now time.Time) bool { return now.Before(s.ArmedTill) }

// WithPass gives s a pass for a host in place of the one it had there.
// At a host of a mandate it takes the place of the one for an earlier mandate there too.
func (s Session) WithPass(p Pass) Session {
	rest := slices.DeleteFunc(slices.Clone(s.Passes), func(q Pass) bool { return q.Host == p.Host || q.place() != "" && q.place() == p.place() })
	s.Passes = append(rest, p)
	return s
}

// Duration is a time.Duration written as "10m" in JSON.
type Duration time.Duration

func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return E(Invalid, ReasonRequest, "%q is no duration such as 10m or 1h30m", b)
	}
	*d = Duration(v)
	return nil
}
