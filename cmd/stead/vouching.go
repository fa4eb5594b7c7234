package main

import (
	"os"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/tokens"
)

// A vouching is who may say of others that they are agents.
type vouching struct {
	trusts    *tokens.Trusts // nil: no trust domain
	attesters []tokens.Attester
	letters   *tokens.Letters // nil: of no other house
}

// vouchers are those of a configuration.
func vouchers(whole config.Config, now func() time.Time) (v vouching, err error) {
	c := whole.Agents
	var all []tokens.Trust
	for _, t := range c.SPIFFE {
		all = append(all, tokens.Trust(t))
	}
	if len(all) > 0 {
		if v.trusts, err = tokens.NewTrusts(now, all); err != nil {
			return v, err
		}
	}
	if v.letters, err = letters(whole, now); err != nil {
		return v, err
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

// letters reads those of the other houses of a configuration.
func letters(c config.Config, now func() time.Time) (*tokens.Letters, error) {
	if len(c.Agents.Issuers) == 0 {
		return nil, nil
	}
	var all []tokens.Signer
	for _, i := range c.Agents.Issuers {
		all = append(all, tokens.Signer{Issuer: i.Issuer, File: i.File, URL: i.URL})
	}
	return tokens.NewLetters(c.Server.Origin(), now, all)
}

// issuers are those houses, as decisions see them.
func issuers(all []config.Issuer) (out []authority.Issuer) {
	for _, i := range all {
		one := authority.Issuer{Issuer: i.Issuer, Agents: i.Agents, Level: max(i.Level, 1)}
		for _, p := range i.People {
			one.People = append(one.People, authority.Alias(p))
		}
		out = append(out, one)
	}
	return out
}
