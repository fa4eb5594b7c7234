package authority

import (
	"strconv"
	"time"

	"github.com/steadhq/stead"
)

// halfLife is how long after the password its code may come.
const halfLife = 3 * time.Minute

// halfMark tells half a sign-in from a one-time code, which is sealed alike.
const halfMark = "half"

// halfway seals that the password of an account was right just now, for this client at this host, if no says that only
// the code is missing. The password does not stand in it.
func (a *Authority) halfway(in SignIn, c *stead.Credentials, no error) string {
	if stead.ReasonOf(no) != stead.ReasonSecondFactor {
		return ""
	}
	return a.seal([]string{halfMark, string(c.Principal), number64(int64(c.Version)), in.Host, in.Client, number64(a.Now().Add(halfLife).Unix())})
}

// begun finds whose half a sign-in is. New credentials end it, and so does time. It counts together with a code alone,
// whatever is asked for where it is shown: else it would be a password that anybody at this browser may use again.
func (a *Authority) begun(in SignIn) (who *stead.Principal, cred *stead.Credentials, err error) {
	over := stead.E(stead.Expired, stead.ReasonExpired, "that took too long: begin again")
	parts, ok := a.half(in)
	if !ok {
		return nil, nil, over
	}
	if in.Code == "" {
		return nil, nil, wanted()
	}
	until, err := strconv.ParseInt(parts[5], 10, 64)
	if err != nil || !a.Now().Before(time.Unix(until, 0)) {
		return nil, nil, over
	}
	id := stead.PrincipalID(parts[1])
	a.Store.View().Read(func(s *State) { who, cred = s.Principal(id), s.Credentials(id) })
	if who == nil || !who.Active() || cred == nil || number64(int64(cred.Version)) != parts[2] {
		return nil, nil, over
	}
	return who, cred, nil
}

// half reads what halfway sealed, for the same host and client alone.
func (a *Authority) half(in SignIn) ([]string, bool) {
	parts, ok := a.unseal(in.Half)
	return parts, ok && len(parts) == 6 && parts[0] == halfMark && parts[3] == in.Host && parts[4] == in.Client
}

// account is what guesses are counted under: both halves of a sign-in under one account, whatever it was called.
func (a *Authority) account(in SignIn) string {
	if in.Half == "" {
		return in.Directory + "/" + in.Name
	}
	parts, ok := a.half(in)
	if !ok {
		return "half"
	}
	name := "half/" + parts[1]
	a.Store.View().Read(func(s *State) {
		if p := s.Principal(stead.PrincipalID(parts[1])); p != nil {
			name = p.Directory + "/" + p.Name
		}
	})
	return name
}
