package outside

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// bodies are good bodies of every operation that takes one.
func bodies(dana string) map[string]map[string]any {
	digest := strings.Repeat("a", 64)
	return map[string]map[string]any{
		"POST /v1/login":                  {"directory": "staff", "name": "sam", "password": "wrong"},
		"POST /v1/mandates":               {"subject": dana, "app": "orders", "reason": "wrong total", "ticket": "SUP-1"},
		"POST /v1/mandates/man_a/approve": {"digest": digest, "comment": "yes"},
		"POST /v1/mandates/man_a/refuse":  {"digest": digest, "comment": "no"},
		"POST /v1/mandates/man_a/start":   {"code": "123456"},
		"POST /v1/mandates/man_a/extend":  {"reason": "more"},
		"POST /v1/mandates/man_a/revoke":  {"reason": "enough"},
		"POST /v1/people":                 {"directory": "customers", "name": "new"},
		"PATCH /v1/people/" + dana:        {"shown": "Dana R"},
		"POST /v1/policy/apply":           {"digest": digest},
		"POST /v1/policy/plan":            {"files": map[string]string{"a.cedar": "permit(principal,action,resource);"}},
		"POST /v1/policy/stage":           {"files": map[string]string{"a.cedar": "nonsense"}},
		"POST /v1/policy/try":             {"actor": "sam"},
		"POST /v1/dev/clock":              {"advance": "0s"},
	}
}

// What nobody asked for is refused, not ignored, and certainly not taken (L2).
func TestMassAssignment(t *testing.T) {
	w := dev(t)
	root, dana := w.token(t, "staff/root"), w.person(t, "customers/dana").ID
	extra := map[string]any{"id": "x", "actor": dana, "session": "ses_x", "state": "active", "approved": true, "approvals": []any{}, "role": "admin", "groups ": []string{"admins"},
		"principal": dana, "person_key": "x", "deleted": true, "version": 1, "kind": "agent", "max_depth": 9, "until": "2099-01-01T00:00:00Z", "bounds": map[string]any{}, "stages": nil,
		"__proto__": map[string]any{"admin": true}, "tenant": "x", "owner": "x", "author": dana, "hash": "$argon2id$", "level": 9, "mandate": "man_x"}
	for door, good := range bodies(dana) {
		method, path, _ := strings.Cut(door, " ")
		for name, v := range extra {
			body := maps.Clone(good)
			body[name] = v
			root.json(t, method, w.Console+path, body).is(t, door+" with "+name, 400)
		}
		raw, err := json.Marshal(good)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"nothing": "", "a list": "[]", "null": "null", "a number": "1", "two documents": string(raw) + string(raw), "rubbish after": string(raw) + "x", "a member twice": doubled(raw),
			"a bad number": strings.Replace(string(raw), "{", `{"n":9007199254740993,`, 1), "half": string(raw[:len(raw)-1]), "deep": strings.Repeat("[", 100_000),
			"deep objects": strings.Repeat(`{"a":`, 100_000), "not UTF-8": strings.Replace(string(raw), `":"`, "\":\"\xff", 1), "a comment": "/* */" + string(raw), "NaN": `{"code":NaN}`, "over a megabyte": `{"reason":"` + strings.Repeat("a", 2<<20) + `"}`,
		} {
			a := root.send(t, method, w.Console+path, text, "Content-Type", "application/json")
			optional := name == "nothing" && a.status != 500 && strings.Contains(path, "man_a")
			if (a.status < 400 || a.status >= 500) && !optional {
				t.Errorf("%s, %s: %d %.200s", door, name, a.status, a.body)
			}
		}
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "text/json"} {
			if a := root.send(t, method, w.Console+path, string(raw), "Content-Type", kind); a.status < 400 || a.status >= 500 {
				t.Errorf("%s as %q: %d", door, kind, a.status)
			}
		}
	}
	// Nothing of it was done.
	var all struct {
		People []struct{ Account, Name, Kind string }
	}
	root.get(t, w.Console+"/v1/people").reads(t, &all)
	people := 0
	for _, p := range all.People {
		if p.Kind == "person" {
			people++
		}
		if p.Name == "Dana R" {
			t.Error("Dana was renamed")
		}
	}
	if people != len(w.People) {
		t.Errorf("%d people, there were %d", people, len(w.People))
	}
}

// doubled gives the first member of an object twice.
func doubled(raw []byte) string {
	first := regexp.MustCompile(`^\{("[^"]*":(?:"[^"]*"|\[[^]]*\]|\{[^}]*\}))`).FindSubmatch(raw)
	if first == nil {
		return "{,}"
	}
	return "{" + string(first[1]) + "," + string(raw[1:])
}

