package house_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/web"
)

// A caller sends requests to the API of a house with somebody's token.
type caller struct {
	t     *testing.T
	own   http.Handler
	token string
}

type told struct {
	code int
	head http.Header
	body string
}

func (c caller) send(method, path, body string, headers ...string) told {
	r := httptest.NewRequest(method, "http://stead.test"+path, strings.NewReader(body))
	r.RequestURI = path
	r.Header.Set("User-Agent", "stead-test/1")
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.own.ServeHTTP(w, r)
	out, _ := io.ReadAll(w.Result().Body)
	return told{w.Code, w.Result().Header, string(out)}
}

func (a told) is(t *testing.T, what string, code int, parts ...string) told {
	t.Helper()
	if a.code != code {
		t.Errorf("%s: %d %s, want %d", what, a.code, a.body, code)
	}
	for _, p := range parts {
		if !strings.Contains(a.body, p) {
			t.Errorf("%s: %s lacks %s", what, a.body, p)
		}
	}
	return a
}

func (a told) id(t *testing.T) string {
	t.Helper()
	var v struct{ ID string }
	if err := json.Unmarshal([]byte(a.body), &v); err != nil || v.ID == "" {
		t.Fatalf("%s names nothing: %v", a.body, err)
	}
	return v.ID
}

func apiOf(t *testing.T, h *housetest.House) http.Handler {
	t.Helper()
	d, err := h.Doors(house.Site{Origin: "http://stead.test", Listen: "stead.test", Gateway: "orders.test", Ring: ring(t, h), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return d.Own
}

func enter(t *testing.T, h *housetest.House, own http.Handler, who string) (caller, authority.By) {
	t.Helper()
	p := h.People[who]
	in, err := h.SignIn(t.Context(), authority.SignIn{Directory: p.Directory, Name: p.Name, Password: housetest.Password, Host: "api", Address: "127.0.0.1",
		Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {"stead-test/1"}}})})
	if err != nil {
		t.Fatal(err)
	}
	return caller{t, own, in.Secret}, in.By
}

func onEachStore(t *testing.T, f func(t *testing.T, h *housetest.House)) {
	t.Run("sqlite", func(t *testing.T) { f(t, housetest.New(t)) })
	t.Run("postgres", func(t *testing.T) {
		server := pgtest.Start(t)
		f(t, housetest.New(t, func(o *house.Options) { o.DSN = server.Create(t) }))
	})
}

const wish = `{"subject":"customers/dana","app":"orders","reason":"wrong total","ticket":"SUP-4711","start":true}`

