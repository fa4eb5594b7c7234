package authority

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// Remembered is how long a key makes the same request the same.
const Remembered = 24 * time.Hour

// A Proviso is what a caller ties one verb to. The zero Proviso ties it to nothing.
type Proviso struct {
	Key     string // of the caller's choosing: what was done under it is not done again
	Request string // all that was asked: one key is for one request
	Tags    string // the verb is for the object of Kind and ID at one of these versions; "*" is any, "" does not ask
	Kind    stead.RecordKind
	ID      string
}

// Untied is the same caller without a proviso, for what a request does besides the verb that is tied.
func (b By) Untied() By {
	b.Proviso = Proviso{}
	return b
}

// A Repeat is a no to what was done before under the same key: number is the place of the first event it left.
type Repeat struct {
	no     *stead.Error
	number uint64
}

func (r *Repeat) Error() string { return r.no.Error() }
func (r *Repeat) Unwrap() error { return r.no }

// Repeated tells where in the log stands what err says was done before; 0 where it says nothing like it.
func Repeated(err error) uint64 {
	var r *Repeat
	if errors.As(err, &r) {
		return r.number
	}
	return 0
}

// A Changed is a no to a change of something that is not what its caller saw any more. Tag is what it is now.
type Changed struct {
	no  *stead.Error
	Tag string
}

func (c *Changed) Error() string { return c.no.Error() }
func (c *Changed) Unwrap() error { return c.no }

// Done tells whether the caller's request was done before under its key, and at which number the log says so; 0 where it
// was not. What is slow, or may be done once only, asks this first. Errors: invalid, when the key was for another request.
func (a *Authority) Done(by By) (number uint64, err error) {
	a.Store.View().Read(func(s *State) {
		if err = a.repeats(s, by, a.Clock.Now()); Repeated(err) != 0 {
			number, err = Repeated(err), nil
		}
	})
	return number, err
}

// repeats refuses what was done before under the caller's key.
func (a *Authority) repeats(s *State, by By, now time.Time) error {
	if by.Proviso.Key == "" {
		return nil
	}
	key, request := a.marks(by)
	mark := s.counts.get(key)
	switch {
	case mark == nil || !now.Before(mark.Until):
		return nil
	case s.Count(request) != mark.N:
		return stead.E(stead.Invalid, stead.ReasonKey, "this key was for another request: choose a new one")
	}
	return &Repeat{stead.E(stead.Conflict, stead.ReasonExists, "this was done before"), uint64(mark.N)}
}

// mark remembers the caller's key with what is done under it. It says nothing of either to who reads it.
func (a *Authority) mark(s *State, by By, all []stead.Change, now time.Time) {
	if by.Proviso.Key == "" || len(all) == 0 {
		return
	}
	first, until := int64(s.Index()+1), now.Add(Remembered)
	key, request := a.marks(by)
	for _, k := range []string{key, request} {
		all[0].Counts = append(all[0].Counts, stead.Count{Key: k, Op: stead.CountPass, N: first, Until: until})
	}
}

// marks are the counters that stand for a key of the caller's, and for the request that was made under it.
func (a *Authority) marks(by By) (key, request string) {
	return a.veiled("key", string(by.Principal), by.Proviso.Key), a.veiled("request", string(by.Principal), by.Proviso.Key, by.Proviso.Request)
}

// veiled names a counter by what only this house can compute: whoever reads the log cannot try what a request may have
// held, passwords among it.
func (a *Authority) veiled(parts ...string) string {
	mac := hmac.New(sha256.New, a.CodeKey)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return "once/" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// unchanged refuses when what the verb is for is not at a version that the caller has seen. It is asked when the rule
// has said yes: what one may not know has no version either.
func (by By) unchanged(s *State) error {
	if by.Proviso.Tags == "" || by.Proviso.Tags == "*" {
		return nil
	}
	tag := s.Tag(by.Proviso.Kind, by.Proviso.ID)
	if slices.Contains(strings.Split(by.Proviso.Tags, ","), tag) {
		return nil
	}
	return &Changed{stead.E(stead.Conflict, stead.ReasonChanged, "it was changed meanwhile: it is at version %s now", tag), tag}
}

// Tag is the version of a live object. Policy has two: the one in force and the one that is staged.
func (s *State) Tag(kind stead.RecordKind, id string) string {
	tag := fmt.Sprint(s.live(kind, id))
	if kind == stead.KindBundle && id == PolicyBundle {
		tag += fmt.Sprintf(".%d", s.live(kind, StagedBundle))
	}
	return tag
}
