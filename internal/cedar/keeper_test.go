package cedar

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func authorityLength(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, time.Minute, 5*time.Minute + time.Second, time.Hour}).Draw(t, "length")
}

func account(name string, groups ...string) *stead.Principal {
	directory, name, _ := strings.Cut(name, "/")
	return &stead.Principal{
		ID: stead.PrincipalID("prn_" + directory + name), Version: 1, Kind: stead.Person,
		Directory: directory, Name: name, Groups: groups,
	}
}

// samForDana is the question most tests ask: may support look at a customer's account?
func samForDana() authority.Case {
	app := &stead.App{ID: "orders", Aware: true, Privileged: []string{"staff/admins"}, Realms: []stead.Realm{{ID: "main", Path: "/", Acting: true}}}
	return authority.Case{
		Action: stead.ActionAct, Principal: account("staff/sam", "support"), Subject: account("customers/dana", "customers"),
		App: app, Realm: &app.Realms[0], Mode: stead.ReadOnly, Level: 2, AMR: []string{"pwd", "otp"},
		Purpose: stead.Purpose{Reason: "cannot see his order", Ticket: "SUP-4711"}, Length: 10 * time.Minute, Now: noon,
	}
}

func checked(t testing.TB, files map[string]string) (*Keeper, string) {
	t.Helper()
	k := New()
	digest, err := k.Check(files)
	if err != nil {
		t.Fatal(err)
	}
	return k, digest
}

// The bundle that Stead starts with passes its own tests, every rule of it is reached, and nothing is to be warned of.
func TestDefaultBundle(t *testing.T) {
	r := New().Inspect(Default())
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if len(r.Unreached) > 0 || len(r.Problems) > 0 {
		t.Errorf("unreached %v, problems %v", r.Unreached, r.Problems)
	}
}

// I2, I4, I5, I6, I11: what the default asks for when support looks.
func TestJudgeCarriesObligations(t *testing.T) {
	k, digest := checked(t, Default())
	v := k.Judge(digest, samForDana())
	o := v.Obligations
	if !v.Allow || v.Policy != digest || o.Mode != stead.ReadOnly || o.Max != 10*time.Minute ||
		!slices.Equal(o.Requires, []string{"reason", "second-factor"}) || o.Winners["max"] != "support-views-customers" {
		t.Errorf("%+v", v)
	}
	if len(v.Rules) != 1 || v.Rules[0].ID != "support-views-customers" || len(v.Rules[0].Hash) != 64 {
		t.Errorf("%+v", v.Rules)
	}
}

func TestJudgeRefuses(t *testing.T) {
	k, digest := checked(t, Default())
	twin := account("staff/sam")
	twin.ID = "prn_other"
	for name, change := range map[string]func(*authority.Case){
		"nobody":         func(c *authority.Case) { c.Principal = nil },
		"no subject":     func(c *authority.Case) { c.Subject = nil },
		"no app":         func(c *authority.Case) { c.App = nil },
		"no realm":       func(c *authority.Case) { c.Action, c.Capacity, c.Realm = stead.ActionRead, authority.ForOther, nil },
		"no capacity":    func(c *authority.Case) { c.Action, c.Capacity = stead.ActionRead, "" },
		"unknown action": func(c *authority.Case) { c.Action = "fly" },
		"unknown mode":   func(c *authority.Case) { c.Mode = "all" },
		"unknown kind": func(c *authority.Case) {
			c.Principal = &stead.Principal{ID: "x", Kind: "ghost", Directory: "staff", Name: "x"}
		},
		"no name": func(c *authority.Case) { c.Subject = &stead.Principal{ID: "x", Kind: stead.Person, Directory: "staff"} },
		"slashed directory": func(c *authority.Case) {
			c.Principal = &stead.Principal{ID: "x", Kind: stead.Person, Directory: "staff/sam", Name: "x"}
		},
		"slashed app":     func(c *authority.Case) { c.App = &stead.App{ID: "a/b"} },
		"two of one name": func(c *authority.Case) { c.Subject = twin },
	} {
		t.Run(name, func(t *testing.T) {
			c := samForDana()
			change(&c)
			if v := k.Judge(digest, c); v.Allow || len(v.Errors) == 0 {
				t.Errorf("%+v", v)
			}
		})
	}
}

