package apps

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/stage"
)

// A program is an application: it runs from its Debian package in a folder of its own.
type program struct {
	dir, addr string
	process   *stage.Process
	asked     *regexp.Regexp // what it says of every request
	atEnd     []string       // what the gateway itself asks of it at an end
	sessions  string         // PDO's name of the database and the query for the sessions that it keeps; "" is not looked at
	data      []string       // where it keeps what people wrote, in dir
}

// lay copies an application's configuration into a scratch folder that every account may enter, and fills in words.
func lay(t *testing.T, name, addr string, words ...string) *program {
	t.Helper()
	p := &program{dir: t.TempDir(), addr: addr}
	if err := os.Chmod(filepath.Dir(p.dir), 0o755); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer(append(words, "RUN", p.dir, "ADDR", addr)...)
	from := filepath.Join("testdata", name)
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(p.dir, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, []byte(fill.Replace(string(text))), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fill puts words into one file more, when they are known.
func (p *program) fill(t *testing.T, name string, words ...string) {
	t.Helper()
	file := filepath.Join(p.dir, name)
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.NewReplacer(words...).Replace(string(text))), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// needs fails where a file of a Debian package is not there.
func needs(t *testing.T, files ...string) {
	t.Helper()
	for _, f := range files {
		if _, err := os.Stat(f); err != nil {
			t.Fatalf("%v: make deps installs the applications", err)
		}
	}
}

func (p *program) folders(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(p.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// php serves a folder of scripts, several requests at once; environ holds NAME=value.
func (p *program) php(t *testing.T, root string, environ []string, args ...string) {
	t.Helper()
	needs(t, "/usr/bin/php", root)
	p.folders(t, "sessions")
	args = append([]string{"-d", "session.save_path=" + p.dir + "/sessions", "-d", "opcache.enable_cli=1", "-d", "display_errors=0", "-S", p.addr, "-t", root}, args...)
	cmd := exec.Command("/usr/bin/php", args...)
	cmd.Env = append(append(os.Environ(), environ...), "PHP_CLI_SERVER_WORKERS=3", "TZ=UTC", "LANG=C.UTF-8")
	p.process = stage.Start(t, cmd)
	p.asked = regexp.MustCompile(`(?m)127\.0\.0\.1:\d+ Accepted$`)
	p.process.Answers(t, "http://"+p.addr+"/")
}

// run runs a tool of an application.
func (p *program) run(t *testing.T, input string, environ []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdin, cmd.Dir = append(os.Environ(), environ...), strings.NewReader(input), p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

// A moment is what an application has been asked and what it keeps.
type moment struct {
	asked int
	kept  string
}

// now is how things stand with the application.
func (p *program) now(t *testing.T) moment {
	t.Helper()
	said := p.process.Said.String()
	n := len(p.asked.FindAllString(said, -1))
	for _, to := range p.atEnd {
		n -= strings.Count(said+"\n", " "+to+"\n")
	}
	return moment{n, p.kept(t)}
}

// settled is how things stand when the application has said all that it had to say.
func (p *program) settled(t *testing.T) moment {
	t.Helper()
	last := p.now(t)
	for same := 0; same < 5; same++ {
		time.Sleep(20 * time.Millisecond)
		if m := p.now(t); m != last {
			last, same = m, 0
		}
	}
	return last
}

// rules is a file with the example of an application, where it runs now.
func (p *program) rules(t *testing.T, app string) string {
	t.Helper()
	text, err := os.ReadFile("../../examples/apps/" + app + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "apps.yaml")
	if err := os.WriteFile(file, []byte(upstreamLine.ReplaceAllString(string(text), "    upstream: http://"+p.addr)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// open are the sessions that the application keeps now.
func (p *program) open(t *testing.T) []string {
	t.Helper()
	database, query, _ := strings.Cut(p.sessions, " ")
	out, err := exec.Command("/usr/bin/php", "-r", `$p = new PDO($argv[1]); $p->sqliteCreateFunction("plain", "base64_decode", 1);
		foreach ($p->query($argv[2]) as $row) echo $row[0], "\n";`, database, query).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

// took tells whether a request is among what the application said since a line.
func (p *program) took(since int, a ask) bool {
	return slices.ContainsFunc(p.process.Said.Lines()[since:], func(line string) bool {
		return strings.Contains(line, cmp.Or(a.method, "GET")+" ") && (strings.HasSuffix(line, " "+a.to) || strings.Contains(line, "'"+a.to+"'"))
	})
}

// kept is a digest of all that people wrote, by file.
func (p *program) kept(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, name := range p.data {
		err := filepath.WalkDir(filepath.Join(p.dir, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			fmt.Fprintf(&all, "%s %x\n", path, sha256.Sum256(text))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// owner is whom servers that refuse to work as root work as: the account that runs the tests, or else one of the
// system's, who is then given the folder.
func (p *program) owner(t *testing.T, folder, instead string) *user.User {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if me.Uid != "0" {
		return me
	}
	other, err := user.Lookup(instead)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(other.Uid) // the system's are numbers
	gid, _ := strconv.Atoi(other.Gid)
	err = filepath.WalkDir(filepath.Join(p.dir, folder), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
	return other
}
