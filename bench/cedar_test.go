package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	cedargo "github.com/cedar-policy/cedar-go"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
)

// policyText is n permits, one for each pair of a group that may act and a group that may be acted for. Timed ones
// read the hour, so that no answer is ever remembered.
func policyText(n int, timed bool) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "@id(\"r%05d\") @owner(\"bench\") @max(\"10m\")\npermit (principal in Group::\"staff/g%d\", "+
			"action == Action::\"act\", resource in Group::\"customers/g%d\")\nwhen { context.level >= 2 && context.mode == \"read-only\"", i, i, i)
		if timed {
			b.WriteString(" && context.hour < 24")
		}
		b.WriteString(" };\n")
	}
	return b.String()
}

func actCase(n int) authority.Case {
	of := func(directory, name string, groups ...string) *stead.Principal {
		return &stead.Principal{ID: stead.PrincipalID(name), Kind: stead.Person, Directory: directory, Name: name, Groups: groups}
	}
	last := fmt.Sprintf("g%d", n-1)
	return authority.Case{
		Action: stead.ActionAct, Principal: of("staff", "sam", "employees", "support", last), Subject: of("customers", "dana", "customers", last),
		App: &stead.App{ID: "orders"}, Mode: stead.ReadOnly, Level: 2, AMR: []string{"pwd", "otp"},
		Purpose: stead.Purpose{Reason: "SUP-4711"}, Length: 10 * time.Minute, Now: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC),
	}
}

// BenchmarkPolicy sets the keeper, from memory and anew, beside plain Cedar over the same rules.
func BenchmarkPolicy(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		c := actCase(n)
		b.Run(fmt.Sprintf("remembered/%d", n), func(b *testing.B) { benchKeeper(b, policyText(n, false), c) })
		b.Run(fmt.Sprintf("anew/%d", n), func(b *testing.B) { benchKeeper(b, policyText(n, true), c) })
		b.Run(fmt.Sprintf("plain/%d", n), func(b *testing.B) { benchPlain(b, policyText(n, false), n) })
	}
}

func benchKeeper(b *testing.B, text string, c authority.Case) {
	k := cedar.New()
	digest, err := k.Check(map[string]string{"bench.cedar": text})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !k.Judge(digest, c).Allow {
			b.Fatal("refused")
		}
	}
}

func benchPlain(b *testing.B, text string, n int) {
	set, err := cedargo.NewPolicySetFromBytes("bench.cedar", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	group := func(directory string) cedargo.EntityUID {
		return cedargo.NewEntityUID("Group", cedargo.String(fmt.Sprintf("%s/g%d", directory, n-1)))
	}
	sam, dana := cedargo.NewEntityUID("User", "staff/sam"), cedargo.NewEntityUID("User", "customers/dana")
	entities := cedargo.EntityMap{
		sam:  {UID: sam, Parents: cedargo.NewEntityUIDSet(group("staff"))},
		dana: {UID: dana, Parents: cedargo.NewEntityUIDSet(group("customers"))},
	}
	q := cedargo.Request{
		Principal: sam, Action: cedargo.NewEntityUID("Action", "act"), Resource: dana,
		Context: cedargo.NewRecord(cedargo.RecordMap{"level": cedargo.Long(2), "mode": cedargo.String("read-only")}),
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, _ := cedargo.Authorize(set, entities, q); !ok {
			b.Fatal("refused")
		}
	}
}

// BenchmarkPolicyCheck is what applying a bundle takes.
func BenchmarkPolicyCheck(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		files := map[string]string{"bench.cedar": policyText(n, false)}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := cedar.New().Check(files); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
