package bench

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/login"
)

// BenchmarkAuthZEN asks over HTTP: one question, a hundred in one request, and one whose record is on disk before the
// answer; beside them a bare handler of net/http that reads the body and says yes.
func BenchmarkAuthZEN(b *testing.B) {
	const secret = "the secret of the service that asks"
	h := housetest.New(b, func(o *house.Options) {
		o.Settings.Evaluators = []stead.Evaluator{{ID: "service:desk", Apps: []stead.AppID{"orders"}, Level: 1}}
	})
	sam := h.Login("staff/sam", "stead.test")
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	host := server.Listener.Addr().String()
	doors, err := h.Doors(house.Site{Origin: "http://" + host, Listen: host, Gateway: "orders.test", Log: slog.New(slog.DiscardHandler),
		Directories: []login.Directory{{ID: "staff"}}, Callers: []authzen.Caller{{ID: "service:desk", Sum: sha256.Sum256([]byte(secret))}}})
	if err != nil {
		b.Fatal(err)
	}
	server.Config.Handler = doors.Own
	server.Start()
	b.Cleanup(server.Close)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v map[string]any
		if json.NewDecoder(r.Body).Decode(&v) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"decision":true}`)
	}))
	b.Cleanup(bare.Close)
	own := `{"subject":{"type":"user","id":"staff/tess"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/orders/7"}}`
	acting := fmt.Sprintf(`{"subject":{"type":"user","id":"customers/dana"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/orders/7"},"context":{"mandate":%q,"act":{"sub":"staff/sam"}}}`, m.ID)
	hundred := func(one string) string { return `{"evaluations":[` + one + strings.Repeat(","+one, 99) + `]}` }
	for _, r := range []struct {
		name, url, body string
		each            int
	}{
		{"bare", bare.URL, own, 1},
		{"single", server.URL + "/access/v1/evaluation", own, 1},
		{"batch=100", server.URL + "/access/v1/evaluations", hundred(own), 100},
		{"recorded", server.URL + "/access/v1/evaluation", acting, 1},
		{"recorded,batch=100", server.URL + "/access/v1/evaluations", hundred(acting), 100},
	} {
		b.Run(r.name, func(b *testing.B) {
			b.SetParallelism(16)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for pb.Next() {
					if err := evaluated(client, r.url, r.body, secret); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N*r.each)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

func evaluated(client *http.Client, url, body, secret string) error {
	q, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", "Bearer "+secret)
	a, err := client.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	said, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK || bytes.Contains(said, []byte(`"decision":false`)) {
		return fmt.Errorf("%d %.300s %w", a.StatusCode, said, err)
	}
	return nil
}
