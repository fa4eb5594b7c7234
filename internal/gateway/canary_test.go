package gateway

import (
	"strings"
	"testing"
)

func TestParseCanary(t *testing.T) {
	const record = "record: { get: /log, entry: '<li>.*{canary}.*</li>' }\n"
	for text, want := range map[string]string{
		"":                                     "EOF",
		record:                                 "write needs a step",
		"write: { post: /n }\n" + record:       "nothing that is sent holds {canary}",
		"write: { get: '/n?{canary}' }\n":      "nothing that is sent holds {canary}",
		"write: { post: '/n?{canary}' }\n":     "a step needs get, post or request",
		"writes: { post: /n }\n":               `unknown key "writes": did you mean write?`,
		"write: { post: '/n?a={other}' }\n":    "{other}: no step before this one takes it",
		"write: { post: '/n?{canary}' }\nx: 1": `unknown key "x"`,
		"write: { post: '/n?{canary}' }\nundo: { post: '/n?{id}' }\n" + record:                                           "line 2: {id}",
		"write: { post: '/n?{canary}' }\nrecord: { get: /log, entry: '.*' }":                                             "a pattern for one entry",
		"write: { post: '/n?{canary}' }\nrecord: { get: /log, entry: '({canary}' }":                                      "a pattern for one entry",
		"write: { post: '/n?{canary}' }\nrecord: { get: /log, entry: 'x[{canary}]' }":                                    "a pattern for one entry",
		"write: { post: '/n?{canary}' }\nrecord: { get: /log, entry: '{canary}', actor: 'x*' }":                          "does not match everything",
		"write: { request: 'PUT /n', body: '{\"t\":\"{canary}\"}', type: application/json }\nremains: a note\n" + record: "",
	} {
		c, err := ParseCanary([]byte(text), &App{})
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(told(err), want)):
			t.Errorf("%q: %v, want %s", text, err, want)
		case want == "":
			r, err := c.Write[0].Request(t.Context(), "http://a.test", map[string]string{"canary": `a"b`})
			if err != nil || r.ContentLength != int64(len(`{"t":"a\"b"}`)) || r.Method != "PUT" || c.Pattern("x.y") != `<li>.*x\.y.*</li>` {
				t.Errorf("%v %d %s", err, r.ContentLength, c.Pattern("x.y"))
			}
		}
	}
}
