package authzen_test

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/login"
)

// The services of the tests, by the secrets they show.
const (
	desk   = "the secret of the desk, long enough"  // may ask about orders and crm, and checks keys
	kiosk  = "the secret of the kiosk, long enough" // may ask about orders
	nobody = "the secret of nobody, long enough"
)

// A world is a house with its door for services.
type world struct {
	*housetest.House
	t           *testing.T
	own         http.Handler
	directories []string
	finds       []string // directories in which the desk finds people
}

func newWorld(t *testing.T, files map[string]string, systems ...stead.AppID) *world {
	t.Helper()
	w := &world{t: t, directories: []string{"staff", "customers", "partners"}, finds: []string{"staff", "customers"}}
	w.House = housetest.New(t, func(o *house.Options) {
		apps := []stead.AppID{"orders", "crm"}
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("crm"))
		for _, id := range systems {
			o.Settings.Apps, apps = append(o.Settings.Apps, stead.NewSystem(id)), append(apps, id)
		}
		o.Settings.Evaluators = []stead.Evaluator{
			{ID: "service:desk", Apps: apps, Level: 1, Keys: true},
			{ID: "service:kiosk", Apps: []stead.AppID{"orders"}, Level: 1},
		}
		o.Files = maps.Clone(o.Files)
		maps.Copy(o.Files, files)
	})
	w.open("https://stead.test")
	return w
}

func (w *world) open(origin string) {
	w.t.Helper()
	s := house.Site{Origin: origin, Listen: "stead.test", Gateway: "orders.test", Log: slog.New(slog.DiscardHandler)}
	for _, id := range w.directories {
		s.Directories = append(s.Directories, login.Directory{ID: id})
	}
	s.Callers = []authzen.Caller{
		{ID: "service:desk", Sum: sha256.Sum256([]byte(desk)), Directories: w.finds},
		{ID: "service:kiosk", Sum: sha256.Sum256([]byte(kiosk))},
	}
	doors, err := w.Doors(s)
	if err != nil {
		w.t.Fatal(err)
	}
	w.own = doors.Own
}

type reply struct {
	code int
	head http.Header
	body string
}

func (w *world) send(secret, path, body string, headers ...string) reply {
	r := httptest.NewRequest("POST", "http://stead.test"+path, strings.NewReader(body))
	r.RequestURI = path
	r.Header.Set("Content-Type", "application/json")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	rec := httptest.NewRecorder()
	w.own.ServeHTTP(rec, r)
	out, _ := io.ReadAll(rec.Result().Body)
	return reply{rec.Code, rec.Result().Header, string(out)}
}

func (w *world) get(path string, secret ...string) reply {
	r := httptest.NewRequest("GET", "http://stead.test"+path, nil)
	for _, s := range secret {
		r.Header.Set("Authorization", "Bearer "+s)
	}
	r.RequestURI = path
	rec := httptest.NewRecorder()
	w.own.ServeHTTP(rec, r)
	out, _ := io.ReadAll(rec.Result().Body)
	return reply{rec.Code, rec.Result().Header, string(out)}
}

// said is an answer as a service reads it.
type said struct {
	Decision *bool
	Context  struct {
		ID          stead.DecisionID
		Reason      stead.Reason
		Obligations []struct {
			ID         string
			Properties map[string]string
		}
		Error  *struct{ Status int }
		Next   string           `json:"next_action"`
		After  int              `json:"retry_after"`
		Of     stead.DecisionID `json:"evaluation_id"`
		Access *struct {
			Endpoint string `json:"endpoint"`
			Expires  string `json:"expires_at"`
			Token    string `json:"binding_token"`
		} `json:"access_request"`
	}
	Evaluations []said
}

func (s said) yes() bool { return s.Decision != nil && *s.Decision }

func (w *world) ask(secret, path, body string) said {
	w.t.Helper()
	a := w.send(secret, path, body)
	var s said
	if err := json.Unmarshal([]byte(a.body), &s); a.code != http.StatusOK || err != nil {
		w.t.Fatalf("%s: %d %s %v", body, a.code, a.body, err)
	}
	return s
}

// one asks one question; context is JSON, or nothing.
func (w *world) one(secret, subject, action, resource, context string) said {
	w.t.Helper()
	kind, id, _ := strings.Cut(subject, ":")
	what, which, _ := strings.Cut(resource, ":")
	body := `{"subject":{"type":"` + kind + `","id":"` + id + `"},"action":{"name":"` + action + `"},"resource":{"type":"` + what + `","id":"` + which + `"}`
	if context != "" {
		body += `,"context":` + context
	}
	s := w.ask(secret, "/access/v1/evaluation", body+"}")
	if s.Decision == nil || s.Context.ID == "" && s.Context.Reason != stead.ReasonTooMany {
		w.t.Errorf("%s: no decision: %+v", body, s)
	}
	return s
}

// settle waits for the record of whatever is still on its way.
func (w *world) settle() {
	w.t.Helper()
	w.Flush()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
}

// events are those of a kind in the record.
func (w *world) events(kind stead.EventKind) []authority.StoredEvent {
	w.t.Helper()
	w.settle()
	found, err := w.Store.Events(w.t.Context(), authority.EventQuery{Kinds: []string{string(kind)}, Limit: 100, Newest: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}
