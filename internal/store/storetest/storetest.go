// Package storetest is the contract of a store as tests: what every engine must keep. Every case runs through two
// stores on one database, since that is how many there may be; an engine that allows one gives the same store twice.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Store is what is tested.
type Store interface {
	authority.Store
	Event(ctx context.Context, index uint64) (authority.StoredEvent, error)
	Follow(ctx context.Context, after uint64, each func(authority.StoredEvent) error) error
	FollowState(ctx context.Context, after uint64, each func(authority.StoredEvent) error) error
	Lease(ctx context.Context, name, holder string, ttl time.Duration) error
	Release(ctx context.Context, name, holder string) error
	Prune(ctx context.Context, index uint64, said stead.Event) (uint64, error)
	Settled(ctx context.Context, number uint64) error
	Head() stead.Head
}

// Noon is the time that stores under test must take it to be.
func Noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

// Run runs the contract. open gives two stores on one new database and closes them with the test.
func Run(t *testing.T, open func(t *testing.T) (a, b Store)) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store, Store)
	}{
		{"append", appends}, {"all or nothing", wholeOrNot}, {"versions", versions}, {"counters", counters},
		{"fifty starts", fiftyStarts}, {"panic", panics}, {"nothing to write", nothing}, {"cancelled", cancelled},
		{"urgent", urgent}, {"the past", past}, {"query", query}, {"pages", pages}, {"counts", counts}, {"follow", follows},
		{"leases", leases}, {"erase", erases}, {"prune", prunes},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := open(t)
			c.test(t, a, b)
		})
	}
}

// Person is the nth account, in the given version.
func Person(n int, version uint64) stead.Principal {
	return stead.Principal{
		ID: stead.PrincipalID(fmt.Sprintf("prn_%d", n)), Version: version, Kind: stead.Person, Directory: "staff",
		Name: fmt.Sprintf("p%d", n), Shown: fmt.Sprintf("Person %d in version %d", n, version), Person: Key(n),
	}
}

// Key is the person key of the nth account.
func Key(n int) stead.PersonKey { return stead.PersonKey(fmt.Sprintf("per_%d", n)) }

// Event is an event in which the nth account does something for the mth.
func Event(kind stead.EventKind, n, m int) stead.Event {
	return stead.Event{
		ID: stead.EventID(fmt.Sprintf("evt_%s_%d_%d", kind, n, m)), Kind: kind, At: Noon(), Outcome: stead.OK,
		Actor: Person(n, 1).ID, Subject: Person(m, 1).ID, ActorPerson: Key(n), SubjectPerson: Key(m),
		Who: stead.Fields{"name": fmt.Sprintf("p%d", n)}, What: stead.Fields{"page": fmt.Sprintf("page %d of %d", m, n)},
	}
}

func enrol(n int) authority.Entry {
	return put(stead.Change{Event: Event("person.enrolled", n, n), Records: []stead.Record{Person(n, 1)}})
}

// latest brings the stores to the end of the log: what one wrote the other need not have heard of yet.
func latest(t *testing.T, stores ...Store) {
	t.Helper()
	for _, s := range stores {
		if err := s.Latest(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func put(changes ...stead.Change) authority.Entry { return authority.Entry{Changes: changes} }

func must(t *testing.T, s Store, e authority.Entry) stead.Receipt {
	t.Helper()
	r, err := s.Append(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantKind(t *testing.T, err error, kind stead.Kind, reason stead.Reason) {
	t.Helper()
	if stead.KindOf(err) != kind || stead.ReasonOf(err) != reason {
		t.Errorf("the error is %v (%s, %s), not %s, %s", err, stead.KindOf(err), stead.ReasonOf(err), kind, reason)
	}
}
