package authzen_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const (
	evaluation  = "/access/v1/evaluation"
	evaluations = "/access/v1/evaluations"
	fine        = `{"subject":{"type":"user","id":"staff/sam"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/x"}}`
)

func TestConfiguration(t *testing.T) {
	w := newWorld(t, nil)
	r := w.get("/.well-known/authzen-configuration")
	for _, part := range []string{`"policy_decision_point":"https://stead.test"`, `"access_evaluation_endpoint":"https://stead.test/access/v1/evaluation"`,
		`"access_evaluations_endpoint":"https://stead.test/access/v1/evaluations"`} {
		if r.code != 200 || !strings.Contains(r.body, part) {
			t.Errorf("%d %s lacks %s", r.code, r.body, part)
		}
	}
	if r := w.get("/.well-known/authzen-configuration/tenant1"); r.code != 404 {
		t.Errorf("a tenant that is not there: %d", r.code)
	}
}

// Every status of the standard: what cannot be read is 400, who may not ask 401, and a deny is an answer like a yes.
func TestStatus(t *testing.T) {
	w := newWorld(t, nil)
	for name, r := range map[string]struct {
		body    string
		code    int
		headers []string
	}{
		"allowed":             {fine, 200, nil},
		"with a charset":      {fine, 200, []string{"Content-Type", "application/json; charset=utf-8"}},
		"denied":              {strings.Replace(fine, "orders/x", "orders/admin", 1), 200, nil},
		"unknown fields":      {strings.Replace(fine, "{", `{"foo":"bar","more":{"a":[1]},`, 1), 200, nil},
		"names are exact":     {strings.Replace(fine, `"subject"`, `"Subject"`, 1), 400, nil},
		"no type of content":  {fine, 400, []string{"Content-Type", ""}},
		"another type":        {fine, 400, []string{"Content-Type", "text/plain"}},
		"nothing":             {"", 400, nil},
		"no JSON":             {"{", 400, nil},
		"a list":              {"[" + fine + "]", 400, nil},
		"null":                {"null", 400, nil},
		"something behind it": {fine + "{}", 400, nil},
		"a name twice":        {strings.Replace(fine, `{"name":"read"}`, `{"name":"read","name":"write"}`, 1), 400, nil},
		"a name twice folded": {strings.Replace(fine, `{"name":"read"}`, `{"name":"read","Name":"write"}`, 1), 400, nil},
		"no UTF-8":            {strings.Replace(fine, "sam", "s\xffm", 1), 400, nil},
		"too deep":            {strings.Replace(fine, "{", `{"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+",", 1), 400, nil},
		"too large":           {strings.Replace(fine, "{", `{"x":"`+strings.Repeat("x", 4<<20)+`",`, 1), 413, nil},
		"no secret":           {fine, 401, []string{"Authorization", ""}},
		"a wrong secret":      {fine, 401, []string{"Authorization", "Bearer " + nobody}},
		"an empty secret":     {fine, 401, []string{"Authorization", "Bearer "}},
		"another scheme":      {fine, 401, []string{"Authorization", "Basic " + desk}},
		"who reads first":     {"{", 401, []string{"Authorization", "Bearer x"}},
		"a mandate of a kind": {strings.Replace(fine, "{", `{"context":{"mandate":7},`, 1), 400, nil},
		"an actor of a kind":  {strings.Replace(fine, "{", `{"context":{"act":"sam"},`, 1), 400, nil},
		"an actor unnamed":    {strings.Replace(fine, "{", `{"context":{"act":{}},`, 1), 400, nil},
		"a key of a kind":     {strings.Replace(fine, "{", `{"context":{"confirmation":{"jkt":1}},`, 1), 400, nil},
		"a path of two minds": {strings.Replace(fine, "orders/x", "orders/a/../admin", 1), 400, nil},
	} {
		a := w.send(desk, evaluation, r.body, append([]string{"X-Request-Id", "r-" + fmt.Sprint(len(name))}, r.headers...)...)
		if a.code != r.code {
			t.Errorf("%s: %d %.200s, want %d", name, a.code, a.body, r.code)
		}
		if a.head.Get("X-Request-Id") != "r-"+fmt.Sprint(len(name)) {
			t.Errorf("%s: the request's id is not said back: %q", name, a.head.Get("X-Request-Id"))
		}
		if a.code == 401 && !strings.HasPrefix(a.head.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: no word of how to sign in", name)
		}
		if ct := a.head.Get("Content-Type"); a.code == 200 && ct != "application/json" {
			t.Errorf("%s: %s", name, ct)
		}
	}
	for _, id := range []string{strings.Repeat("x", 300), "a b", "a\x7f"} {
		if got := w.send(desk, evaluation, fine, "X-Request-Id", id).head.Get("X-Request-Id"); got == id {
			t.Errorf("%q is said back", id)
		}
	}
	if n := len(w.events("operation.call.refused")); n != 5 {
		t.Errorf("%d refused callers stand in the record, want 5", n)
	}
}

// A bare subject is itself, by the word of the service: the laws and the policy answer for it (R40).
func TestSelf(t *testing.T) {
	w := newWorld(t, nil)
	sam := string(w.People["staff/sam"].ID)
	for _, r := range []struct {
		subject, action, resource, context string
		want                               bool
		why                                stead.Reason
	}{
		{"user:staff/sam", "read", "path:orders/x", "", true, ""},
		{"person:staff/sam", "write", "application:orders", "", true, ""},
		{"user:" + sam, "read", "realm:orders/shop", "", true, ""},
		{"user:sam", "read", "path:orders/x", "", true, ""},
		{"user:sam", "read", "object:crm/public.orders", "", true, ""},
		{"user:dana", "read", "path:orders/x", "", true, ""}, // the other one of that name is where the desk finds nobody
		{"agent:staff/sam", "read", "path:orders/x", "", false, ""},
		{"spaceship:staff/sam", "read", "path:orders/x", "", false, ""},
		{"user:staff/eve", "read", "path:orders/x", "", false, ""},
		{"user:staff/root", "read", "path:orders/admin", "", false, stead.ReasonLevel},
		{"user:staff/root", "read", "realm:orders/admin", "", false, stead.ReasonLevel},
		{"user:staff/root", "read", "realm:orders/none", "", false, ""},
		{"user:staff/sam", "read", "path:wiki/x", "", false, ""},
		{"user:staff/sam", "read", "thing:orders/x", "", false, ""},
		{"user:staff/sam", "juggle", "path:orders/x", "", false, stead.ReasonFailed},
		{"user:staff/sam", "act", "path:orders/x", "", false, stead.ReasonFailed},
		{"user:staff/sam", "barred", "path:orders/x", "", false, stead.ReasonBarred},
		// what is said of the session, the time and the strength counts for nothing: G11
		{"user:staff/root", "read", "path:orders/admin", `{"level":2,"mfa":true,"amr":["otp"],"time":"2030-01-01T00:00:00Z","ip":"10.0.0.1","session":"ses_1"}`, false, stead.ReasonLevel},
		{"user:staff/root", "read", "path:orders/admin", `{"act":{"sub":"staff/root"}}`, false, stead.ReasonLevel},
		{"user:staff/sam", "read", "path:orders/x", `{"mandate":"man_none"}`, false, stead.ReasonSignIn},
		{"user:staff/sam", "read", "path:orders/x", `{"act":{"sub":"staff/tess"}}`, false, stead.ReasonSignIn},
		{"user:staff/sam", "read", "path:orders/x", `{"act":{"sub":"staff/eve"}}`, false, ""},
	} {
		for range 2 { // the same request has the same decision
			s := w.one(desk, r.subject, r.action, r.resource, r.context)
			if s.yes() != r.want || s.Context.Reason != r.why {
				t.Errorf("%s %s %s %s: %v %q, want %v %q", r.subject, r.action, r.resource, r.context, s.yes(), s.Context.Reason, r.want, r.why)
			}
		}
	}
	if s := w.one(kiosk, "user:sam", "read", "path:orders/x", ""); !s.yes() {
		t.Error("the kiosk may ask about orders")
	}
	if s := w.one(kiosk, "user:dana", "read", "path:orders/x", ""); s.yes() || s.Context.Reason != "" {
		t.Error("two have that name, and neither is meant")
	}
	// G12: what it may not ask about looks like what is not there.
	there, not := w.one(kiosk, "user:sam", "read", "object:crm/public.orders", ""), w.one(kiosk, "user:sam", "read", "object:wiki/public.orders", "")
	if there.yes() || there.Context.Reason != "" || not.yes() || not.Context.Reason != "" {
		t.Errorf("%+v\n%+v", there, not)
	}
	gone := true
	if _, err := w.Change(t.Context(), w.Login("staff/root", "stead.test"), w.People["staff/sam"].ID, authority.Edit{Disabled: &gone}); err != nil {
		t.Fatal(err)
	}
	if s := w.one(desk, "user:staff/sam", "read", "path:orders/x", ""); s.yes() || s.Context.Reason != "" {
		t.Errorf("the account is closed: %+v", s)
	}
	found := w.events("request.denied")
	if len(found) == 0 || found[0].What["asserted"] != "service:desk" || found[0].Reason != stead.ReasonDisabled {
		t.Errorf("%+v", found[:min(1, len(found))])
	}
}

// A mandate in a request is a claim: it counts as long as it and the session it hangs on are in force, for whom it is (R40).
func TestMandate(t *testing.T) {
	w := newWorld(t, nil)
	by := w.Login("staff/sam", "orders.test")
	m, err := w.Act(by, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	acts := fmt.Sprintf(`{"mandate":%q,"act":{"sub":"staff/sam","sub_profile":"user"}}`, m.ID)
	s := w.one(desk, "user:customers/dana", "read", "path:orders/x", acts)
	if !s.yes() || len(s.Context.Obligations) != 2 || s.Context.Obligations[0].Properties["mode"] != "read-only" || s.Context.Obligations[1].Properties["actor"] != "Sam Okafor" {
		t.Fatalf("%+v", s)
	}
	found := w.events("request.allowed")
	if len(found) == 0 || found[0].Decision != s.Context.ID || found[0].Mandate != m.ID || found[0].What["asserted"] != "service:desk" {
		t.Errorf("%+v", found)
	}
	why, err := w.Why(t.Context(), w.Login("staff/omar", "stead.test"), s.Context.ID)
	if err != nil || !why.Same || !why.Decision.Allow {
		t.Errorf("%+v %v", why.Decision, err)
	}
	for _, r := range []struct {
		what, subject, action, resource, context string
		why                                      stead.Reason
	}{
		{"a write", "user:customers/dana", "write", "path:orders/x", acts, stead.ReasonReadOnly},
		{"another subject", "user:customers/erin", "read", "path:orders/x", acts, ""},
		{"another actor", "user:customers/dana", "read", "path:orders/x", fmt.Sprintf(`{"mandate":%q,"act":{"sub":"staff/tess"}}`, m.ID), stead.ReasonSignIn},
		{"nobody who acts", "user:customers/dana", "read", "path:orders/x", fmt.Sprintf(`{"mandate":%q}`, m.ID), stead.ReasonSignIn},
		{"an actor of another kind", "user:customers/dana", "read", "path:orders/x", fmt.Sprintf(`{"mandate":%q,"act":{"sub":"staff/sam","sub_profile":"ai_agent"}}`, m.ID), ""},
		{"without the mandate", "user:customers/dana", "read", "path:orders/x", `{"act":{"sub":"staff/sam"}}`, stead.ReasonSignIn},
		{"a subject that is nobody", "user:customers/eve", "read", "path:orders/x", acts, ""},
		{"a realm for himself alone", "user:customers/dana", "read", "path:orders/sign", acts, stead.ReasonPresent},
		{"another application", "user:customers/dana", "read", "object:crm/x", acts, stead.ReasonUnmarked},
	} {
		if s := w.one(desk, r.subject, r.action, r.resource, r.context); s.yes() || s.Context.Reason != r.why || len(s.Context.Obligations) > 0 {
			t.Errorf("%s: %+v, want %q", r.what, s, r.why)
		}
	}
	if s := w.one(desk, "user:customers/dana", "read", "path:orders/x", acts); !s.yes() {
		t.Fatalf("none of these ends the mandate of another: %+v", s)
	}
	if err := w.SignOut(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	if s := w.one(desk, "user:customers/dana", "read", "path:orders/x", acts); s.yes() { // G2: the very next one
		t.Errorf("his session is over: %+v", s)
	}
}

func TestCallersAreHeldUp(t *testing.T) {
	w := newWorld(t, nil)
	codes := map[int]int{}
	for range 300 {
		codes[w.send(nobody, evaluation, fine).code]++
	}
	if codes[429] == 0 || codes[401] == 0 || len(codes) != 2 {
		t.Errorf("%v", codes)
	}
	if s := w.one(desk, "user:staff/sam", "read", "path:orders/x", ""); !s.yes() {
		t.Error("who has a secret is not held up by who has none")
	}
	tess := w.Login("staff/tess", "stead.test")
	for range 300 {
		w.one(desk, "user:staff/tess", "read", "path:orders/admin", "")
	}
	if _, err := w.Arm(t.Context(), tess, w.Code("staff/tess")); err != nil {
		t.Errorf("what the desk asks about her holds up nobody but the desk: %v", err)
	}
}
