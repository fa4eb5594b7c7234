package authority

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// What somebody proves an agent with, when it is no key. No thumbprint looks like that.
const (
	workloadKey  = "spiffe:"    // and the id of the workload
	attesterKey  = "attester:"  // and who attests
	enrolmentKey = "enrolment:" // and the hash of the one-time token
)

// longestEnrolment is how long a one-time token counts at most.
const longestEnrolment = 10 * time.Minute

// proofsOf are the names under which an agent is found by what is its own.
func proofsOf(r stead.Registration) []string {
	var all []string
	for _, k := range r.Keys {
		all = append(all, k.Thumbprint)
	}
	for _, id := range r.SPIFFE {
		all = append(all, workloadKey+id)
	}
	return all
}

// proof is what an instance that the caller enrolls hangs on: of what is secret a hash of its hash.
func (s *State) proof(by By) string {
	if hash, is := strings.CutPrefix(by.Key, secretKey); is {
		return secretKey + sum(hash)[:16]
	}
	if hash, is := strings.CutPrefix(by.Key, enrolmentKey); is {
		return enrolmentKey + sum(hash)[:16]
	}
	return by.Key
}

// unproved ends the instances of an agent whose proof counts no more; secret is the hash of a client secret that takes the
// place of the one before, "" where none does.
func unproved(s *State, r stead.Registration, secret string, now time.Time) ([]stead.Change, error) {
	var all []stead.Change
	for _, id := range s.InstancesOf(r.Principal) {
		i := *s.Instance(id)
		if stands(r, i.Proof, secret) {
			continue
		}
		over, err := quitting(s, i, stead.ReasonGone, now)
		if err != nil {
			return nil, err
		}
		last := &over[len(over)-1].Event
		last.What = with(last.What, "withdrawn", i.Proof)
		all = append(all, over...)
	}
	return all, nil
}

// stands tells whether a proof still counts: a key and a workload as long as they are registered, a secret until there is
// another. What counted once has done so.
func stands(r stead.Registration, proof, secret string) bool {
	switch {
	case strings.HasPrefix(proof, secretKey):
		return secret == "" || proof == secretKey+sum(secret)[:16]
	case proof == "" || strings.HasPrefix(proof, enrolmentKey) || strings.HasPrefix(proof, attesterKey):
		return true
	}
	return slices.Contains(proofsOf(r), proof)
}

// A Vouched is what a door verified that was signed by somebody else: exactly one of Workload and Attester.
type Vouched struct {
	Agent    string // name or id; of a workload "" is whose it is
	Workload string // its SPIFFE id
	Attester string // who attests the key that is proved beside, as the settings call him
	Address  string
}

// An Attested is whom an attestation is for.
type Attested struct {
	Client   string         // name of the agent
	Attester string         // who attests, as the settings call him
	Key      stead.AgentKey // which must be proved beside
	Once     []Once
}

// PresentVouched tells for which agent others vouch. Errors: refused, with sign-in, disabled, suspended or ownerless.
func (a *Authority) PresentVouched(p Vouched) (By, error) {
	by := By{Host: "api", Key: attesterKey + p.Attester, Address: p.Address}
	no := error(stead.E(stead.Refused, stead.ReasonSignIn, "no agent is proved so"))
	a.Store.View().Read(func(s *State) {
		who := s.client(p.Agent)
		if p.Workload != "" {
			by.Key = workloadKey + p.Workload
			ids := list(s.provers.get(by.Key))
			if len(ids) != 1 || p.Agent != "" && (who == nil || who.ID != ids[0]) {
				return
			}
			by.Principal = ids[0]
		} else if who != nil && p.Attester != "" {
			by.Principal = who.ID
		}
		no = working(s, by, a.Now())
	})
	if no != nil {
		return By{}, no
	}
	return by, nil
}

// vouched tells whether others' word for the caller still counts. Which attester speaks for whom its door has asked.
func vouched(r *stead.Registration, by By) bool {
	id, workload := strings.CutPrefix(by.Key, workloadKey)
	return workload && slices.Contains(r.SPIFFE, id) || strings.HasPrefix(by.Key, attesterKey)
}

