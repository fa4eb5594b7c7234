package bench

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/web/vacant"
)

// A proxy of others' as a process of its own: it asks the peer about each request, as its kind of forward-auth does, and
// then the application.
type proxy struct {
	addr string
	pids []string
}

func nginx(b *testing.B, app string) proxy {
	dir, addr := b.TempDir(), vacant.Address(b)
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	conf := filepath.Join(dir, "nginx.conf")
	write(b, conf, fmt.Sprintf(`daemon off; worker_processes auto; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 4096; }
http { access_log off; %[2]s
upstream app { server %[4]s; keepalive 256; }
server { listen %[3]s; keepalive_requests 100000000;
 location / { auth_request /_asks; auth_request_set $u $upstream_http_remote_user; proxy_set_header Remote-User $u;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://app; }
 location = /_asks { internal; proxy_pass http://app/asks; proxy_pass_request_body off; proxy_set_header Content-Length "";
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Original-URI $request_uri; } } }
`, dir, temp.String(), addr, app))
	return started(b, addr, exec.Command("/usr/sbin/nginx", "-c", conf, "-e", filepath.Join(dir, "error.log")))
}

func caddy(b *testing.B, app string) proxy {
	dir, addr := b.TempDir(), vacant.Address(b)
	conf := filepath.Join(dir, "Caddyfile")
	write(b, conf, fmt.Sprintf("{\n\tadmin off\n\tauto_https off\n}\nhttp://%s {\n\tforward_auth %s {\n\t\turi /asks\n\t\tcopy_headers Remote-User\n\t}\n\treverse_proxy %s\n}\n", addr, app, app))
	c := exec.Command("caddy", "run", "--config", conf, "--adapter", "caddyfile")
	c.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return started(b, addr, c)
}

func started(b *testing.B, addr string, c *exec.Cmd) proxy {
	b.Helper()
	if err := c.Start(); err != nil {
		b.Fatalf("%v: make deps installs what the twins need", err)
	}
	b.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	})
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(until) {
			b.Fatal(err)
		}
	}
	p := proxy{addr, []string{strconv.Itoa(c.Process.Pid)}}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", c.Process.Pid))
	p.pids = append(p.pids, strings.Fields(string(children))...)
	return p
}

// cpu is what its processes have used so far, to a hundredth of a second.
func (p proxy) cpu(b *testing.B) time.Duration {
	b.Helper()
	var ticks int64
	for _, pid := range p.pids {
		raw, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		for _, f := range strings.Fields(rest)[11:13] {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func write(b *testing.B, file, text string) {
	b.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}
