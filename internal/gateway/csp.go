package gateway

import (
	"net/http"
	"slices"
	"strings"
)

var policyHeaders = []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"}

// admit adds to every policy of a page what the bar needs and nothing else: its one stylesheet, and posting to our own
// paths. It tells whether forms work at all: in a sandbox without them, the bar offers links instead.
func admit(h http.Header, origin string) (forms bool) {
	forms = true
	for _, name := range policyHeaders {
		for i, line := range h[name] {
			policies := strings.Split(line, ",")
			for j, p := range policies {
				var ok bool
				policies[j], ok = admitIn(p, origin)
				forms = forms && (ok || name != policyHeaders[0])
			}
			h[name][i] = strings.Join(policies, ",")
		}
	}
	return forms
}

type directive struct {
	name    string
	sources []string
}

func admitIn(policy, origin string) (string, bool) {
	list := directives(policy)
	if len(list) == 0 {
		return policy, true
	}
	forms := true
	if box, there := find(list, "sandbox"); there {
		forms = slices.Contains(box.sources, "allow-forms") && slices.Contains(box.sources, "allow-same-origin")
	}
	list = admitStyle(list, origin+barStyle)
	if form, there := find(list, "form-action"); there {
		list = put(list, directive{"form-action", with(form.sources, origin+"/.stead/")})
	}
	var parts []string
	for _, d := range list {
		parts = append(parts, strings.TrimSpace(d.name+" "+strings.Join(d.sources, " ")))
	}
	return strings.Join(parts, "; "), forms
}

// admitStyle names our sheet where style elements are bounded, in the directive that browsers ask first.
func admitStyle(list []directive, sheet string) []directive {
	for _, name := range []string{"style-src-elem", "style-src", "default-src"} {
		if d, there := find(list, name); there {
			return put(list, directive{"style-src-elem", with(d.sources, sheet)})
		}
	}
	return list
}

// directives reads a policy as browsers do: the first of a name counts (CSP3 2.2.1).
func directives(policy string) []directive {
	var list []directive
	for part := range strings.SplitSeq(policy, ";") {
		words := strings.Fields(part)
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
	return append(kept, source)
}
