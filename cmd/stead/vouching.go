package main

import (
	"os"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/tokens"
)

// A vouching is who may say of others that they are agents.
type vouching struct {
	trusts    *tokens.Trusts // nil: no trust domain
	attesters []tokens.Attester
}

// vouchers are those of a configuration.
func vouchers(c config.Agents, now func() time.Time) (v vouching, err error) {
	var all []tokens.Trust
	for _, t := range c.SPIFFE {
		all = append(all, tokens.Trust(t))
	}
	if len(all) > 0 {
		if v.trusts, err = tokens.NewTrusts(now, all); err != nil {
			return v, err
		}
	}
	for _, a := range c.Attesters {
		raw, err := os.ReadFile(a.Keys)
		if err != nil {
			return v, stead.E(stead.Invalid, stead.ReasonRequest, "read the keys of the attester %s: %w", a.ID, err)
		}
		one, err := tokens.ReadAttester(a.ID, raw, a.Agents)
		if err != nil {
			return v, stead.Because(err, "read the keys of the attester "+a.ID)
		}
		v.attesters = append(v.attesters, one)
	}
	return v, nil
}
