package outside

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/steadhq/stead/internal/web/vacant"
)

const idp = "https://idp.example"

// A noted event is one as stead audit search prints it.
type noted struct {
	Kind, Reason string
	What         map[string]string
}

// record is what a house has of one kind, newest first.
func record(t *testing.T, profile, kind string) []noted {
	t.Helper()
	a := cli(t, profile, "", "audit", "search", "--kind", kind, "--limit", "0", "-o", "json")
	var got struct{ Events []noted }
	if err := json.Unmarshal([]byte(a.out), &got); err != nil {
		t.Fatalf("%v\n%s\n%s", err, a.out, a.err)
	}
	return got.Events
}

// Letters that do not count at a house, one that writes and one that takes: each is an error of OAuth's, and stands in the record of
// who took none. Keys of an issuer in a file count as they are there at that moment, and an issuer as long as it is configured.
func TestHousesRefuse(t *testing.T) {
	t.Parallel()
	r, one, two, third := newRobot(t), vacant.Address(t), vacant.Address(t), vacant.Address(t)
	first, next, dir := newRobot(t).own, newRobot(t).own, t.TempDir()
	publish := func(key *ecdsa.PrivateKey, name string) string {
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: name, Use: "sig"}}})
		if err != nil {
			t.Fatal(err)
		}
		return put(t, dir, "idp.json", string(set))
	}
	a, _ := planned(t, one, fmt.Sprintf("resources:\n  - { id: partner, address: \"http://%s\", privileged: [staff/admins], house: { clients: [{ agent: planner, id: planner }], resources: [%q] } }\n", third, calendar), "partner", r)
	people := `agents: [planner], people: [{ sub: "person:customers/*", account: "customers/*" }]`
	known := fmt.Sprintf("    - { issuer: %q, jwks_file: %q, %s }\n", idp, publish(first, "k1"), people)
	b, eve := planned(t, two, fmt.Sprintf("resources:\n  - { id: calendar, address: %q, privileged: [staff/admins] }\n", calendar)+
		fmt.Sprintf("agents:\n  issuers:\n    - { issuer: \"http://%s\", jwks_url: \"http://%s/.well-known/jwks.json\", %s }\n", one, one, people)+known, "calendar", r)

	letter := func(key *ecdsa.PrivateKey, name string, change ...any) string {
		claims := map[string]any{"iss": idp, "sub": "person:customers/dana", "aud": b.Console, "client_id": "planner", "exp": time.Now().Unix() + 240}
		for i := 0; i < len(change); i += 2 {
			claims[change[i].(string)] = change[i+1]
		}
		return r.signs(t, key, claims, map[jose.HeaderKey]any{"typ": "oauth-id-jag+jwt", "kid": name})
	}
	shows := func(letter string) token {
		return r.posts(t, b, "/oauth/token", "grant_type", jwtBearer, "assertion", letter)
	}
	taken := func(what, letter string) token {
		t.Helper()
		got := shows(letter)
		if got.status != 200 || got.Access == "" {
			t.Errorf("%s: %+v", what, got)
		}
		return got
	}
	turned := 0
	refused := func(what, reason, why, letter string) {
		t.Helper()
		if got := shows(letter); got.status != 400 || got.Error != "invalid_grant" || got.Access != "" || !strings.Contains(got.Why, why) {
			t.Errorf("%s: %+v", what, got)
		}
		turned++
		eventually(t, what+" is on record", func() error {
			if all := record(t, eve, "token.issue.refused"); len(all) != turned || all[0].Reason != reason {
				return fmt.Errorf("%d refusals, not %d, the last of them not %s: %+v", len(all), turned, reason, all)
			}
			return nil
		})
	}

	mine := r.agrees(t, a, a.dana(t))
	theirs := r.posts(t, a, "/oauth/token", "grant_type", exchange, "requested_token_type", idJAG, "audience", "http://"+third, "subject_token", mine.Access, "subject_token_type", anAccess)
	if theirs.status != 200 {
		t.Fatalf("%+v", theirs)
	}
	end := time.Now().Truncate(time.Second).Add(2 * time.Second)
	brief := letter(first, "k1", "exp", end.Unix())
	refused("one for a third house", "bad-request", "for somebody else", theirs.Access)
	refused("of nobody who is known", "bad-request", "no letter of that issuer", letter(first, "k1", "iss", "https://nobody.example"))
	refused("in another house's name", "bad-request", "no key of its issuer", letter(first, "k1", "iss", a.Console))
	refused("for another client", "not-yours", "another client", letter(first, "k1", "client_id", "scheduler"))
	refused("about nobody here", "unknown-person", "nobody here", letter(first, "k1", "sub", "person:customers/nobody"))
	<-time.After(time.Until(end))
	refused("one that is over", "bad-request", "is over", brief)
	once := letter(first, "k1")
	taken("nothing of it", once)
	refused("a second time", "used", "", once)

	// The keys change: what the new one signs counts at once, what the old one did no more.
	late := letter(first, "k1")
	refused("by a key that is not there yet", "bad-request", "no key of its issuer", letter(next, "k2"))
	publish(next, "k2")
	refused("by the old key", "bad-request", "no key of its issuer", late)
	got := taken("by the new key", letter(next, "k2"))

	// The issuer goes, with the next start, and all that rests on its word.
	file := filepath.Join(filepath.Dir(b.data), "stead.yaml")
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	active := func() bool { return r.posts(t, b, "/oauth/introspect", "token", got.Access).Active }
	put(t, filepath.Dir(file), "stead.yaml", strings.Replace(string(was), known, "", 1))
	if err := b.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says what waits for a restart", func() error {
		if text := b.err.String(); !strings.Contains(text, `"restart":["agents.issuers`) {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
	if !active() {
		t.Error("what waits for a restart is in force before")
	}
	b.kill(t)
	b.again(t)
	stranger(b).waits(t)
	if active() {
		t.Error("its issuer is not known any more, and its token counts")
	}
	refused("of an issuer that went", "bad-request", "no letter", letter(next, "k2"))
	all := record(t, eve, "mandate.admitted")
	if len(all) != 2 || all[0].What["issuer"] != idp || all[0].What["as"] != "person:customers/dana" {
		t.Errorf("admitted: %+v", all)
	}
	b.stop(t)
	cli(t, t.TempDir(), "", append(stored(t, b.data), "audit", "verify", "--key", keyOf(t, b))...).exits(t, "the store", 0)
}
