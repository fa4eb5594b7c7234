package gateway

import (
	"bytes"
	"reflect"
	"strings"

	"github.com/steadhq/stead"
	"go.yaml.in/yaml/v3"
)

// ParseRules reads a file of applications. What is wrong is said with its line; an unknown key with the one that is
// nearest.
func ParseRules(text []byte) ([]App, error) {
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&root); err != nil {
		return nil, wrong("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(new(yaml.Node)); err == nil {
		return nil, wrong("the file holds a second document")
	}
	if err := strict(root.Content[0], reflect.TypeFor[appsFile]()); err != nil {
		return nil, err
	}
	apps := child(root.Content[0], "apps")
	if apps == nil {
		return nil, wrong("the file holds no apps")
	}
	return ReadApps(apps)
}

// ReadApps reads the list of applications out of a larger file.
func ReadApps(list *yaml.Node) ([]App, error) {
	var files []appFile
	if err := strict(list, reflect.TypeFor[[]appFile]()); err != nil {
		return nil, err
	}
	if err := list.Decode(&files); err != nil {
		return nil, wrong("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	apps := make([]App, 0, len(files))
	for i, f := range files {
		a, err := f.app(where{list, []any{i}})
		if err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	return apps, distinct(apps, list)
}

func wrong(format string, args ...any) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, format, args...)
}

// distinct refuses two applications of one id or one host.
func distinct(apps []App, list *yaml.Node) error {
	ids, hosts := map[stead.AppID]bool{}, map[string]bool{}
	for i, a := range apps {
		at := where{list, []any{i}}
		if ids[a.ID] {
			return at.wrong("two applications have the id %q", a.ID)
		}
		ids[a.ID] = true
		for _, h := range a.Hosts {
			if hosts[h] {
				return at.wrong("two applications have the host %q", h)
			}
			hosts[h] = true
		}
	}
	return nil
}

func (f appFile) app(at where) (App, error) {
	a := App{App: stead.App{ID: stead.AppID(f.ID), Privileged: f.Privileged, Aware: f.Aware, Rights: stead.Rights(f.Rights)}}
	a.Allows = f.TargetAllows
	if a.Rights == "" {
		a.Rights = stead.LeftToApp
	}
	switch {
	case f.ID == "":
		return a, at.wrong("an application needs an id")
	case a.Rights != stead.LeftToApp && a.Rights != stead.Evaluated:
		return a, at.in("rights").wrong("rights %q: left-to-app or evaluated", f.Rights)
	}
	for _, step := range []func(appFile, *App, where) error{
		hosts, upstream, origins, banner, allows, identity, realms, browsers, whoami, secrets, atEnd, unmatched, rules, tests,
	} {
		if err := step(f, &a, at); err != nil {
			return a, err
		}
	}
	return a, nil
}
