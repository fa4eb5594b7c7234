package house_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/login"
)

// Who signs in over TLS has a cookie at both listeners that no other host, and no plain text, gets or sets. That follows
// from the origin alone: no caller can forget it.
func TestCookiesOverTLS(t *testing.T) {
	for origin, secure := range map[string]bool{"https://stead.test": true, "http://stead.test": false} {
		h := housetest.New(t)
		apps := []gateway.App{{App: stead.App{ID: "orders", Hosts: []string{"orders.test"}}}}
		doors, err := h.Doors(house.Site{Origin: origin, Listen: "stead.test", Gateway: "orders.test", Apps: apps, Log: slog.New(slog.DiscardHandler),
			Directories: []login.Directory{{ID: "staff", Label: "Staff"}}})
		if err != nil {
			t.Fatal(err)
		}
		scheme, _, _ := strings.Cut(origin, ":")
		in := url.Values{"directory": {"staff"}, "name": {"sam"}, "password": {housetest.Password}, "next": {scheme + "://orders.test/"}}
		own := ask(doors.Own, "POST", origin+"/login", in.Encode())
		for name, got := range map[string]*http.Response{"own": own, "applications": ask(doors.Apps, "GET", own.Header.Get("Location"), "")} {
			all := got.Cookies()
			if len(all) != 1 {
				t.Fatalf("%s, %s: %s %v", origin, name, got.Status, got.Header)
			}
			if c := all[0]; c.Secure != secure || strings.HasPrefix(c.Name, "__Host-") != secure || !c.HttpOnly {
				t.Errorf("%s, %s: %v", origin, name, c)
			}
		}
	}
}

// ask sends what a browser does that follows a link or sends a form.
func ask(door http.Handler, method, target, body string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RequestURI = r.URL.RequestURI()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w.Result()
}
