package authority

import (
	"context"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// refreshKey counts which refresh token of a mandate is the one that counts.
func refreshKey(id stead.MandateID) string { return "refresh/" + string(id) }

func turned(id stead.MandateID, n int64, until time.Time) stead.Count {
	return stead.Count{Key: refreshKey(id), Op: stead.CountPass, N: n, Until: until}
}

// refresh seals the refresh token number n of a mandate: good until then, with its key, once.
func (a *Authority) refresh(m stead.Mandate, n int64, until time.Time, nonce string) string {
	return "str_" + a.seal([]string{refreshMark, string(m.ID), number64(n), number64(until.Unix()), nonce, "", ""})
}

// A Refresh is a refresh token as a client shows it.
type Refresh struct {
	Text  string
	Scope string // "": what was agreed to
	TokenWish
}

// refreshed reads a refresh token: of which mandate it is, and its number.
func (a *Authority) refreshed(text string) (id stead.MandateID, n int64, ok bool) {
	if len(text) < 4 || text[:4] != "str_" {
		return "", 0, false
	}
	parts, ok := a.unseal(text[4:])
	if !ok || len(parts) != 7 || parts[0] != refreshMark {
		return "", 0, false
	}
	n, err := strconv.ParseInt(parts[2], 10, 64)
	return stead.MandateID(parts[1]), n, err == nil && n > 0
}

// Refresh gives another token for a mandate that a person agreed to, and another refresh token. One that was used before
// ends the mandate (RFC 9700 4.14). Errors: refused bad-proof or replayed; those of IssueToken.
func (a *Authority) Refresh(ctx context.Context, by By, w Refresh) (Tokens, error) {
	id, n, genuine := a.refreshed(w.Text)
	t := attempt{verb: "token.refresh", by: by, mandate: id}
	if !genuine {
		return Tokens{}, a.refuse(ctx, t, stead.E(stead.Refused, stead.ReasonBadProof, "this is no refresh token of Stead's"))
	}
	out, next := Tokens{Token: Token{ID: a.NewID("tok_")}}, a.NewID("")
	var no error
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		no = nil
		m := s.Mandate(id)
		switch err := working(s, by, now); {
		case err != nil:
			return nil, err
		case m == nil:
			return nil, stead.E(stead.Expired, stead.ReasonEnded, "what was agreed to is over: ask again")
		case m.Actor != by.Principal || m.Key != w.Key.Thumbprint:
			return nil, stead.E(stead.Refused, stead.ReasonNotYours, "this refresh token is bound to another client or key")
		case s.Count(refreshKey(id)) != n:
			no = stead.E(stead.Refused, stead.ReasonReplayed, "this refresh token was used before, so what it stood for has ended")
			return replayed(s, t, no, now)
		}
		run := s.Proved(m.Key)
		if w.Scope != "" && w.Scope != m.Task {
			return nil, stead.E(stead.Refused, stead.ReasonRights, "no other scope is given than was agreed to: %s", m.Task)
		}
		if run == nil {
			return nil, stead.E(stead.Expired, stead.ReasonGone, "the run that this is bound to is over: ask again")
		}
		w.Mandate = id
		c, err := a.issued(s, &out.Token, w.TokenWish, *run, now)
		if err != nil {
			return nil, err
		}
		c.Event.Kind, c.Event.What = "token.refreshed", with(c.Event.What, "token", out.Token.ID)
		c.Counts = append(c.Counts, turned(id, n+1, m.Until))
		out.Refresh, out.Task = a.refresh(*m, n+1, m.Until, next), m.Task
		return []stead.Change{c}, nil
	})
	if err == nil {
		err = no
	}
	return done(&out, err)
}

// GiveBack ends what a refresh token stands for, because its client is done with it (RFC 7009 2.1). What is none, or over, is as
// good as given back. Errors: refused where it is another's.
func (a *Authority) GiveBack(ctx context.Context, by By, text string) error {
	id, _, genuine := a.refreshed(text)
	if !genuine {
		return nil
	}
	return a.run(ctx, attempt{verb: "token.revoke", by: by, mandate: id, urgent: true}, func(s *State, now time.Time) ([]stead.Change, error) {
		m := s.Mandate(id)
		switch {
		case m == nil:
			return nil, nil
		case m.Actor != by.Principal:
			return nil, stead.E(stead.Refused, stead.ReasonNotYours, "this token is another's")
		}
		over, err := stead.End(*m, m.Actor, now)
		if err != nil {
			return nil, err
		}
		return []stead.Change{ended("mandate.ended", over)}, nil
	})
}