// An Enrolment begins one instance.
type Enrolment struct {
	Token string
	Until time.Time
}

// MakeEnrolment gives a token by which one instance of an agent enrolls itself, once: by who answers for it, or admins. It is
// shown once: its hash alone is kept. Length 0 is ten minutes. Errors: refused, missing, invalid.
func (a *Authority) MakeEnrolment(ctx context.Context, by By, id stead.PrincipalID, length time.Duration) (Enrolment, error) {
	out := Enrolment{Token: "ste_" + strings.TrimPrefix(string(id), stead.PrefixPrincipal) + "_" + a.NewID("") + a.NewID("")}
	err := a.run(ctx, attempt{verb: "enrolment.make", by: by, subject: id}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.equips(s, by, id, now); err != nil {
			return nil, err
		}
		if length < 0 || length > longestEnrolment {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "a one-time token counts for at most %s", longestEnrolment)
		}
		out.Until = now.Add(or(length, longestEnrolment))
		c := stead.Change{Event: stead.Event{Kind: "enrolment.made", What: stead.Fields{"until": out.Until.Format(time.RFC3339)}}, Records: equipping(s, id, by)}
		c.Counts = []stead.Count{{Key: enrolmentCount(sum(out.Token)), Op: stead.CountRaise, N: out.Until.UnixMicro(), Until: out.Until.Add(stead.Day)}}
		return []stead.Change{c}, nil
	})
	return done(&out, err)
}

// enrolmentCount counts until when a one-time token is good, and for ever more once it was used.
func enrolmentCount(hash string) string { return "enrolment/" + hash }

// PresentEnrolment tells for which agent a one-time token is. Whether it counts is asked where it is used up: it is good to
// enroll an instance, and for nothing else.
func (a *Authority) PresentEnrolment(token, address string) By {
	by := By{Host: "api", Key: enrolmentKey + sum(token), Address: address}
	name, _, _ := strings.Cut(strings.TrimPrefix(token, "ste_"), "_")
	id := stead.PrincipalID(stead.PrefixPrincipal + name)
	a.Store.View().Read(func(s *State) {
		if s.Agent(id) != nil {
			by.Principal = id
		}
	})
	return by
}

// enrolls tells whether the caller shows a one-time token that counts.
func (s *State) enrolls(by By, now time.Time) bool {
	hash, is := strings.CutPrefix(by.Key, enrolmentKey)
	n := s.Count(enrolmentCount(hash))
	return is && n != math.MaxInt64 && now.UnixMicro() < n
}

// usedUp refuses a one-time token that was used, in words of its own.
func (s *State) usedUp(by By) error {
	if hash, is := strings.CutPrefix(by.Key, enrolmentKey); is && s.Count(enrolmentCount(hash)) == math.MaxInt64 {
		return stead.E(stead.Conflict, stead.ReasonUsed, "this one-time token was used before: somebody has enrolled with it")
	}
	return nil
}

// counts uses up what counts once.
func (n NewInstance) counts(by By, now time.Time) []stead.Count {
	var all []stead.Count
	if hash, is := strings.CutPrefix(by.Key, enrolmentKey); is {
		all = append(all, stead.Count{Key: enrolmentCount(hash), Op: stead.CountPass, N: math.MaxInt64, Until: now.Add(longestEnrolment + stead.Day)})
	}
	return append(all, passing(n.Once)...)
}

func passing(once []Once) []stead.Count {
	var all []stead.Count
	for _, o := range once {
		all = append(all, stead.Count{Key: "once/" + o.Key, Op: stead.CountPass, N: 1, Until: o.Until})
	}
	return all
}

// RunOf finds the live instance that has a key, with the key itself.
func (a *Authority) RunOf(thumbprint string) (i stead.Instance, found bool) {
	a.Store.View().Read(func(s *State) {
		if run := s.Proved(thumbprint); run != nil {
			i, found = *run, true
		}
	})
	return i, found
}