// S-I18: what is not compiled and what panics is a no.
func TestUnknownBundleAndPanicAreNo(t *testing.T) {
	k := New()
	if v := k.Judge("nothing", samForDana()); v.Allow || len(v.Errors) != 1 {
		t.Errorf("%+v", v)
	}
	if _, err := k.Why("nothing", samForDana(), authority.Overseer); stead.KindOf(err) != stead.Missing {
		t.Error(err)
	}
	broken := &bundle{plans: map[stead.Action]*plan{stead.ActionAct: {}}}
	k.now.Store(&map[string]*bundle{"broken": broken})
	if v := k.Judge("broken", samForDana()); v.Allow || len(v.Errors) != 1 || !strings.Contains(v.Errors[0], "failed") {
		t.Errorf("%+v", v)
	}
	if _, err := k.Why("broken", samForDana(), authority.Overseer); stead.KindOf(err) != stead.Broken {
		t.Error(err)
	}
}

// S-I18: Cedar skips a forbid that fails and allows; here it is a no, and no rule is named as permitting.
func TestAFailingForbidIsNo(t *testing.T) {
	k, digest := checked(t, map[string]string{"a.cedar": `
		@id("all") @owner("o") permit (principal, action, resource);
		@id("fails") @owner("o") forbid (principal, action == Action::"act", resource)
		when { context.minutes * 9223372036854775807 > 0 };`})
	c := samForDana()
	for range 2 { // the second answer comes from memory
		if v := k.Judge(digest, c); v.Allow || len(v.Errors) != 1 || len(v.Rules) != 0 {
			t.Errorf("%+v", v)
		}
	}
	e, err := k.Why(digest, c, authority.Overseer)
	if err != nil || e.Allow || len(e.Errors) != 1 {
		t.Errorf("%+v %v", e, err)
	}
}

// G5: a broken bundle is refused with its place, and what was kept goes on judging.
func TestABrokenBundleChangesNothing(t *testing.T) {
	k, digest := checked(t, Default())
	files := Default()
	files["people.cedar"] += "\npermit (principal, action resource);"
	if _, err := k.Check(files); stead.KindOf(err) != stead.Invalid || !strings.Contains(err.Error(), "people.cedar:") {
		t.Error(err)
	}
	files = Default()
	files["open.cedar"] = `@id("open") @owner("o") permit (principal, action, resource);`
	if _, err := k.Check(files); stead.KindOf(err) != stead.Invalid || !strings.Contains(err.Error(), "test failed") {
		t.Error(err)
	}
	if v := k.Judge(Digest(files), samForDana()); v.Allow {
		t.Error("a refused bundle judges")
	}
	if v := k.Judge(digest, samForDana()); !v.Allow {
		t.Errorf("%+v", v)
	}
}

