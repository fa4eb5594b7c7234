package stead

import "time"

// Arm makes acting possible in s for a short while. The second factor was proved in the same breath (R10).
func Arm(s Session, acting *Mandate, window time.Duration, now time.Time) (Session, error) {
	if acting != nil {
		return s, E(Conflict, ReasonChain, "this session acts for somebody already: end that first")
	}
	s = s.Prove(now)
	s.ArmedTill = earlier(now.Add(window), s.Until)
	return s, nil
}

// Disarm takes the ability back.
func Disarm(s Session) (Session, error) {
	s.ArmedTill, s.Version = time.Time{}, s.Version+1
	return s, nil
}

// Prove notes that the second factor was proved at now, which raises the level.
func (s Session) Prove(now time.Time) Session {
	s.Proved, s.Level, s.Version = now, max(s.Level, 2), s.Version+1
	for _, m := range s.AMR {
		if m == "otp" {
			return s
		}
	}
	s.AMR = append(s.AMR[:len(s.AMR):len(s.AMR)], "otp")
	return s
}

// Close ends s.
func (s Session) Close(why Reason, now time.Time) Session {
	s.Ended, s.Why, s.ArmedTill, s.Passes, s.Version = now, why, time.Time{}, nil, s.Version+1
	return s
}