// Fifty times the same request under one key is one mandate, on two nodes as on one, after a restart as before it.
func TestOnce(t *testing.T) {
	onEachStore(t, func(t *testing.T, h *housetest.House) {
		sam, by := enter(t, h, apiOf(t, h), "staff/sam")
		nodes := []http.Handler{sam.own}
		if h.Options.DSN != "" {
			nodes = append(nodes, apiOf(t, h.Beside()))
		}
		if _, err := h.Arm(t.Context(), by, h.Code("staff/sam")); err != nil {
			t.Fatal(err)
		}
		answers := make([]told, 50)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				answers[i] = caller{t, nodes[i%len(nodes)], sam.token}.send("POST", "/v1/mandates", wish, "Idempotency-Key", "k-1")
			})
		}
		all.Wait()
		id, first := answers[0].id(t), 0
		for _, a := range answers {
			if a.is(t, "ask", 201, `"state":"a`).id(t) != id {
				t.Errorf("another mandate: %s", a.body)
			}
			if a.head.Get("Idempotency-Replayed") == "" {
				first++
			}
		}
		if first != 1 {
			t.Errorf("%d were not told as repeated", first)
		}
		sam.send("POST", "/v1/mandates", strings.Replace(wish, "4711", "4712", 1), "Idempotency-Key", "k-1").is(t, "another body", 422, `"reason_code":"key-reused"`)
		sam.send("POST", "/v1/acting/disarm", "", "Idempotency-Key", "k-1").is(t, "another verb", 422)
		sam.send("POST", "/v1/mandates", wish).is(t, "without a key", 409)
		h.Shut()
		h.Open()
		sam.own = apiOf(t, h)
		sam.send("POST", "/v1/mandates", wish, "Idempotency-Key", "k-1").is(t, "after a restart", 201, id, `"state":"active"`)
		sam.send("POST", "/v1/mandates/"+id+"/end", "", "Idempotency-Key", "k-2").is(t, "end", 200, `"ended"`)
		sam.send("POST", "/v1/mandates/"+id+"/end", "", "Idempotency-Key", "k-2").is(t, "end again", 200, `"ended"`)
		sam.send("POST", "/v1/mandates", wish, "Idempotency-Key", "k-1").is(t, "as it is now", 201, id, `"state":"ended"`)
		asked := 0
		for _, k := range h.Kinds(200) { // every try searches too
			if k == "mandate.asked" {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// A key is its principal's own, is new after a day, and remembers no refusals.
func TestOnceIsForOneAndForADay(t *testing.T) {
	onEachStore(t, func(t *testing.T, h *housetest.House) {
		own := apiOf(t, h)
		root, _ := enter(t, h, own, "staff/root")
		kim := `{"directory":"staff","name":"kim","password":"long enough for anybody"}`
		id := root.send("POST", "/v1/people", kim, "Idempotency-Key", "k").is(t, "enroll", 201).id(t)
		root.send("POST", "/v1/people", kim, "Idempotency-Key", "k").is(t, "again", 201, id)
		root.send("PATCH", "/v1/people/"+id, `{"groups":["support","admins"]}`, "Idempotency-Key", "g").is(t, "change", 200, `"version":2`)
		root.send("PATCH", "/v1/people/"+id, `{"groups":["support","admins"]}`, "Idempotency-Key", "g").is(t, "change again", 200, `"version":2`)
		h.People["staff/kim"] = stead.Principal{ID: stead.PrincipalID(id), Directory: "staff", Name: "kim"}
		in, err := h.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "kim", Password: "long enough for anybody", Host: "api", Address: "127.0.0.1",
			Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {"stead-test/1"}}})})
		if err != nil {
			t.Fatal(err)
		}
		other := caller{t, own, in.Secret}
		lee := strings.Replace(kim, "kim", "lee", 1)
		other.send("POST", "/v1/people", lee, "Idempotency-Key", "k").is(t, "another's key", 201, `"account":"lee"`)
		// Refusals are not remembered: the same key again is tried again.
		root.send("POST", "/v1/people", kim, "Idempotency-Key", "r").is(t, "refused", 409, "exists")
		root.send("DELETE", "/v1/people/"+id, "").is(t, "delete", 204)
		second := root.send("POST", "/v1/people", kim, "Idempotency-Key", "r").is(t, "tried again", 201).id(t)
		if second == id {
			t.Error("an id was used again")
		}
		// What is no more is said to be no more, and is not made again.
		root.send("POST", "/v1/people", kim, "Idempotency-Key", "k").is(t, "what was deleted", 404)
		stay := func(d time.Duration) {
			h.Clock.Move(d)
			root, _ = enter(t, h, own, "staff/root")
		}
		stay(authority.Remembered - time.Minute)
		root.send("POST", "/v1/people", kim, "Idempotency-Key", "r").is(t, "within the day", 201, second)
		stay(2 * time.Minute)
		root.send("POST", "/v1/people", kim, "Idempotency-Key", "r").is(t, "after a day it is new", 409, "exists")
		root.send("POST", "/v1/people", strings.Replace(kim, "kim", "max", 1), "Idempotency-Key", "r").is(t, "for another request too", 201)
	})
}

func TestOnceRefusals(t *testing.T) {
	h := housetest.New(t)
	root, _ := enter(t, h, apiOf(t, h), "staff/root")
	root.send("POST", "/v1/people", `{"directory":"staff","name":"kim"}`, "Idempotency-Key", strings.Repeat("x", 256)).is(t, "too long", 400)
	root.send("POST", "/v1/people", `{"directory":"staff","name":"kim"}`, "Idempotency-Key", "").is(t, "empty", 400)
	root.send("PATCH", "/v1/people/"+string(h.People["staff/sam"].ID), `{"disabled":true}`, "If-Match", "3").is(t, "no tag", 400, "ETag")
}

