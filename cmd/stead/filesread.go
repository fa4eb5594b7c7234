package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	"github.com/steadhq/stead/internal/config"
	"go.yaml.in/yaml/v3"
)

// mostSaid is how many findings are told of; the files are wrong either way.
const mostSaid = 20

// A filesReader reads files, and finds all that is wrong before anything is done.
type filesReader struct {
	e     *env
	out   filed
	read  map[string]bool // by path: once is enough
	found []string
}

// readFiles reads what is named: files, folders, and - for stdin.
func (e *env) readFiles(paths []string) (*filed, error) {
	r := &filesReader{e: e, read: map[string]bool{}}
	for _, p := range paths {
		if err := r.path(p); err != nil {
			return nil, err
		}
	}
	r.doubles()
	switch err := found(r.found); {
	case err != nil:
		return nil, err
	case r.out.size() == 0:
		return nil, fail(exitUsage, "stead apply --help", "%s names nothing to apply: begin with kind: Person, or with people: and a list", strings.Join(paths, ", "))
	}
	return &r.out, nil
}

// found is the error that findings make, nil where there are none.
func found(all []string) error {
	switch more := len(all) - mostSaid; {
	case more > 0:
		return fail(exitUsage, "", "%s\nand %d more", strings.Join(all[:mostSaid], "\n"), more)
	case len(all) > 0:
		return fail(exitUsage, "", "%s", strings.Join(all, "\n"))
	}
	return nil
}

func (r *filesReader) path(name string) error {
	if name == "-" {
		return r.text("stdin", ".", func() ([]byte, error) { return io.ReadAll(r.e.in) })
	}
	s, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(exitNotFound, "", "there is no file %s", name)
	case err != nil:
		return err
	case s.IsDir():
		return r.folder(name)
	}
	return r.file(name)
}

func (r *filesReader) file(name string) error {
	return r.text(name, filepath.Dir(name), func() ([]byte, error) { return os.ReadFile(name) })
}

// folder reads every file that may hold documents; one with rules in it is a policy as a whole.
func (r *filesReader) folder(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, ruled) {
		return r.policy(aPolicy{place: place{file: dir}, Folder: "."}, dir)
	}
	for _, d := range list {
		name := filepath.Join(dir, d.Name())
		switch {
		case strings.HasPrefix(d.Name(), "."):
		case d.IsDir():
			err = r.folder(name)
		case slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)):
			err = r.file(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func ruled(d fs.DirEntry) bool {
	ext := filepath.Ext(d.Name())
	return !d.IsDir() && (ext == ".cedar" || ext == ".cedarschema")
}

func (r *filesReader) policy(p aPolicy, from string) (err error) {
	dir := p.Folder
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(from, dir)
	}
	if p.files, err = policyFiles(dir); codeOf(err) == exitNotFound {
		r.found = append(r.found, p.wrong("there is no folder %s", dir))
		return nil
	}
	r.out.policies = append(r.out.policies, p)
	return err
}

func (r *filesReader) text(name, dir string, read func() ([]byte, error)) error {
	whole, err := filepath.Abs(name)
	if err != nil || r.read[whole] {
		return err
	}
	r.read[whole] = true
	raw, err := read()
	if err != nil {
		return err
	}
	all, err := documents(name, raw)
	if err != nil {
		r.found = append(r.found, place{file: name}.wrong("%s", err))
		return nil
	}
	before := len(r.out.policies)
	f := &filler{file: name}
	for _, n := range all {
		r.document(f, n)
	}
	r.found = append(r.found, f.wrong...)
	named := slices.Clone(r.out.policies[before:])
	r.out.policies = r.out.policies[:before]
	for _, p := range named {
		if err := r.policy(p, dir); err != nil {
			return err
		}
	}
	return nil
}

// document reads one: of a kind, lists under their names, or entities as Cedar writes them.
func (r *filesReader) document(f *filler, n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		r.entities(f, n)
		return
	case yaml.MappingNode:
	default:
		f.say(n, "this is no document: begin with kind: Person, or with people: and a list")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "kind" {
			k := n.Content[i+1]
			rest := *n
			rest.Content = slices.Delete(slices.Clone(n.Content), i, i+2)
			r.ofKind(f, &rest, k)
			return
		}
	}
	f.each(n, "", func(k, list *yaml.Node) { r.listed(f, k, list) })
}

func (r *filesReader) ofKind(f *filler, n, k *yaml.Node) {
	var known []string
	for _, one := range fileKinds() {
		if one.name == lone {
			continue
		}
		if one.name == k.Value {
			r.one(f, n, one)
			return
		}
		known = append(known, one.name)
	}
	if hint := elsewhere[k.Value]; hint != "" {
		f.say(k, "there is no kind %q: %s", k.Value, hint)
		return
	}
	f.say(k, "there is no kind %q%s", k.Value, config.DidYouMean(k.Value, known))
}

func (r *filesReader) listed(f *filler, k, list *yaml.Node) {
	var known []string
	for _, one := range fileKinds() {
		if one.list != k.Value {
			known = append(known, one.list)
			continue
		}
		if list.Kind != yaml.SequenceNode {
			f.say(list, "%s is a list", k.Value)
			return
		}
		for _, n := range list.Content {
			r.one(f, n, one)
		}
		return
	}
	f.say(k, "there is no %s%s", k.Value, config.DidYouMean(k.Value, append(known, "kind")))
}

func (r *filesReader) one(f *filler, n *yaml.Node, k fileKind) {
	v := reflect.New(k.of).Elem()
	before := len(f.wrong)
	f.put(n, v, strings.ToLower(k.name))
	if len(f.wrong) == before {
		k.add(&r.out, v, place{f.file, n.Line})
	}
}

// doubles finds what two documents say different things of.
func (r *filesReader) doubles() {
	w := &r.out
	for _, more := range [][]string{twice("", w.people), twice("group", w.groups), twice("thing", w.things), twice("a", w.policies),
		twice("agent", w.agents), twice("template", w.templates), twice("exclusion", w.exclusions), twice("flow", w.flows)} {
		r.found = append(r.found, more...)
	}
	for _, p := range w.people {
		r.person(p)
	}
	for _, x := range w.exclusions {
		r.nameless(x.place, "an exclusion", x.Name)
	}
	for _, x := range w.flows {
		r.nameless(x.place, "a flow", x.Name)
	}
	for _, x := range w.agents {
		r.nameless(x.place, "an agent", x.Name)
		r.needs(x.place, x.Tasks, func(text string) error {
			_, err := stead.ReadNeed(text)
			return err
		})
	}
	for _, x := range w.templates {
		r.needs(x.place, x.Tasks, func(string) error { return nil }) // names stand in them
	}
}

// needs finds tasks that need nothing, and needs that say nothing.
func (r *filesReader) needs(at place, tasks []admin.Task, read func(string) error) {
	for _, t := range tasks {
		if len(t.Grants)+len(t.Needs) == 0 {
			r.found = append(r.found, at.wrong("the task %s lacks grants, or needs in words of the catalogue", t.ID))
		}
		for _, n := range t.Needs {
			if err := read(n); err != nil {
				r.found = append(r.found, at.wrong("the task %s: %s", t.ID, err))
			}
		}
	}
}

func (r *filesReader) nameless(at place, what, name string) {
	if name == "" {
		r.found = append(r.found, at.wrong("%s needs a name", what))
	}
}