// However many bundles are staged, the one that judges stays.
func TestStagingNeverPushesOutWhatIsInForce(t *testing.T) {
	k, digest := checked(t, Default())
	k.Judge(digest, samForDana())
	for i := range 4 * keptBundles {
		if _, err := k.Check(map[string]string{"a.cedar": fmt.Sprintf(`@id("r%d") @owner("o") permit (principal, action, resource);`, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if v := k.Judge(digest, samForDana()); !v.Allow {
		t.Errorf("%+v", v)
	}
	if n := len(*k.now.Load()); n > keptBundles {
		t.Errorf("%d bundles are kept", n)
	}
}

// A rule that reads the time is asked every time.
func TestTimeIsNeverRemembered(t *testing.T) {
	k, digest := checked(t, Default())
	c := samForDana()
	c.Principal = account("staff/cole", "support", "contractors")
	for hour := range 48 {
		c.Now = time.Date(2026, 1, 15, hour, 30, 0, 0, time.UTC)
		want := hour%24 >= 8 && hour%24 < 18
		if v := k.Judge(digest, c); v.Allow != want {
			t.Errorf("%s: %v", c.Now, v.Allow)
		}
	}
	c.Now, c.Zone = time.Date(2026, 1, 15, 7, 30, 0, 0, time.UTC), time.FixedZone("here", 3600)
	if v := k.Judge(digest, c); !v.Allow {
		t.Error("the hour is not the organisation's own")
	}
}

// R31: the hash of a rule follows what it says, not how it is set.
func TestRuleHash(t *testing.T) {
	hash := func(text string) string {
		rules, problems := rulesOf(map[string]string{"a.cedar": text})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return rules[0].ref.Hash
	}
	plain := hash(`@id("a") @max("5m") permit (principal, action, resource) when { context.level > 1 };`)
	if plain != hash("// said\n@id(\"a\")\n@max(\"5m\")\npermit(principal,action,resource)\nwhen { context.level>1 };") {
		t.Error("white space changes the hash")
	}
	for _, other := range []string{
		`@id("a") @max("6m") permit (principal, action, resource) when { context.level > 1 };`,
		`@id("a") forbid (principal, action, resource) when { context.level > 1 };`,
		`@id("a") @max("5m") permit (principal, action, resource) when { context.level > 2 };`,
	} {
		if hash(other) == plain {
			t.Errorf("same hash: %s", other)
		}
	}
}

func TestDigestIsOfNamesAndTexts(t *testing.T) {
	seen := map[string]bool{}
	for _, files := range []map[string]string{{}, {"a": ""}, {"a": "bc"}, {"ab": "c"}, {"a": "b", "c": ""}, {"a": "", "b": "c"}} {
		seen[Digest(files)] = true
	}
	if len(seen) != 6 || len(Digest(nil)) != 64 {
		t.Errorf("%d digests of 6 bundles", len(seen))
	}
}

// Judging and checking at once: run with -race.
func TestConcurrentUse(t *testing.T) {
	k, digest := checked(t, Default())
	want := k.Judge(digest, samForDana())
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 200 {
				c := samForDana()
				c.Path = fmt.Sprint(i, j)
				if v := k.Judge(digest, c); !reflect.DeepEqual(v, want) {
					t.Errorf("%+v", v)
				}
			}
		})
	}
	all.Go(func() {
		for i := range 20 {
			k.Check(map[string]string{"a.cedar": fmt.Sprintf(`@id("r%d") @owner("o") permit (principal, action, resource);`, i)})
		}
	})
	all.Wait()
}

// Who may never act is told by the heads of rules alone; who is not known to may (R17).
func TestLetsAct(t *testing.T) {
	k, digest := checked(t, Default())
	for name, want := range map[string]bool{"support": true, "support-leads": true, "contractors": false, "admins": false} {
		if got := k.LetsAct(digest, account("staff/sam", name)); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if k.LetsAct(digest, account("customers/dana", "customers")) {
		t.Error("a customer")
	}
	if !k.LetsAct("unknown", account("customers/dana")) {
		t.Error("what nobody knows is a no")
	}
	files := Default() // a rule may mean acting by what it is in
	for name := range files {
		if strings.HasPrefix(name, "tests/") {
			delete(files, name)
		}
	}
	files["schema.cedarschema"] = strings.Replace(files["schema.cedarschema"], "action act appliesTo", "action deed;\naction act in [deed] appliesTo", 1)
	files["people.cedar"] = `@id("deeds") @owner("x") permit (principal in Group::"staff/clerks", action in Action::"deed", resource);`
	k, digest = checked(t, files)
	for name, want := range map[string]bool{"clerks": true, "support": false} {
		if got := k.LetsAct(digest, account("staff/sam", name)); got != want {
			t.Errorf("by a group of actions, %s: %v", name, got)
		}
	}
}
