package apps

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/web/vacant"
)

var steadProgram string

func TestMain(m *testing.M) { stage.Main(m, &steadProgram) }

// A world is one stead serve with one application behind it.
type world struct {
	own, site string // Stead's origin, and that of the application
	app       string
	program   *program
	stead     *stage.Process
	codes     stage.Codes
	ada       *stage.Caller // at the API
}

// site is where people will find an application: a name of its own at the gateway that is about to start.
type site struct{ listen, host string }

func newSite(t *testing.T, app string) site {
	t.Helper()
	listen := vacant.Address(t)
	return site{listen, app + ".localhost" + listen[strings.LastIndex(listen, ":"):]}
}

const (
	password = "a few plain words"
	secret   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

var (
	hostLine     = regexp.MustCompile(`(?m)^    host: \S+`)
	upstreamLine = regexp.MustCompile(`(?m)^    upstream: \S+`)
	setupLink    = regexp.MustCompile(`http\S+/setup\?token=\S+`)
	base32Secret = regexp.MustCompile(`\b[A-Z2-7]{32}\b`)
	stepField    = regexp.MustCompile(`name="step" value="([^"]+)"`)
)

// open starts stead serve with the example of an application: only where it is differs.
func open(t *testing.T, app string, at site, p *program) *world {
	t.Helper()
	dir := t.TempDir()
	listen := vacant.Address(t)
	w := &world{own: "http://" + listen, site: "http://" + at.host, app: app, program: p}
	rules, err := os.ReadFile("../../examples/apps/" + app + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := hostLine.ReplaceAllString(string(rules), "    host: "+at.host)
	text = upstreamLine.ReplaceAllString(text, "    upstream: http://"+p.addr)
	text = fmt.Sprintf("server: { listen: %q, gateway: %q }\nstore: { dir: %q, mirror: %q }\n"+
		"directories: [ { id: staff, label: Staff }, { id: customers, label: Customers } ]\n"+
		"roles: { admin: [staff/admins], auditor: [staff/admins], security: [staff/admins] }\n"+
		"observability: { metrics: %q }\n", listen, at.listen, filepath.Join(dir, "store"), filepath.Join(dir, "head"), vacant.Address(t)) + text
	file := filepath.Join(dir, "stead.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.stead = stage.Start(t, exec.Command(steadProgram, "serve", "--config", file))
	link := w.stead.Says(t, setupLink)
	w.stead.Answers(t, w.own+"/readyz")
	w.first(t, link)
	return w
}

// first makes Ada the administrator, and enrols the others.
func (w *world) first(t *testing.T, link string) {
	t.Helper()
	token := strings.TrimPrefix(link, w.own+"/setup?token=")
	c := stage.Stranger(t)
	page := c.Form(t, w.own+"/setup", "token", token, "directory", "staff", "name", "ada", "password", password, "again", password).Is(t, "the first step", 200)
	hers := base32Secret.FindString(page.Body)
	c.Form(t, w.own+"/setup/code", "token", token, "code", w.codes.Next(t, "ada", hers)).Is(t, "the second step", 303)
	w.ada = stage.Stranger(t)
	var in struct{ Token string }
	w.ada.JSON(t, "POST", w.own+"/v1/login", map[string]any{"directory": "staff", "name": "ada", "password": password,
		"code": w.codes.Next(t, "ada", hers)}).Is(t, "Ada at the API", 200).Reads(t, &in)
	w.ada.Head.Set("Authorization", "Bearer "+in.Token)
	for _, p := range []map[string]any{
		{"directory": "staff", "name": "sam", "shown": "Sam Okafor", "groups": []string{"support"}, "totp_secret": secret},
		{"directory": "customers", "name": "dana", "shown": "Dana Reyes", "groups": []string{"customers"}},
	} {
		p["password"] = password
		w.ada.JSON(t, "POST", w.own+"/v1/people", p).Is(t, "enrol", 201)
	}
}
