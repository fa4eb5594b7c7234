package apps

import (
	"net/url"
	"testing"

	"github.com/steadhq/stead/e2e/stage"
)

// comes signs somebody in at the application, from a page of it: where a browser's reader would.
func (w *world) comes(t *testing.T, directory, name string) *stage.Caller {
	t.Helper()
	c := stage.Stranger(t)
	first := c.Page(t, w.site+"/").Is(t, "the application unasked", 303)
	u, err := url.Parse(first.To())
	if err != nil {
		t.Fatal(err)
	}
	next := u.Query().Get("next")
	fields := []string{"name", name, "directory", directory, "password", password, "next", next}
	in := c.Form(t, w.own+"/login", fields...)
	if token := stepField.FindStringSubmatch(in.Body); token != nil {
		in = c.Form(t, w.own+"/login", "step", token[1], "name", name, "directory", directory, "code", w.codes.Next(t, name, secret), "next", next)
	}
	c.Page(t, in.Is(t, name+" signs in", 303).To()).Is(t, name+" arrives", 303)
	return c
}

// acts starts acting for Dana as a program does, at the application's own host.
func (w *world) acts(t *testing.T, sam *stage.Caller, fields ...string) (mandate string) {
	t.Helper()
	all := append([]string{"subject", "dana", "directory", "customers", "reason", "wrong total", "ticket", "SUP-4711", "target", "/"}, fields...)
	if w.standing(t, sam).Armed == "" {
		all = append(all, "code", w.codes.Next(t, "sam", secret))
	}
	begun := sam.Post(t, w.site+"/.stead/act", all...).Is(t, "act", 303)
	return begun.Head.Get("Stead-Acting")
}

type standing struct {
	Acting  bool
	Armed   string
	Mandate string
}

func (w *world) standing(t *testing.T, c *stage.Caller) (s standing) {
	t.Helper()
	c.Get(t, w.site+"/.stead/status").Is(t, "status", 200).Reads(t, &s)
	return s
}

func (w *world) ends(t *testing.T, sam *stage.Caller) {
	t.Helper()
	sam.Post(t, w.site+"/.stead/end").Is(t, "end", 200)
}
