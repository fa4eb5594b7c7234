package config

import (
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Prefix begins every variable of ours: STEAD_SERVER_LISTEN is server.listen. Lists are separated by commas. What the
// CLI reads (STEAD_ADDR, STEAD_TOKEN, STEAD_TOKEN_FILE) is not of the server.
const Prefix = "STEAD_"

func (c *Config) environment(environ []string) (problems []Problem) {
	vars := map[string]string{}
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, Prefix) {
			vars[name] = value
		}
	}
	leaves(reflect.ValueOf(c).Elem(), "", func(path string, v reflect.Value) {
		name := Prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		value, ok := vars[name]
		if !ok {
			return
		}
		if err := put(v, value); err != nil {
			problems = append(problems, Problem{Path: path, Text: err.Error() + " (in the environment, " + name + ")"})
		}
		c.sources[path] = source{variable: name}
	})
	return problems
}

func put(v reflect.Value, value string) error {
	if v.Kind() != reflect.Slice {
		return set(v, value)
	}
	list := []string{}
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	v.Set(reflect.ValueOf(list))
	return nil
}

// leaves visits every field that can be set by one text.
func leaves(v reflect.Value, path string, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		f := v.Field(i)
		switch {
		case name == "" || f.Type() == reflect.TypeFor[yaml.Node]():
		case f.Kind() == reflect.Struct:
			leaves(f, join(path, name), visit)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.String:
		default:
			visit(join(path, name), f)
		}
	}
}

// Secret reads a secret from its file: one line, without the end of it. Errors: missing, and refused when others than
// the owner may read it.
func Secret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", missing(file, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", open(file, info.Mode().Perm())
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", missing(file, err)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}
