package config

import (
	"encoding/hex"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// authzen: whoever may ask is named, has one secret, and may ask about what there is.
func (c *Config) authzen(k *checker) {
	known := c.appIDs()
	for _, id := range c.AuthZEN.Systems {
		k.must(short.MatchString(id), "authzen.systems", "%q is no short name: small letters, digits and -, beginning with a letter", id)
		k.must(!slices.Contains(known, id), "authzen.systems", "%q is there twice, or is an application", id)
		known = append(known, id)
	}
	seen := map[string]bool{}
	for i, one := range c.AuthZEN.Callers {
		at := fmt.Sprintf("authzen.callers[%d]", i)
		k.must(short.MatchString(one.ID), at+".id", "%q is no short name: small letters, digits and -, beginning with a letter", one.ID)
		k.must(!seen[one.ID], at+".id", "%q is there twice", one.ID)
		seen[one.ID] = true
		k.must((one.SecretFile == "") != (one.SecretHash == ""), at, "needs secret_file or secret_sha256, and one of them")
		sum, err := hex.DecodeString(one.SecretHash)
		k.must(one.SecretHash == "" || err == nil && len(sum) == 32, at+".secret_sha256", "is no SHA-256 in hex: 64 digits and letters a to f")
		k.must(len(one.Apps) > 0, at+".apps", "is empty: it could ask about nothing")
		for _, id := range one.Apps {
			k.must(slices.Contains(known, id), at+".apps", "%q is neither an application nor among authzen.systems", id)
		}
		for _, id := range one.Directories {
			k.must(slices.ContainsFunc(c.Directories, func(d Directory) bool { return d.ID == id }), at+".directories", "there is no directory %q", id)
		}
		k.must(one.Level >= 0 && one.Level <= 2, at+".level", "is %d: 1 is a password, 2 a second factor too", one.Level)
	}
}

// appIDs are the ids of the applications, as far as they can be read here, and of the connected systems.
func (c *Config) appIDs() (all []string) {
	for _, s := range c.Systems {
		all = append(all, s.ID)
	}
	for _, r := range c.Resources {
		all = append(all, r.ID)
	}
	for _, app := range c.Apps.Content {
		for i := 0; i+1 < len(app.Content) && app.Kind == yaml.MappingNode; i += 2 {
			if app.Content[i].Value == "id" {
				all = append(all, app.Content[i+1].Value)
			}
		}
	}
	return all
}
