package authority

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// Marks tell what is sealed from one another.
const (
	codeMark    = "consent code"
	refreshMark = "refresh token"
)

// A Redemption is a code as a client shows it.
type Redemption struct {
	Code     string
	Redirect string
	Verifier string
	TokenWish
}

// Tokens are what a client is given for a code or a refresh token.
type Tokens struct {
	Token   Token
	Refresh string
	Task    string
}

// A promise is what a genuine code says.
type promise struct {
	mandate stead.MandateID
	agent   stead.PrincipalID
	tie     Tie
	until   time.Time
	nonce   string
}

func (a *Authority) promised(code string) (p promise, ok bool) {
	parts, ok := a.unseal(code)
	if !ok || len(parts) != 8 || parts[0] != codeMark {
		return p, false
	}
	at, err := strconv.ParseInt(parts[6], 10, 64)
	return promise{stead.MandateID(parts[1]), stead.PrincipalID(parts[2]), Tie{parts[3], parts[4], parts[5]}, time.Unix(at, 0), parts[7]}, err == nil
}

// fits tells why a genuine code is not good for who shows it, "" where it is (RFC 6749 4.1.3, RFC 7636 4.6, RFC 9449 10).
func (p promise) fits(by By, w Redemption, now time.Time) string {
	sum := sha256.Sum256([]byte(w.Verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case p.agent != by.Principal:
		return "this code was made for another client"
	case !now.Before(p.until):
		return "this code is over: it counts for a minute"
	case p.tie.Redirect != w.Redirect:
		return "redirect_uri is not the one that was asked with"
	case subtle.ConstantTimeCompare([]byte(challenge), []byte(p.tie.Challenge)) != 1:
		return "code_verifier is not the one of this code"
	case p.tie.Key != "" && p.tie.Key != w.Key.Thumbprint:
		return "this code is bound to another key"
	}
	return ""
}

// TakeCode gives tokens for a code, once, and starts the mandate that was agreed to: for the client, redirect, verifier and key
// that it was made for. A genuine code that is shown again, late, or by whom it is not for, ends the mandate. Errors:
// refused bad-proof or replayed; those of StartTask and IssueToken.
func (a *Authority) TakeCode(ctx context.Context, by By, w Redemption) (Tokens, error) {
	p, genuine := a.promised(w.Code)
	t := attempt{verb: "token.issue", by: by, subject: by.Principal}
	if by.Key == "" && (!genuine || p.agent != by.Principal) {
		t.by.Principal, t.subject = "", "" // who only says a client's name is not on record under it
	}
	if !genuine {
		return Tokens{}, a.refuse(ctx, t, stead.E(stead.Refused, stead.ReasonBadProof, "this is no code of Stead's"))
	}
	t.mandate, t.subject = p.mandate, ""
	out := Tokens{Token: Token{ID: a.NewID("tok_")}}
	run, next := stead.InstanceID(a.NewID(stead.PrefixInstance)), a.NewID("")
	var no error
	err := a.weighed(ctx, t, func(s *State) actCase {
		if m := s.Mandate(p.mandate); m != nil {
			return a.workCase(s, By{Principal: m.Actor, Key: w.Key.Thumbprint, Address: by.Address}, *m)
		}
		return actCase{}
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) ([]stead.Change, error) {
		no = nil
		wrong := p.fits(by, w, now)
		if s.Count(p.key()) != 0 {
			wrong = "this code was shown before"
		}
		if wrong != "" {
			no = stead.E(stead.Refused, stead.ReasonReplayed, "%s", wrong)
			if s.Count(p.key()) != 0 {
				return replayed(s, t, no, now)
			}
			return replayed(s, t, no, now, p.used())
		}
		changes, err := a.taken(s, by, w, p, run, c, v, &out, now)
		if err != nil {
			return nil, err
		}
		m := s.Mandate(p.mandate)
		until := now.Add(time.Duration(m.Bounds.Length))
		out.Refresh, out.Task = a.refresh(*m, 1, until, next), m.Task
		last := &changes[len(changes)-1]
		last.Counts = append(last.Counts, p.used(), turned(m.ID, 1, until))
		return changes, nil
	})
	if err == nil {
		err = no
	}
	return done(&out, err)
}

func (p promise) key() string { return "code/" + p.nonce }

// used is kept a good while longer than the code counts, so that it is known when it is shown again.
func (p promise) used() stead.Count {
	return stead.Count{Key: p.key(), Op: stead.CountPass, N: 1, Until: p.until.Add(stead.Day)}
}

// replayed ends what a code or refresh token stands for, because it was in the wrong hands; the no stands beside it.
func replayed(s *State, t attempt, no error, now time.Time, used ...stead.Count) ([]stead.Change, error) {
	e := stead.Event{Kind: stead.EventKind(t.verb + ".refused"), Outcome: stead.No, Reason: stead.ReasonOf(no)}
	all := []stead.Change{{Event: e, Counts: used}}
	m := s.Mandate(t.mandate)
	if m == nil {
		return all, nil
	}
	over, err := stead.Cease(*m, stead.ReasonReplayed, now)
	if err != nil {
		return nil, err
	}
	c := ended("mandate.ended", over)
	c.Event.Who = with(nil, "by", stead.Server)
	return append(all, c), nil
}

// taken begins the instance and the mandate, and issues the first token, all in a stage over s.
func (a *Authority) taken(s *State, by By, w Redemption, p promise, id stead.InstanceID, c actCase, v stead.Verdict, out *Tokens, now time.Time) ([]stead.Change, error) {
	m := s.Mandate(p.mandate)
	if m == nil {
		return nil, stead.E(stead.Expired, stead.ReasonEnded, "what was agreed to is over: ask again")
	}
	if by.Key != "" {
		if err := working(s, by, now); err != nil {
			return nil, err
		}
	}
	if c.facts.Agent == nil {
		return nil, stead.E(stead.Refused, stead.ReasonDisabled, "this agent is not registered, or was retired")
	}
	w.Run = min(time.Duration(m.Bounds.Length), longestRun)
	return a.begins(s.Stage(), by, w.TokenWish, *m, id, c, v, &out.Token, now)
}

// begins puts m in force for the instance that has the key of a wish, and issues its first token. All of it is put into s.
func (a *Authority) begins(s *State, by By, w TokenWish, m stead.Mandate, id stead.InstanceID, c actCase, v stead.Verdict, out *Token, now time.Time) ([]stead.Change, error) {
	w.Mandate = m.ID
	run, changes, err := a.runs(s, by, w, id, now)
	if err != nil {
		return nil, err
	}
	f := c.facts
	f.Instance, f.Heard = &run, now
	started, err := stead.StartTask(m, f, v, finder(s), now)
	if err != nil {
		return nil, err
	}
	began := moved("mandate.started", started, stead.ReasonNone)
	if len(changes) > 0 {
		if err := s.Put(changes[len(changes)-1], s.Index()); err != nil {
			return nil, err
		}
	}
	if err := s.Put(began, s.Index()); err != nil {
		return nil, err
	}
	issued, err := a.issued(s, out, w, run, now)
	issued.Event.What = with(issued.Event.What, "token", out.ID)
	issued.Event.Subject, issued.Event.Mandate = m.Subject, m.ID
	return append(changes, began, issued), err
}
