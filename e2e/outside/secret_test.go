package outside

import (
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What proves somebody is written nowhere it can be read: not in the trail, its export, the log, the metrics, an error
// or a file (K10).
func TestSecretsStaySecret(t *testing.T) {
	w := dev(t)
	secrets := map[string]string{"the setup token": strings.TrimPrefix(w.Setup, w.Console+"/setup?token=")}
	for _, p := range w.People {
		secrets["the password of "+p.Name+" of "+p.Directory], secrets["the TOTP secret of "+p.Name+" of "+p.Directory] = p.Password, p.TOTP
	}
	root, omar := w.token(t, "staff/root"), w.token(t, "staff/omar")
	secrets["a new password"], secrets["a new TOTP secret"] = "CanaryPassword-1", "MNQW4YLSPFRWC3TBOJ4WGYLOMFZHS"
	secrets["an imported password"] = "CanaryPassword-2"
	root.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "customers", "name": "zoe", "password": secrets["a new password"], "totp_secret": secrets["a new TOTP secret"]}).is(t, "enrol", 201)
	root.send(t, "POST", w.Console+"/v1/people/import", "directory,name,password\ncustomers,yan,"+secrets["an imported password"]+"\n", "Content-Type", "text/csv").is(t, "import", 201)
	secrets["a wrong password"] = "CanaryPassword-3"
	var said strings.Builder
	keep := func(a answer) answer { said.WriteString(a.body); return a }
	keep(stranger(w).login(t, "staff/sam", secrets["a wrong password"], ""))
	keep(stranger(w).form(t, w.Console+"/login", "name", "sam", "directory", "staff", "password", secrets["a wrong password"]))
	keep(root.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "customers", "name": "zoe", "password": secrets["a new password"]}))
	keep(root.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "customers", "name": "x", "totp_secret": secrets["a new TOTP secret"] + "!"}))

	sam := w.enter(t, "staff/sam")
	for _, at := range []string{w.Gateway, w.Console} {
		secrets["the pass at "+at] = sam.pass(t, at).Value
	}
	secrets["root's token"] = strings.TrimPrefix(root.head.Get("Authorization"), "Bearer ")
	link := sam.page(t, w.Console+"/login?next="+url.QueryEscape(w.Gateway+"/orders")).to()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	secrets["a handed code"] = u.Query().Get("code")
	keep(stranger(w).get(t, link))
	keep(sam.get(t, link))
	arrive := sam.page(t, w.Console+"/login?next="+url.QueryEscape(w.Gateway+"/orders"))
	sam.page(t, arrive.to()).is(t, "arriving again", 303)
	keep(stranger(w).get(t, w.Console+"/v1/whoami", "Authorization", "Bearer "+secrets["root's token"], "User-Agent", "thief/1"))
	sam.acts(t, "staff/sam").is(t, "start", 303)
	secrets["the pass while acting"] = sam.pass(t, w.Gateway).Value
	whoami := sam.get(t, w.Gateway+"/api/whoami").body
	_, rest, _ := strings.Cut(whoami, `"X-Stead-Assertion":["`)
	secrets["an assertion"], _, _ = strings.Cut(rest, `"`)
	keep(sam.get(t, w.Gateway+"/orders?token="+secrets["a handed code"]))
	keep(sam.send(t, "PATCH", w.Gateway+"/api/orders/7", "{}", "Content-Type", "application/json"))
	stranger(w).get(t, w.Setup)
	stranger(w).form(t, w.Setup, "token", secrets["the setup token"])
	keep(omar.get(t, w.Console+"/v1/events?limit=500"))
	keep(omar.get(t, w.Console+"/v1/audit/export"))
	keep(omar.get(t, w.Console+"/v1/people"))
	keep(omar.get(t, w.Console+"/v1/sessions"))
	keep(omar.get(t, w.Console+"/v1/mandates?all=true"))
	keep(omar.get(t, w.Console+"/metrics"))
	pages, _ := crawl(t, w.enter(t, "staff/omar"), w.Console, "/audit")
	for path, a := range pages {
		if !strings.HasPrefix(path, "/login") { // a demonstration shows there who may be tried
			keep(a)
		}
	}
	w.stop(t)
	texts := map[string]string{"an answer": said.String(), "the log": w.err.String()}
	err = filepath.WalkDir(w.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		texts[strings.TrimPrefix(path, w.data)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(texts, rows(t, w.data))
	for what, secret := range secrets {
		if len(secret) < 8 {
			t.Errorf("%s is %q", what, secret)
			continue
		}
		for where, text := range texts {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s stands in %s: …%.160q", what, where, text[max(0, at-80):])
			}
		}
	}
}
