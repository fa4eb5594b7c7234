package authority

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// codeLife is how long a one-time code may take from host to host.
const codeLife = time.Minute

// Hand makes a one-time code that carries the caller's session to another host: valid for a minute, for that host and
// this client, once. Errors: refused.
func (a *Authority) Hand(ctx context.Context, by By, host string) (string, error) {
	var code string
	err := a.run(ctx, attempt{verb: "session.hand", by: by, what: stead.Fields{"host": host}},
		func(s *State, now time.Time) ([]stead.Change, error) {
			e, err := own(s, by, now)
			if err != nil {
				return nil, err
			}
			code = a.seal([]string{string(e.ID), host, by.Client, number64(now.Add(codeLife).Unix()), a.NewID("")})
			return []stead.Change{{Event: stead.Event{Kind: "session.handed"}}}, nil
		})
	return done(&code, err)
}

// Redeem takes a one-time code at the host it was made for and gives a pass there. Errors: refused bad-proof, whatever
// is wrong with it; conflict used.
func (a *Authority) Redeem(ctx context.Context, p Presented) (Signed, error) {
	by := By{Host: p.Host, Address: p.Address, Client: p.Client}
	t := attempt{verb: "session.redeem", by: by, what: stead.Fields{"host": p.Host}}
	parts, ok := a.unseal(p.Secret)
	if !ok || len(parts) != 5 || parts[1] != p.Host || parts[2] != p.Client {
		return Signed{}, a.refuse(ctx, t, stead.E(stead.Refused, stead.ReasonBadProof, "this link is not for here: sign in again"))
	}
	until, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil {
		return Signed{}, a.refuse(ctx, t, stead.E(stead.Refused, stead.ReasonBadProof, "this link is not for here: sign in again"))
	}
	out := Signed{Secret: a.NewID("stp_")}
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		e := s.Session(stead.SessionID(parts[0]))
		if e == nil || !now.Before(time.Unix(until, 0)) {
			return nil, stead.E(stead.Expired, stead.ReasonExpired, "this link is too old: sign in again")
		}
		by.Session, by.Principal = e.ID, e.Principal
		mine, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		mine = mine.WithPass(stead.Pass{Host: p.Host, Hash: sum(out.Secret), Client: p.Client})
		mine.Version++
		out.By, out.Until, out.Level = by, mine.Until, mine.Level
		c := stead.Change{Event: stead.Event{Kind: "session.redeemed", Actor: e.Principal, Session: e.ID}, Records: []stead.Record{mine}}
		c.Counts = []stead.Count{{Key: "code/" + parts[4], Op: stead.CountPass, N: 1, Until: time.Unix(until, 0)}}
		return []stead.Change{c}, nil
	})
	return done(&out, err)
}

// seal writes parts so that nobody else can have written them. They hold no newline.
func (a *Authority) seal(parts []string) string {
	text := []byte(strings.Join(parts, "\n"))
	mac := hmac.New(sha256.New, a.CodeKey)
	mac.Write(text)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(text))
}

func (a *Authority) unseal(code string) ([]string, bool) {
	b, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil || len(b) < sha256.Size {
		return nil, false
	}
	text, given := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	mac := hmac.New(sha256.New, a.CodeKey)
	mac.Write(text)
	if !hmac.Equal(mac.Sum(nil), given) {
		return nil, false
	}
	return strings.Split(string(text), "\n"), true
}

func number64(n int64) string { return strconv.FormatInt(n, 10) }
