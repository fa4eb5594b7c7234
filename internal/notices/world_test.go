package notices_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	. "github.com/steadhq/stead/internal/notices"
	"github.com/steadhq/stead/internal/web/vacant"
)

const rules = `
@id("monthly-report")
@owner("data protection")
@approval("staff/ai-operations within 1h then staff/compliance within 1h; staff/security")
@notify("#security")
permit (principal is Agent, action == Action::"act", resource)
when { principal.name == "monthly-report" && context.app == "crm" && context has task && context.task == "monthly" };
`

// staff are those who agree.
var staff = []authority.NewPerson{
	{Directory: "staff", Name: "ida", Shown: "Ida Bergman", Groups: []string{"ai-operations"}, Attributes: map[string]string{"email": "ida@corp.test"}},
	{Directory: "staff", Name: "cole", Shown: `Cole "theBcc: all" Adeyemi`, Groups: []string{"compliance"}, Attributes: map[string]string{"email": "cole@corp.test"}},
	{Directory: "staff", Name: "max", Shown: "Max Novak", Groups: []string{"ai-operations"}, Attributes: map[string]string{"email": "max@corp.test"}},
}

// A world is a real house with an agent, those who agree, and an outbox.
type world struct {
	*housetest.House
	t    *testing.T
	root authority.By
	by   authority.By // the agent's instance
	out  *Outbox
}

func newWorld(t *testing.T, channels ...*Channel) *world {
	t.Helper()
	w := &world{t: t, House: housetest.NewOf(t, append(housetest.Staff(), staff...), func(o *house.Options) {
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("crm"))
		o.Settings.Session.Idle, o.Settings.Terms.AskWindow = 12*time.Hour, 8*time.Hour
		o.Files = maps.Clone(cedar.Default())
		o.Files["agents.cedar"] = rules
	})}
	w.root = w.Login("staff/root", "console.test")
	w.mail("staff/omar", "staff/sam", "customers/dana")
	w.agent()
	w.out = w.outbox(channels...)
	w.tick() // the channels begin here
	return w
}

