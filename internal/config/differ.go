package config

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Difference is one key that has another value. Of a secret nothing is told but that it changed.
type Difference struct {
	Key, Before, After string
	Why                string // why it waits for a restart; "" is that it can change while the server runs
}

// Differ lists what differs between two configurations, by key.
func Differ(before, after Config) []Difference {
	b, a := flat(before), flat(after)
	var all []Difference
	for key, value := range a {
		if old, there := b[key]; !there || old != value {
			all = append(all, difference(key, old, value, before, after))
		}
	}
	for key, old := range b {
		if _, there := a[key]; !there {
			all = append(all, difference(key, old, "", before, after))
		}
	}
	slices.SortFunc(all, func(x, y Difference) int { return cmp.Compare(x.Key, y.Key) })
	return all
}

func difference(key, old, value string, before, after Config) Difference {
	d := Difference{Key: key, Before: old, After: value, Why: fixed(key, before, after)}
	if secret(key, old) || secret(key, value) {
		d.Before, d.After = "", "changed"
	}
	return d
}

// flat is every key and its text. Lists of texts are one text each; an empty list or block is nothing.
func flat(c Config) map[string]string {
	all := map[string]string{}
	walk(printable(reflect.ValueOf(c)), "", func(path string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode {
			return
		}
		if list, _, ok := strings.Cut(path, "["); ok && strings.HasSuffix(path, "]") && !strings.Contains(path[len(list):], ".") {
			path = list
			if all[path] != "" {
				all[path] += ", " + n.Value
				return
			}
		}
		all[path] = n.Value
	})
	return all
}

// fixed says why a key cannot change while the server runs; "" is that it can.
func fixed(key string, before, after Config) string {
	first, _, _ := strings.Cut(key, ".")
	first, _, _ = strings.Cut(first, "[")
	switch {
	case first == "apps", first == "timers", first == "acting", first == "sessions", first == "authzen", first == "segments", key == "observability.log":
		return ""
	case strings.HasPrefix(key, "server.tls.") && before.Server.TLS.Cert != "" && after.Server.TLS.Cert != "":
		return ""
	case first == "directories" && strings.HasSuffix(key, ".label") && both(key, before, after):
		return ""
	case first == "roles", first == "audit", first == "keys":
		return "it stands over who runs Stead and what is on record (S-I30): it takes somebody who starts the server"
	case first == "policies":
		return "it is read once, by an empty store: use stead policy stage and apply"
	}
	return "the server holds it open since its start"
}

// both tells whether a directory is there before and after.
func both(key string, before, after Config) bool {
	id := strings.TrimSuffix(strings.TrimPrefix(key, "directories."), ".label")
	in := func(c Config) bool {
		return slices.ContainsFunc(c.Directories, func(d Directory) bool { return d.ID == id })
	}
	return in(before) && in(after)
}

// Taking is c with everything of next that can change while a server runs. It is checked as a whole: a mixture must be
// right too.
func (c Config) Taking(next Config) (Config, []Problem) {
	c.Apps, c.text, c.sources = next.Apps, next.text, next.sources
	c.Timers, c.Acting, c.Sessions, c.AuthZEN, c.Segments = next.Timers, next.Acting, next.Sessions, next.AuthZEN, next.Segments
	c.Observability.Log = next.Observability.Log
	if c.Server.TLS.Cert != "" && next.Server.TLS.Cert != "" {
		c.Server.TLS = next.Server.TLS
	}
	c.Directories = slices.Clone(c.Directories)
	for i, d := range c.Directories {
		for _, n := range next.Directories {
			if n.ID == d.ID {
				c.Directories[i].Label = n.Label
			}
		}
	}
	return c, c.placed(c.validate())
}
