package main

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/config"
)

// leastSecret is how long the secret of a service must be.
const leastSecret = 20

// onRecord is the id that a service has there.
func onRecord(id string) stead.PrincipalID { return stead.PrincipalID("service:" + id) }

// evaluators are the rights of the services that ask, and the systems that are only asked about.
func evaluators(s *authority.Settings, c config.AuthZEN) {
	for _, id := range c.Systems {
		s.Apps = append(s.Apps, stead.NewSystem(stead.AppID(id)))
	}
	for _, one := range c.Callers {
		e := stead.Evaluator{ID: onRecord(one.ID), Level: max(one.Level, 1), Keys: one.Keys}
		for _, id := range one.Apps {
			e.Apps = append(e.Apps, stead.AppID(id))
		}
		s.Evaluators = append(s.Evaluators, e)
	}
}

// callers are the services that ask, by their secrets. No two have one.
func callers(c config.AuthZEN) ([]authzen.Caller, error) {
	var all []authzen.Caller
	owners := map[[sha256.Size]byte]string{}
	for _, one := range c.Callers {
		sum, err := sumOf(one)
		if err != nil {
			return nil, err
		}
		if owner, there := owners[sum]; there {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "authzen.callers: %s and %s have the same secret: give each its own", owner, one.ID)
		}
		owners[sum] = one.ID
		all = append(all, authzen.Caller{ID: onRecord(one.ID), Sum: sum, Directories: one.Directories})
	}
	return all, nil
}

func sumOf(one config.Caller) (sum [sha256.Size]byte, err error) {
	if one.SecretFile == "" {
		_, err = hex.Decode(sum[:], []byte(one.SecretHash))
		return sum, err
	}
	secret, err := config.Secret(one.SecretFile)
	if err == nil && len(secret) < leastSecret {
		err = stead.E(stead.Invalid, stead.ReasonRequest, "the secret in %s is too short: %d characters at least", one.SecretFile, leastSecret)
	}
	return sha256.Sum256([]byte(secret)), err
}
