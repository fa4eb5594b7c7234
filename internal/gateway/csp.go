package gateway

import (
	"net/http"
	"slices"
	"strings"
)

const (
	policyHeader     = "Content-Security-Policy"
	reportOnlyHeader = "Content-Security-Policy-Report-Only"
)

// An opening is what a page's policies must let through for what we put into it, and nothing else: our one stylesheet,
// posts to our own paths and the ways they lead on, and where the page may run scripts at all, ours.
type opening struct {
	origin string   // of the page
	leads  []string // origins that our forms' answers lead to
	puts   []script // that go in
	clicks bool     // and report what is clicked
}

// What admit found a page to allow besides.
type allowed struct {
	forms  bool // else links stand in place of buttons
	script bool // ours can run
}

// admit changes every policy of a page. Sandboxes stay as they are.
func (o opening) admit(h http.Header) allowed {
	can := allowed{true, len(o.puts) > 0}
	for _, name := range []string{policyHeader, reportOnlyHeader} {
		for i, line := range h[name] {
			policies := strings.Split(line, ",")
			for j, p := range policies {
				list := directives(p)
				if box, there := find(list, "sandbox"); there && name == policyHeader {
					can.forms = can.forms && box.has("allow-forms") && box.has("allow-same-origin")
					can.script = can.script && box.has("allow-scripts")
				}
				if len(list) > 0 {
					policies[j] = o.write(list)
				}
			}
			h[name][i] = strings.Join(policies, ",")
		}
	}
	return can
}

// write opens one policy and writes it down.
func (o opening) write(list []directive) string {
	list = admitIn(list, o.origin+barStyle, "style-src-elem", "style-src", "default-src")
	for _, s := range o.puts {
		list = o.admitScript(list, s)
	}
	if len(o.puts) > 0 {
		paths := []string{"/.stead/status", "/.stead/hidden"}
		if o.clicks {
			paths = append(paths, clicksPath)
		}
		for _, path := range paths {
			list = admitIn(list, o.origin+path, "connect-src", "default-src")
		}
	}
	for _, to := range append([]string{o.origin}, o.leads...) {
		list = admitIn(list, to+"/.stead/", "form-action")
	}
	var parts []string
	for _, d := range list {
		parts = append(parts, strings.Join(append([]string{d.name}, d.sources...), " "))
	}
	return strings.Join(parts, "; ")
}

// admitScript names a script of ours by its address, which says nothing of any other script. Where addresses do not count
// ('strict-dynamic', CSP3 6.7.1.1) it is named by its hash: there 'unsafe-inline' counts no more either, so that no
// script of the application's runs or stops for it.
func (o opening) admitScript(list []directive, s script) []directive {
	chain := []string{"script-src-elem", "script-src", "default-src"}
	for _, name := range chain {
		if d, there := find(list, name); there {
			if d.has("'strict-dynamic'") {
				return admitIn(list, "'"+s.hash+"'", chain...)
			}
			break
		}
	}
	return admitIn(list, o.origin+s.path, chain...)
}

// admitIn adds a source to the first of a chain of directives, which is the one that browsers ask first. Where only a
// later one stands the first is written from it.
func admitIn(list []directive, source string, chain ...string) []directive {
	for _, name := range chain {
		if d, there := find(list, name); there {
			return put(list, directive{chain[0], with(d.sources, source)})
		}
	}
	return list
}

type directive struct {
	name    string
	sources []string
}

// has tells whether a source that is a word stands in d.
func (d directive) has(word string) bool {
	return slices.ContainsFunc(d.sources, func(s string) bool { return strings.EqualFold(s, word) })
}

// directives reads a policy as browsers do: the first of a name counts (CSP3 2.2.1), and only ASCII spaces are spaces.
func directives(policy string) []directive {
	var list []directive
	for part := range strings.SplitSeq(policy, ";") {
		words := strings.FieldsFunc(part, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\f' || r == '\r' })
		if len(words) == 0 {
			continue
		}
		name := strings.ToLower(words[0])
		if _, twice := find(list, name); !twice {
			list = append(list, directive{name, words[1:]})
		}
	}
	return list
}

func find(list []directive, name string) (directive, bool) {
	for _, d := range list {
		if d.name == name {
			return d, true
		}
	}
	return directive{}, false
}

func put(list []directive, d directive) []directive {
	for i := range list {
		if list[i].name == d.name {
			list[i] = d
			return list
		}
	}
	return append(list, d)
}

// with adds a source; 'none' means nothing beside another.
func with(sources []string, source string) []string {
	kept := slices.DeleteFunc(slices.Clone(sources), func(s string) bool { return strings.EqualFold(s, "'none'") })
	if slices.Contains(kept, source) {
		return kept
	}
	return append(kept, source)
}
