package cedar

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/steadhq/stead/internal/authority"
)

// everything is a key of all that can be read.
func everything() keyed {
	s, _ := newShape("schema", New().supplied, New().supplied)
	return newKeyed(names{whole: true}, s, 2)
}

// G1, R32: two cases have one key only where all that stands in it is equal; the oracle quotes every part.
func TestKeysAreInjective(t *testing.T) {
	k := everything()
	rapid.Check(t, func(t *rapid.T) {
		a := drawCase(t)
		b := neighbour(t, neighbour(t, a))
		if expressible(&a) != "" || expressible(&b) != "" {
			return
		}
		same := string(k.append(nil, &a)) == string(k.append(nil, &b))
		if same != (spelled(&a) == spelled(&b)) {
			t.Fatalf("same key is %v:\n%s\n%s", same, spelled(&a), spelled(&b))
		}
	})
}

func spelled(c *authority.Case) string {
	s := fmt.Sprintf("%q %q %q %v %q %d %d %q %q %q %q %q", c.Action, c.Capacity, c.App.ID, c.App.Aware, modeOf(c), c.Level,
		c.Length, c.Path, c.Purpose.Reason, c.Purpose.Ticket, c.Address, c.AMR)
	if c.Realm != nil {
		s += fmt.Sprintf(" realm %q %q %d %v", c.Realm.ID, c.Realm.Kind, c.Realm.Level, c.Realm.Acting)
	}
	s += fmt.Sprintf(" who %q %q %q %q %v %q %v", c.Principal.Kind, c.Principal.Directory, c.Principal.Name, c.Principal.Groups,
		c.Principal.Active(), c.Principal.Attributes, len(c.Principal.Marks(c.App.Privileged)) > 0)
	if c.Subject != nil {
		s += fmt.Sprintf(" whom %q %q %q %q %v %q %v", c.Subject.Kind, c.Subject.Directory, c.Subject.Name, c.Subject.Groups,
			c.Subject.Active(), c.Subject.Attributes, len(c.Subject.Marks(c.App.Privileged)) > 0)
	}
	return s
}

// G1: two lists of texts have one encoding only where they are one list.
func FuzzTextsAreInjective(f *testing.F) {
	f.Add("a", "b", "ab", "")
	f.Add("a,b", "", "a", "b")
	f.Add("\x01a", "", "", "a\x01")
	f.Add("ä", "a\u0308", "a\u0308", "ä")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		lists := [][]string{{}, {a}, {b}, {a, b}, {a + b}, {c}, {d}, {c, d}, {c + d}, {a, b, c, d}, {a + "," + b}, {b, a}}
		for _, x := range lists {
			for _, y := range lists {
				one := string(text(texts(text(nil, a), x), c)) == string(text(texts(text(nil, a), y), c))
				if one != (fmt.Sprintf("%q", x) == fmt.Sprintf("%q", y)) && string(joined(x)) != string(joined(y)) {
					t.Fatalf("%q %q", x, y)
				}
			}
		}
	})
}

// joined tells apart what %q shows alike: texts that are no UTF-8.
func joined(list []string) []byte { return fmt.Appendf(nil, "%x", list) }

func TestMemoryIsBounded(t *testing.T) {
	k, digest := checked(t, Default())
	c := samForDana()
	for i := range cacheParts*partSize + 5000 {
		c.Principal = account(fmt.Sprintf("staff/p%d", i), "support")
		if !k.Judge(digest, c).Allow {
			t.Fatal(i)
		}
	}
	b := k.bundle(digest)
	held := 0
	for i := range b.cache.parts {
		held += len(b.cache.parts[i].said)
	}
	if held > cacheParts*partSize || held < cacheParts*partSize/2 {
		t.Errorf("%d verdicts are held", held)
	}
	before := held
	c.Principal = account("staff/"+string(make([]byte, longestKey)), "support")
	k.Judge(digest, c)
	held = 0
	for i := range b.cache.parts {
		held += len(b.cache.parts[i].said)
	}
	if held != before {
		t.Error("an endless key was kept")
	}
}

// The hot path: from memory, at most two allocations.
func TestRememberedVerdictsCostNoMemory(t *testing.T) {
	k, digest := checked(t, Default())
	for _, c := range []authority.Case{samForDana(), readForDana()} {
		k.Judge(digest, c)
		if n := testing.AllocsPerRun(100, func() { k.Judge(digest, c) }); n > 2 {
			t.Errorf("%s: %v allocations", c.Action, n)
		}
	}
}

func readForDana() authority.Case {
	c := samForDana()
	c.Action, c.Capacity, c.Path = "read", authority.ForOther, "/orders/7"
	return c
}

func BenchmarkJudgeRemembered(b *testing.B) {
	k, digest := checked(b, Default())
	c := readForDana()
	b.ReportAllocs()
	for b.Loop() {
		k.Judge(digest, c)
	}
}

func BenchmarkJudgeAnew(b *testing.B) {
	k, digest := checked(b, Default())
	c := readForDana()
	k.bundle(digest).cache = nil
	b.ReportAllocs()
	for b.Loop() {
		k.Judge(digest, c)
	}
}

// R3: the same account in the same application, which declares other marks than before.
func TestMarksStandInTheKey(t *testing.T) {
	k, digest := checked(t, map[string]string{"a.cedar": `
		@id("all") @owner("o") permit (principal, action, resource);
		@id("marked") @owner("o") forbid (principal, action == Action::"act", resource) when { resource.privileged };`})
	c := samForDana()
	for range 2 {
		for _, marks := range [][]string{{"staff/admins"}, {"customers/customers"}, nil, {"customers"}} {
			app := *c.App
			app.Privileged = marks
			c.App = &app
			if v := k.Judge(digest, c); v.Allow != (len(c.Subject.Marks(marks)) == 0) {
				t.Errorf("%v: %+v", marks, v)
			}
		}
	}
}