// Bad words for who, why and how long, at every door of acting.
func TestBadWishes(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	ids := map[string]string{}
	for _, p := range w.People {
		ids[p.Directory+"/"+p.Name] = p.ID
	}
	long := strings.Repeat("a", 5000)
	sam.form(t, w.Gateway+"/.stead/act", "subject", "dana", "directory", "customers", "reason", "x", "ticket", "SUP-1").is(t, "no code", 403, "second-factor")
	sam.form(t, w.Console+"/act/arm", "code", w.code(t, "staff/sam")).is(t, "arm", 303)
	for name, c := range map[string]struct {
		fields []string
		status int
	}{
		"nobody":          {[]string{"subject", ""}, 404},
		"blank":           {[]string{"subject", " \t "}, 404},
		"unknown":         {[]string{"subject", "eve"}, 404},
		"a pattern":       {[]string{"subject", "%"}, 404},
		"a star":          {[]string{"subject", "*"}, 404},
		"himself":         {[]string{"subject", "sam", "directory", "staff"}, 403},
		"his own account": {[]string{"subject", "sam.okafor"}, 403},
		"root":            {[]string{"subject", "root"}, 403},
		"security":        {[]string{"subject", "omar"}, 403},
		"who refuses":     {[]string{"subject", "farid"}, 403},
		"a partner":       {[]string{"subject", "dana", "directory", "partners"}, 403},
		"no reason":       {[]string{"subject", "erin", "reason", ""}, 400},
		"blank reason":    {[]string{"subject", "erin", "reason", " \u00a0\t"}, 400},
		"a bad ticket":    {[]string{"subject", "erin", "ticket", "4711"}, 400},
		"ticket and more": {[]string{"subject", "erin", "ticket", "SUP-1\nSUP-2"}, 400},
		"a mode":          {[]string{"subject", "erin", "mode", "admin"}, 400},
		"no time":         {[]string{"subject", "erin", "for", "0s"}, 400},
		"time back":       {[]string{"subject", "erin", "for", "-10m"}, 400},
		"much time":       {[]string{"subject", "erin", "for", "9999999h"}, 400},
		"a word":          {[]string{"subject", "erin", "for", "long"}, 400},
		"a long reason":   {[]string{"subject", "erin", "reason", long}, 400},
		"a long subject":  {[]string{"subject", long}, 400},
		"NUL":             {[]string{"subject", "erin\x00"}, 400},
		"twice":           {[]string{"subject", "erin", "subject", "dana"}, 400},
		"elsewhere":       {[]string{"subject", "erin", "target", "//evil.example"}, 400},
		"attribute":       {[]string{"subject", "dana", "attr.city", "Paris"}, 404},
	} {
		fields := append([]string{}, c.fields...)
		for k, v := range map[string]string{"reason": "wrong total", "ticket": "SUP-1"} {
			if !strings.Contains(strings.Join(everyOther(c.fields), " "), k) {
				fields = append(fields, k, v)
			}
		}
		a := sam.form(t, w.Gateway+"/.stead/act", fields...)
		if a.status != c.status {
			t.Errorf("%s: %d, want %d: %s", name, a.status, c.status, a.body)
		}
		if s := sam.standing(t); s.Acting {
			t.Fatalf("%s: %+v", name, s)
		}
	}
	sam.form(t, w.Gateway+"/.stead/act", "subject", "dana", "attr.city", "Lisbon", "reason", "wrong total", "ticket", "SUP-1").is(t, "the Dana of Lisbon", 303)
	if s := sam.standing(t); s.Subject.ID != ids["customers/dana"] {
		t.Errorf("%+v", s)
	}
}

