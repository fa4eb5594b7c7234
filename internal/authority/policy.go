package authority

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
)

// Stage puts files up to become the policy. They are compiled and their tests run first. It gives their digest.
// Errors: invalid with file and line; refused.
func (a *Authority) Stage(ctx context.Context, by By, files map[string]string) (string, error) {
	t := attempt{verb: "policy.stage", by: by}
	if err := a.May(by, Admin, Security); err != nil { // compiling is not for everybody
		return "", a.refuse(ctx, t, err)
	}
	digest, err := a.Policy.Check(files)
	if err != nil {
		return "", a.refuse(ctx, t, err)
	}
	return digest, a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin, Security); err != nil {
			return nil, err
		}
		b := stead.Bundle{ID: StagedBundle, Version: nextBundle(s, StagedBundle), Digest: digest, Files: files,
			Author: by.Principal, Person: s.Principal(by.Principal).Person, At: now}
		return []stead.Change{{Event: stead.Event{Kind: "policy.staged", Policy: digest}, Records: []stead.Record{b}}}, nil
	})
}

// Apply puts the staged files in force, at one index everywhere. Somebody else than their author must do it, and must
// name what he has seen by its digest. Errors: refused, missing, conflict.
func (a *Authority) Apply(ctx context.Context, by By, digest string) (stead.Bundle, error) {
	var out stead.Bundle
	err := a.run(ctx, attempt{verb: "policy.apply", by: by}, func(s *State, now time.Time) ([]stead.Change, error) {
		staged, err := a.applies(s, by, now)
		switch {
		case err != nil:
			return nil, err
		case staged.Digest != digest:
			return nil, stead.E(stead.Conflict, stead.ReasonVoid, "what is staged now is %.12s…, not %.12s…: look again", staged.Digest, digest)
		}
		out = staged
		out.ID, out.Version, out.Applied, out.At = PolicyBundle, nextBundle(s, PolicyBundle), by.Principal, now
		return []stead.Change{{Event: stead.Event{Kind: "policy.applied", Policy: digest}, Records: []stead.Record{out}}}, nil
	})
	return done(&out, err)
}

// applies gives what is staged, if the caller may put it in force.
func (a *Authority) applies(s *State, by By, now time.Time) (staged stead.Bundle, err error) {
	if err := a.may(s, by, now, Security, Admin); err != nil {
		return staged, err
	}
	staged = deBundle(s.Bundle(StagedBundle))
	switch {
	case staged.Digest == "":
		return staged, stead.E(stead.Missing, stead.ReasonState, "no policy is staged")
	case staged.Digest == s.PolicyDigest():
		return staged, stead.E(stead.Conflict, stead.ReasonExists, "this policy is in force already")
	case finder(s)(by.Principal).SameHuman(stead.Principal{ID: staged.Author, Person: staged.Person}):
		return staged, stead.E(stead.Refused, stead.ReasonAuthor, "a policy is applied by another person than its author")
	}
	return staged, a.second(s, by, staged.Author)
}

// Found puts the first policy of an empty store in force. Errors: refused once there is one.
func (a *Authority) Found(ctx context.Context, files map[string]string) error {
	digest, err := a.Policy.Check(files)
	if err != nil {
		return err
	}
	return a.run(ctx, attempt{verb: "policy.apply"}, func(s *State, now time.Time) ([]stead.Change, error) {
		if s.Bundle(PolicyBundle) != nil {
			return nil, stead.E(stead.Refused, stead.ReasonExists, "there is a policy already: stage and apply another")
		}
		b := stead.Bundle{ID: PolicyBundle, Version: 1, Digest: digest, Files: files, Author: stead.Server, Applied: stead.Server, At: now}
		e := stead.Event{Kind: "policy.applied", Policy: digest, Who: stead.Fields{"first": "from the files of the server"}}
		return []stead.Change{{Event: e, Records: []stead.Record{b}}}, nil
	})
}

// under asks policy under a bundle. One that another node has put in force is compiled first: until then it would say no
// to everything, and what runs would be ended for that.
func (a *Authority) under(bundle string, c Case) stead.Verdict {
	a.ready(bundle)
	return a.Policy.Judge(bundle, c)
}

func (a *Authority) ready(bundle string) {
	if known := a.compiled.last.Load(); known == nil || *known != bundle {
		a.compile(bundle)
	}
}

// InForce is the digest of the policy in force, which is compiled then.
func (a *Authority) InForce() (digest string) {
	a.Store.View().Read(func(s *State) { digest = s.PolicyDigest() })
	a.ready(digest)
	return digest
}

// compiled knows the bundle that was asked for last, whether it could be compiled or not.
type compiled struct {
	last atomic.Pointer[string]
	turn sync.Mutex
}

func (a *Authority) compile(bundle string) {
	a.compiled.turn.Lock()
	defer a.compiled.turn.Unlock()
	if known := a.compiled.last.Load(); known != nil && *known == bundle {
		return
	}
	if err := a.Compile(); err != nil {
		a.Alarm(err.Error())
	}
	a.compiled.last.Store(&bundle)
}

// Compile readies the policies that the store holds.
func (a *Authority) Compile() error {
	var files []map[string]string
	a.Store.View().Read(func(s *State) {
		for _, id := range []string{PolicyBundle, StagedBundle} {
			if b := s.Bundle(id); b != nil {
				files = append(files, b.Files)
			}
		}
	})
	for _, f := range files {
		if _, err := a.Policy.Check(f); err != nil {
			return stead.Because(err, "compile the policy in the store")
		}
	}
	return nil
}

func nextBundle(s *State, id string) uint64 {
	if b := s.Bundle(id); b != nil {
		return b.Version + 1
	}
	return 1
}

// Policies gives the policy in force and the one that is staged; the zero Bundle where there is none. Whom it may let act
// reads the rules he asks under; who made them, and what is staged, is for those who oversee. Errors: missing, refused.
func (a *Authority) Policies(_ context.Context, by By) (inForce, staged stead.Bundle, err error) {
	a.Store.View().Read(func(s *State) {
		no := a.may(s, by, a.Now(), Onlookers()...)
		if no != nil {
			if _, err = own(s, by, a.Now()); err == nil && !a.letsAct(s, by) {
				err = no
			}
		}
		if err != nil {
			return
		}
		if b := s.Bundle(PolicyBundle); b != nil {
			inForce = *b
		}
		if b := s.Bundle(StagedBundle); no == nil && b != nil && b.Digest != inForce.Digest {
			staged = *b
		}
		if no != nil {
			inForce.Author, inForce.Person, inForce.Applied = "", "", ""
		}
	})
	return inForce, staged, err
}