// If-Match is compared where the version is read: of many who have seen the same, one changes it.
func TestIfMatch(t *testing.T) {
	onEachStore(t, func(t *testing.T, h *housetest.House) {
		own := apiOf(t, h)
		root, _ := enter(t, h, own, "staff/root")
		at := "/v1/people/" + string(h.People["staff/tess"].ID)
		tag := root.send("GET", at, "").is(t, "show", 200).head.Get("ETag")
		root.send("GET", at, "", "If-None-Match", tag).is(t, "unchanged", 304)
		root.send("GET", at, "", "If-None-Match", `W/"7", `+tag).is(t, "one of them", 304)
		root.send("GET", at, "", "If-None-Match", `"7"`).is(t, "another", 200)
		answers := make([]told, 20)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				answers[i] = root.send("PATCH", at, fmt.Sprintf(`{"shown":"Tess %d"}`, i), "If-Match", tag)
			})
		}
		all.Wait()
		codes := map[int]int{}
		for _, a := range answers {
			codes[a.code]++
			if a.code == 412 && (a.head.Get("ETag") != `"2"` || !strings.Contains(a.body, `"reason_code":"changed"`)) {
				t.Errorf("%s %s", a.head.Get("ETag"), a.body)
			}
		}
		if codes[200] != 1 || codes[412] != 19 {
			t.Errorf("%v", codes)
		}
		root.send("PATCH", at, `{"disabled":true}`, "If-Match", `W/"2"`).is(t, "a weak tag", 412)
		root.send("PATCH", at, `{"disabled":true}`, "If-Match", `"9", "2"`).is(t, "one of two", 200)
		root.send("PATCH", at, `{"disabled":false}`, "If-Match", `*`).is(t, "any", 200)
		root.send("DELETE", at, "", "If-Match", `"1"`).is(t, "delete", 412)

		sam, by := enter(t, h, own, "staff/sam")
		m, err := h.Act(by, "staff/sam", "customers/dana", stead.ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		one := "/v1/mandates/" + string(m.ID)
		sam.send("POST", one+"/end", "", "If-Match", `"1"`).is(t, "end an older one", 412, `"reason_code":"changed"`)
		tess, _ := enter(t, h, own, "staff/maya")
		tess.send("POST", one+"/end", "", "If-Match", `"1"`).is(t, "another's has no version", 404)
		sam.send("POST", one+"/end", "", "If-Match", sam.send("GET", one, "").head.Get("ETag")).is(t, "end", 200)
		session := "/v1/sessions/" + string(by.Session)
		sam.send("DELETE", session, "", "If-Match", `"1"`).is(t, "a session that went on", 412)
		policy := root.send("GET", "/v1/policy", "").is(t, "policy", 200)
		root.send("POST", "/v1/policy/apply", `{"digest":"`+strings.Repeat("ab", 32)+`"}`, "If-Match", `"0.0"`).is(t, "nothing staged", 404)
		files := `{"files":{"a.cedar":"@id(\"all\")\npermit (principal, action, resource);"}}`
		root.send("POST", "/v1/policy/stage", files, "If-Match", `"7.7"`).is(t, "stage on another", 412)
		staged := root.send("POST", "/v1/policy/stage", files, "If-Match", policy.head.Get("ETag"), "Idempotency-Key", "p").is(t, "stage", 201)
		if staged.head.Get("ETag") == policy.head.Get("ETag") {
			t.Error("the policy has the same tag")
		}
		root.send("POST", "/v1/policy/stage", files, "If-Match", policy.head.Get("ETag"), "Idempotency-Key", "p").is(t, "again", 201, staged.body)
		root.send("POST", "/v1/policy/stage", files, "If-Match", policy.head.Get("ETag")).is(t, "without a key", 412)
	})
}
