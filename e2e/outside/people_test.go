package outside

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What an account may be called is one rule: JSON, CSV and the command line refuse the same names, in the same words
// and by name, and nobody is added.
func TestNames(t *testing.T) {
	w := dev(t)
	root, dir := w.token(t, "staff/root"), w.logIn(t, "staff/root")
	file := filepath.Join(t.TempDir(), "people.csv")
	for name, says := range map[string]string{
		"a/b": `no '/'`, "a b": `no spaces`, "a\tb": `nothing invisible`, "a\x01b": `nothing invisible`, "a\u202eb": `nothing invisible`,
		"a\u200bb": `nothing invisible`, strings.Repeat("n", 129): `at most 128 bytes`,
	} {
		what := strconv.QuoteToASCII(name)
		a := root.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "staff", "name": name}).is(t, "JSON: "+what, 400)
		if len(name) < 100 { // what is longer than the schema says is told so by the schema
			holds(t, "JSON: "+what, a.body, says)
		}
		a = root.send(t, "POST", w.Console+"/v1/people/import", "directory,name\nstaff,ok\nstaff,\""+name+"\"\n", "Content-Type", "text/csv").is(t, "CSV: "+what, 400)
		holds(t, "CSV: "+what, a.body, says, "line 3")
		if err := os.WriteFile(file, []byte("directory,name\nstaff,ok\nstaff,\""+name+"\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"person", "add", "staff/" + name, "--password-file", "-"}, {"person", "import", file}} {
			if said := cli(t, dir, "long enough\n", args...).exits(t, args[1]+" "+what, 2); len(name) < 100 {
				holds(t, args[1]+" "+what, said.err, says)
			}
		}
	}
	for group, says := range map[string]string{"staff/admins": "no name for the group", "a b": "no name for the group"} {
		body := map[string]any{"directory": "customers", "name": "kim", "groups": []string{group}}
		holds(t, group, root.json(t, "POST", w.Console+"/v1/people", body).is(t, group, 400).body, says)
		body = map[string]any{"groups": []string{group}}
		holds(t, group, root.json(t, "PATCH", w.Console+"/v1/people/"+w.person(t, "customers/dana").ID, body).is(t, group, 400).body, says)
		file := "directory,name,groups\ncustomers,kim," + group + "\n"
		holds(t, group, root.send(t, "POST", w.Console+"/v1/people/import", file, "Content-Type", "text/csv").is(t, group, 400).body, says)
	}
	if all := root.get(t, w.Console+"/v1/people").is(t, "people", 200).body; strings.Contains(all, `"ok"`) || strings.Contains(all, `"kim"`) {
		t.Error("somebody was added")
	}
}
