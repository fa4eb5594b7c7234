package forward

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// proxies starts each with its configuration, by the name of its chapter in the guide.
func proxies() map[string]func(w *world, conf, address string) {
	return map[string]func(w *world, conf, address string){
		"nginx": (*world).nginx, "Caddy": (*world).caddy, "Envoy": (*world).envoy, "Traefik": (*world).traefik,
	}
}

// guide is the configuration of a proxy as the guide has it, with the addresses of this world.
func (w *world) guide(proxy string) string {
	w.t.Helper()
	raw, err := os.ReadFile("../../docs/guide/forward-auth.md")
	if err != nil {
		w.t.Fatal(err)
	}
	_, text, found := strings.Cut(string(raw), "\n## "+proxy+"\n")
	_, text, opened := strings.Cut(text, "\n```")
	_, text, named := strings.Cut(text, "\n")
	text, _, closed := strings.Cut(text, "```")
	if !found || !opened || !named || !closed {
		w.t.Fatalf("the guide has no configuration of %s", proxy)
	}
	apart := func(address string) string {
		host, port, _ := net.SplitHostPort(address)
		return fmt.Sprintf("address: %s, port_value: %s", host, port)
	}
	for _, place := range [][2]string{{"127.0.0.1:8421", w.gate}, {"127.0.0.1:8422", w.asks}, {"127.0.0.1:9000", w.app}} {
		text = strings.NewReplacer(place[0], place[1], apart(place[0]), apart(place[1])).Replace(text)
	}
	return strings.NewReplacer("listen 80;", "listen "+w.host+";", "server_name wiki.example.com;", "server_name _;", "http://wiki.example.com", "http://"+w.host,
		apart("0.0.0.0:80"), apart(w.host), "domains: [wiki.example.com]", "domains: ['*']", "Host(`wiki.example.com`)", "Host(`127.0.0.1`)").Replace(text)
}

// write puts a configuration into a folder of its own.
func (w *world) write(name, text string) (dir, file string) {
	w.t.Helper()
	dir = w.t.TempDir()
	file = filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return dir, file
}

func (w *world) nginx(server, address string) {
	dir := w.t.TempDir()
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	_, conf := w.write("nginx.conf", fmt.Sprintf("daemon off; master_process off; pid %s/pid; error_log %s/error.log;\nevents {}\nhttp { access_log off;\n%s\n%s\n}\n",
		dir, dir, temp.String(), server))
	w.start(address, dir, exec.Command("/usr/sbin/nginx", "-c", conf, "-e", filepath.Join(dir, "error.log")))
}

func (w *world) caddy(site, address string) {
	dir, conf := w.write("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+site)
	c := exec.Command("caddy", "run", "--config", conf, "--adapter", "caddyfile")
	c.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	w.start(address, dir, c)
}

func (w *world) envoy(conf, address string) {
	dir, file := w.write("envoy.yaml", conf)
	program := cmp.Or(os.Getenv("STEAD_ENVOY"), "../../.deps/envoy/envoy/_bin/envoy")
	w.start(address, dir, exec.Command(program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"))
}

// traefik listens before it has read its routes, and answers 404 until then.
func (w *world) traefik(conf, address string) {
	dir, file := w.write("dynamic.yml", conf)
	program := cmp.Or(os.Getenv("STEAD_TRAEFIK"), "../../.deps/traefik/bin/traefik")
	w.start(address, dir, exec.Command(program, "--entrypoints.web.address="+address, "--providers.file.filename="+file,
		"--global.checknewversion=false", "--global.sendanonymoususage=false"))
	each := time.NewTicker(20 * time.Millisecond)
	defer each.Stop()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); <-each.C {
		if w.do("", "GET", "/static/a.css").status != http.StatusNotFound {
			return
		}
	}
	w.t.Fatal("Traefik has no routes")
}
