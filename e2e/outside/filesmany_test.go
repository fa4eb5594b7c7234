package outside

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd writes a file of so many people, each in a group and with a name to show.
func crowd(t *testing.T, n int, shown string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("groups: [{ directory: customers, name: crowd }]\npeople:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - { directory: customers, name: p%05d, shown: %s %d, email: p%d@example.com, groups: [crowd], attributes: { n: \"%d\" } }\n", i, shown, i, i, i)
	}
	return put(t, t.TempDir(), "crowd.yaml", b.String())
}

// counted is how many people of a name there are.
func counted(t *testing.T, w *world, root *caller, name string) (n int) {
	t.Helper()
	next := ""
	for {
		var page struct {
			People []json.RawMessage
			Next   string `json:"next_page_token"`
		}
		root.get(t, w.Console+"/v1/people?directory=customers&limit=1000&name="+name+"&page_token="+next).is(t, "people", 200).reads(t, &page)
		n += len(page.People)
		if next = page.Next; next == "" {
			return n
		}
	}
}

// R38: ten thousand people in one file; told how far it is, and nothing the second time.
func TestApplyMany(t *testing.T) {
	w := dev(t)
	root, dir := w.token(t, "staff/root"), w.logIn(t, "staff/root")
	most := 10_000
	if server != nil {
		most = 2000 // the second time, for another store
	}
	file := crowd(t, most, "Person")
	began := time.Now()
	a := run(t, dir, "apply", "-f", file, "-o", "json").exits(t, "apply", 0)
	took := time.Since(began)
	holds(t, "what is said", a.err, fmt.Sprint(most, " made, 0 changed, 0 unchanged"))
	if took > 5*time.Second {
		holds(t, "how far it is", a.err, `"progress":"applying"`, fmt.Sprintf(`"of":%d`, most))
	}
	if n := counted(t, w, root, "p"); n < most {
		t.Errorf("%d people", n)
	}
	began = time.Now()
	a = cli(t, dir, "", "apply", "-f", file).exits(t, "again", 0)
	holds(t, "again", a.err, fmt.Sprintf("0 made, 0 changed, %d unchanged", most+1))
	t.Logf("%d people: %v; again: %v", most, took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	var all, none []string
	for i := range most {
		all, none = append(all, fmt.Sprintf("p%05d", i)), append(none, fmt.Sprintf("nobody%05d", i))
	}
	group := "kind: Group\ndirectory: customers\nname: choir\nmembers: ["
	began = time.Now()
	a = cli(t, dir, "", "apply", "--dry-run", "-f", put(t, t.TempDir(), "choir.yaml", group+strings.Join(all, ", ")+"]\n")).exits(t, "a group of all", 0)
	holds(t, "a group of all", a.err, fmt.Sprintf("0 to make, %d to change", most))
	a = cli(t, dir, "", "apply", "--dry-run", "-f", put(t, t.TempDir(), "choir.yaml", group+strings.Join(none, ", ")+"]\n")).exits(t, "a group of nobody", 2)
	holds(t, "a group of nobody", a.err, "there is no account customers/nobody00000", fmt.Sprintf("and %d more", most-20))
	t.Logf("groups of all: %v", time.Since(began).Round(time.Millisecond))
}

// Killed in the middle, the same again does the rest: everybody is there, once.
func TestApplyKilled(t *testing.T) {
	w := dev(t)
	root, dir := w.token(t, "staff/root"), w.logIn(t, "staff/root")
	file := crowd(t, 4000, "Person")
	c := exec.Command(program, "apply", "-f", file)
	c.Env = []string{"STEAD_CONFIG_DIR=" + dir, "HOME=" + dir}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first of them are there", func() error {
		if counted(t, w, root, "p00000") == 0 {
			return fmt.Errorf("nobody yet")
		}
		return nil
	})
	if err := c.Process.Kill(); err != nil && !strings.Contains(err.Error(), "finished") {
		t.Fatal(err)
	}
	_ = c.Wait()
	left := counted(t, w, root, "p0")
	eventually(t, "the same again", func() error { // what was under way at the end may still come between
		if a := run(t, dir, "apply", "-f", file); a.code != 0 {
			return fmt.Errorf("%d: %s", a.code, a.err)
		}
		return nil
	})
	if n := counted(t, w, root, "p0"); n != 4000 {
		t.Errorf("%d people", n)
	}
	t.Logf("killed after %d of 4000", left)
}

// Of two who apply different files at a time one changes a thing, and the other is told so; what he says then is still true.
func TestApplyAtOnce(t *testing.T) {
	w := dev(t)
	dirs := []string{w.logIn(t, "staff/root"), w.logIn(t, "staff/root")}
	for _, verb := range []string{"make", "change"} {
		if verb == "change" {
			cli(t, dirs[0], "", "apply", "-f", crowd(t, 300, "Person")).exits(t, "somebody to change", 0)
		}
		var said [2]said
		var all sync.WaitGroup
		for i, dir := range dirs {
			file := crowd(t, 300, fmt.Sprint(verb, i))
			all.Go(func() { said[i] = run(t, dir, "apply", "-f", file) })
		}
		all.Wait()
		for i, one := range said {
			if one.code == 5 && !strings.Contains(one.err, "is there already") && !strings.Contains(one.err, ": it was changed meanwhile") {
				t.Errorf("%s: the loser is told %s", verb, one.err)
			}
			if one.code != 0 && one.code != 5 {
				t.Errorf("%s: %d exits with %d: %s", verb, i, one.code, one.err)
			}
		}
		if said[0].code == 5 && said[1].code == 5 && verb == "make" {
			t.Error("nobody made them")
		}
		if said[0].code == 0 && said[1].code == 0 && verb == "change" { // it takes seconds: they were at it together
			t.Error("both changed the same people, and neither was told")
		}
	}
	file := crowd(t, 300, "At last")
	cli(t, dirs[0], "", "apply", "-f", file).exits(t, "one alone", 0)
	holds(t, "and again", cli(t, dirs[1], "", "apply", "-f", file).exits(t, "again", 0).err, "0 made, 0 changed, 301 unchanged")
}

// run is cli for where the test's own goroutine is elsewhere.
func run(t *testing.T, dir string, args ...string) said {
	c := exec.CommandContext(t.Context(), program, args...)
	c.Env = []string{"STEAD_CONFIG_DIR=" + dir, "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	_ = c.Run() // the exit code says it
	return said{c.ProcessState.ExitCode(), out.String(), talk.String()}
}