// An import is whole or nothing, and makes nobody twice.
func TestBadImports(t *testing.T) {
	w := dev(t)
	root := w.token(t, "staff/root")
	for name, c := range map[string]struct {
		text   string
		status int
	}{
		"nothing":             {"", 400},
		"a heading alone":     {"directory,name\n", 400},
		"the same twice":      {"directory,name\ncustomers,zoe\ncustomers,zoe\n", 400},
		"the same, elsewhere": {"directory,name\ncustomers,zoe\ncustomers,dana\n", 409},
		"a column twice":      {"name,name\nzoe,zoe\n", 400},
		"an unknown column":   {"directory,name,admin\ncustomers,zoe,true\n", 400},
		"a short row":         {"directory,name\ncustomers\n", 400},
		"a long row":          {"directory,name\ncustomers,zoe,x\n", 400},
		"no name":             {"directory,name\ncustomers,\n", 400},
		"no directory":        {"directory,name\n,zoe\n", 400},
		"not UTF-8":           {"directory,name\ncustomers,zo\xeb\n", 400},
		"an open quote":       {"directory,name\ncustomers,\"zoe\n", 400},
		"a bad secret":        {"directory,name,totp_secret\ncustomers,zoe,123\n", 400},
	} {
		if a := root.send(t, "POST", w.Console+"/v1/people/import", c.text, "Content-Type", "text/csv"); a.status != c.status {
			t.Errorf("%s: %d, want %d: %s", name, a.status, c.status, a.body)
		}
	}
	if a := root.get(t, w.Console+"/v1/people?name=zo"); strings.Contains(a.body, `"zo`) {
		t.Errorf("somebody was imported: %s", a.body)
	}
	twice := `{"directory":"customers","name":"zoe"}`
	if a := root.send(t, "POST", w.Console+"/v1/people", "["+twice+","+twice+"]", "Content-Type", "application/json"); a.status < 400 {
		t.Errorf("a list: %d", a.status)
	}
	for name, body := range map[string]map[string]any{
		"an edge of white": {"directory": "customers", "name": "dana "}, "a line": {"directory": "customers", "name": "da\nna"}, "NUL": {"directory": "customers", "name": "da\x00na"},
		"nothing": {"directory": "customers", "name": " "}, "taken": {"directory": "customers", "name": "dana"}, "a slash": {"directory": "customers/x", "name": "dana"},
	} {
		if a := root.json(t, "POST", w.Console+"/v1/people", body); a.status < 400 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func everyOther(all []string) (out []string) {
	for i := 0; i < len(all); i += 2 {
		out = append(out, all[i])
	}
	return out
}

var (
	request = regexp.MustCompile(`"request_id":"[^"]*"`)
	anyID   = regexp.MustCompile(`(man|ses|prn|dec)_[a-z0-9]+`)
)

// What is somebody else's looks like what is not there (I19).
func TestOthersThings(t *testing.T) {
	w := dev(t)
	tess, maya, omar := w.token(t, "staff/tess"), w.token(t, "staff/maya"), w.token(t, "staff/omar")
	sam := w.enter(t, "staff/sam")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	mandate := sam.standing(t).Mandate
	no := sam.send(t, "PATCH", w.Gateway+"/api/orders/7", "{}", "Content-Type", "application/json")
	var problem struct {
		Decision string `json:"decision_id"`
	}
	no.reads(t, &problem)
	var all struct{ Sessions []struct{ ID string } }
	omar.get(t, w.Console+"/v1/sessions").reads(t, &all)
	shape := func(a answer) string {
		return fmt.Sprint(a.status, anyID.ReplaceAllString(request.ReplaceAllString(a.body, ""), "ID"))
	}
	digest := map[string]any{"digest": strings.Repeat("a", 64)}
	for _, x := range []struct {
		method, path, real, guess string
		body                      any
	}{
		{"GET", "/v1/mandates/ID", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"POST", "/v1/mandates/ID/end", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"POST", "/v1/mandates/ID/start", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"POST", "/v1/mandates/ID/extend", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", map[string]any{"reason": "x"}},
		{"POST", "/v1/mandates/ID/withdraw", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"POST", "/v1/mandates/ID/revoke", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"POST", "/v1/mandates/ID/suspend", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"POST", "/v1/mandates/ID/resume", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"POST", "/v1/mandates/ID/approve", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", digest},
		{"POST", "/v1/mandates/ID/refuse", mandate, "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", digest},
		{"GET", "/v1/people/ID", w.person(t, "customers/dana").ID, "prn_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"PATCH", "/v1/people/ID", w.person(t, "customers/dana").ID, "prn_aaaaaaaaaaaaaaaaaaaaaaaaaa", map[string]any{"shown": "x"}},
		{"DELETE", "/v1/people/ID", w.person(t, "customers/dana").ID, "prn_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"GET", "/v1/decisions/ID", problem.Decision, "dec_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
		{"DELETE", "/v1/sessions/ID", all.Sessions[0].ID, "ses_aaaaaaaaaaaaaaaaaaaaaaaaaa", nil},
	} {
		for name, c := range map[string]*caller{"tess": tess, "maya": maya} {
			there := c.json(t, x.method, w.Console+strings.Replace(x.path, "ID", x.real, 1), x.body)
			not := c.json(t, x.method, w.Console+strings.Replace(x.path, "ID", x.guess, 1), x.body)
			if shape(there) != shape(not) || there.status < 400 {
				t.Errorf("%s %s as %s:\n%s\n%s", x.method, x.path, name, shape(there), shape(not))
			}
		}
	}
	for _, path := range []string{"/v1/mandates", "/v1/mandates?all=true", "/v1/events", "/v1/events?subject=" + w.person(t, "customers/dana").ID, "/v1/sessions", "/v1/audit/export"} {
		if a := tess.get(t, w.Console+path); strings.Contains(a.body, "customers/dana") || strings.Contains(a.body, "Dana Reyes") || strings.Contains(a.body, "wrong total") {
			t.Errorf("tess reads at %s: %d %.300s", path, a.status, a.body)
		}
	}
	if s := sam.standing(t); s.Mandate != mandate {
		t.Errorf("afterwards: %+v", s)
	}
}
