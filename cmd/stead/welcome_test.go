package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every example that help shows is one that the program would take: its command is there, and so are its flags.
func TestExamplesAreTrue(t *testing.T) {
	e := &env{getenv: func(string) string { return "" }}
	root := e.root()
	seen := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		seen[c.CommandPath()] = true
		for line := range strings.Lines(c.Example) {
			line = strings.TrimSpace(line)
			if !strings.HasPrefix(line, "stead ") {
				continue
			}
			line, _, _ = strings.Cut(line, " | ")
			line, _, _ = strings.Cut(line, " > ")
			words := strings.Fields(line)[1:]
			found, rest, err := root.Find(words)
			if err != nil || found != c {
				t.Errorf("%q is no example of %s: %v", line, c.CommandPath(), err)
				continue
			}
			for _, w := range rest {
				if w == "--" {
					break // what comes then is another program's
				}
				name, _, _ := strings.Cut(strings.TrimLeft(w, "-"), "=")
				if long := strings.HasPrefix(w, "--"); long && name != "help" && c.Flag(name) == nil || !long && strings.HasPrefix(w, "-") && len(w) == 2 && c.Flags().ShorthandLookup(name) == nil && c.InheritedFlags().ShorthandLookup(name) == nil {
					t.Errorf("%q: %s has no flag %s", line, c.CommandPath(), w)
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for path := range examples {
		if !seen[path] {
			t.Errorf("there is an example of %s, which is no command", path)
		}
	}
}