func (w *world) mail(who ...string) {
	w.t.Helper()
	for _, name := range who {
		attributes := maps.Clone(w.People[name].Attributes)
		if attributes == nil {
			attributes = map[string]string{}
		}
		attributes["email"] = name[strings.Index(name, "/")+1:] + "@corp.test"
		if _, err := w.Change(w.t.Context(), w.root, w.People[name].ID, authority.Edit{Attributes: &attributes}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) agent() {
	w.t.Helper()
	r := stead.Registration{Kind: stead.Company, Tier: stead.HighTier, Owner: w.People["staff/max"].ID, Purpose: "monthly reports", Segment: "reporting",
		Keys:  []stead.AgentKey{{Thumbprint: "k", JWK: "{}"}},
		Tasks: []stead.Task{{ID: "monthly", Purpose: "the monthly report", Grants: []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "public.orders"}}}}}
	_, err := w.Register(w.t.Context(), w.root, authority.NewAgent{Name: "monthly-report", Registration: r})
	if err == nil {
		_, err = w.EnrollInstance(w.t.Context(), w.present("k", "monthly-report"), authority.NewInstance{Key: stead.AgentKey{Thumbprint: "k1"}, For: 2 * stead.Day})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.by = w.present("k1", "")
}

func (w *world) present(key, agent string) authority.By {
	w.t.Helper()
	by, err := w.PresentKey(w.t.Context(), authority.PresentedKey{Agent: agent, Thumbprint: key, Address: "127.0.0.1"})
	if err != nil {
		w.t.Fatal(err)
	}
	return by
}

func (w *world) outbox(channels ...*Channel) *Outbox {
	return &Outbox{Log: w.Store, Clerk: w.Authority, Channels: channels, Public: "https://stead.test", Subject: Always, GiveUp: 24 * time.Hour, Holder: "node",
		Now: w.Now, Chance: func() float64 { return 0.5 }, Alarm: func(text string) { w.t.Log(text) }}
}

// tick lets the outbox send all that is due.
func (w *world) tick() {
	w.t.Helper()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
	if err := w.out.Tick(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.out.Wait()
}

func (w *world) ask() stead.Mandate {
	w.t.Helper()
	m, err := w.AskTask(w.t.Context(), w.by, authority.TaskAsk{Task: "monthly", Purpose: stead.Purpose{Reason: "secret plans", Ticket: "SUP-4711"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// agree is the yes of somebody.
func (w *world) agree(who string, m stead.Mandate) stead.Mandate {
	w.t.Helper()
	m, err := w.Approve(w.t.Context(), w.Login(who, "console.test"), m.ID, m.Digest, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) sent(kind string) []authority.StoredEvent {
	w.t.Helper()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
	all, err := w.Store.Events(w.t.Context(), authority.EventQuery{Kinds: []string{kind}, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// A receiver is a real HTTP server that keeps what it is sent, and does what it is told to.
type receiver struct {
	*http.Server
	at   string
	mu   sync.Mutex
	got  []heard
	what func(n int, w http.ResponseWriter, r *http.Request) bool // false: it was not taken
}

type heard struct {
	head http.Header
	body []byte
}

func newReceiver(t *testing.T, what func(int, http.ResponseWriter, *http.Request) bool) *receiver {
	t.Helper()
	r := &receiver{what: what, at: "127.0.0.1:0"}
	r.open(t)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// open listens, at the address of before where there was one.
func (r *receiver) open(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", r.at)
	if err != nil {
		t.Fatal(err)
	}
	r.at = l.Addr().String()
	r.Server = &http.Server{Handler: r}
	go func() { _ = r.Server.Serve(l) }()
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.got = append(r.got, heard{q.Header, body})
	n := len(r.got)
	r.mu.Unlock()
	if r.what == nil || r.what(n, w, q) {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (r *receiver) heard() []heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]heard{}, r.got...)
}

func (h heard) kind(t *testing.T) string {
	t.Helper()
	var p struct{ Type string }
	if err := json.Unmarshal(h.body, &p); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(p.Type, "request.")
}

var secret = []byte("0123456789abcdef0123456789abcdef")

// hook is a webhook channel that is told everything.
func (r *receiver) hook(now func() time.Time) *Channel {
	return &Channel{ID: "ops", Kind: "webhook", Tell: Kinds(), Sender: Webhook{URL: "http://" + r.at + "/hook", Secret: secret, HTTP: NewHTTP(), Now: now}}
}

// A post is a real SMTP server: Debian's python3-aiosmtpd, which keeps mail in a Maildir.
type postOffice struct {
	dir  string
	port int
	cmd  *exec.Cmd
}

func newPost(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{dir: filepath.Join(t.TempDir(), "mail"), port: vacant.Port(t)}
	p.start(t)
	t.Cleanup(p.kill)
	return p
}

func (p *postOffice) start(t *testing.T) {
	t.Helper()
	at := "127.0.0.1:" + strconv.Itoa(p.port)
	p.cmd = exec.Command("/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l", at, "-c", "aiosmtpd.handlers.Mailbox", p.dir)
	var said bytes.Buffer
	p.cmd.Stderr = &said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", at)
		if err == nil {
			if _, err = c.Read(make([]byte, 4)); err == nil {
				_ = c.Close()
				return
			}
		}
		if ctx.Err() != nil {
			t.Fatal("no SMTP server: make deps installs it: ", said.String())
		}
	}
}

func (p *postOffice) kill() {
	_ = p.cmd.Process.Kill()
	_, _ = p.cmd.Process.Wait()
}

// channel sends to it.
func (p *postOffice) channel() *Channel {
	return &Channel{ID: "mail", Kind: "email", People: true, Sender: Mail{Host: "127.0.0.1", Port: p.port, TLS: "none", From: "stead@corp.test", Domain: "stead.test"}}
}

// mails are all that arrived, by whom they are for.
func (p *postOffice) mails(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	files, err := filepath.Glob(filepath.Join(p.dir, "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		to := m.Header.Get("X-RcptTo")
		all[to] = append(all[to], string(raw))
	}
	return all
}

func (w *world) later(d time.Duration) { w.Clock.Move(d) }

func names(m map[string][]string) string { return fmt.Sprint(keys(m)) }

func keys(m map[string][]string) map[string]int {
	n := map[string]int{}
	for k, v := range m {
		n[k] = len(v)
	}
	return n
}
