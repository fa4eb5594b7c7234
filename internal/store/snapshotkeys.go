package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/steadhq/stead"
)

// persons reads the keys as they lie there now; nil where there are none. Of another form they are not read: who opens
// everything in it is told.
func (s *Snapshot) persons(ctx context.Context) (*persons, error) {
	if s.o.DSN != "" {
		return s.personsFrom(ctx, s.dbs[0], pgDiffers)
	}
	if !there(s.o, keysFile) {
		return nil, nil
	}
	db, err := pool(s.o.dsn(keysFile, "query_only(1)"), 1)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return s.personsFrom(ctx, db, func(ctx context.Context, is queryer) (string, error) { return differs(ctx, is, keysSchema) })
}

func (s *Snapshot) personsFrom(ctx context.Context, from queryer, differs func(context.Context, queryer) (string, error)) (*persons, error) {
	k := newPersons(s.o, nil)
	if form, err := differs(ctx, from); form != "" || err != nil {
		return k, err
	}
	return k, k.loadFrom(ctx, from)
}

// Object takes note of the keys an object is sealed under and, where the master key is there, opens it: a key that was
// replaced opens nothing, and one that stands under another name would not be erased with its person.
func (r *Rest) Object(index uint64, kind stead.RecordKind, body []byte) {
	if len(body) < 2 {
		return
	}
	ids := keyIDs(body[1:])
	for _, id := range ids {
		r.name(id, index)
	}
	if r.reader == nil {
		return
	}
	opened, err := r.reader.record(kind, body)
	if stead.KindOf(err) == stead.Missing {
		return // of keys that are not there another asks
	}
	if err != nil {
		r.unopened = append(r.unopened, wrong{index, index + 1, "key", "what was sealed here does not open: a key was replaced"})
		return
	}
	for _, p := range opened.About() {
		if !slices.Contains(ids, r.s.keys.byName[p].id) {
			r.unopened = append(r.unopened, wrong{index, index + 1, "key", "the key of a person named here stands under another name"})
		}
	}
}

// name takes note of the first thing said under a key.
func (r *Rest) name(id int64, index uint64) {
	if first, some := r.named[id]; !some || index < first {
		r.named[id] = index
	}
}

// keys makes sure that nobody's key is gone whom no event erased, and that nobody's is there whom one did. A backup
// holds no keys; a folder with a projection is none.
func (r *Rest) keys(ctx context.Context, tell say) error {
	late, err := r.s.persons(ctx)
	if err != nil || late == nil && !there(r.s.o, eventsFile) {
		return err
	}
	erased, err := r.erasures(ctx)
	if err != nil {
		return err
	}
	for _, id := range slices.SortedFunc(maps.Keys(r.named), func(a, b int64) int { return cmp.Compare(r.named[a], r.named[b]) }) {
		at, was := erased[id]
		switch {
		case was && late.holds(id):
			tell(at, at+1, "key", "this event erased a person, and his key is there")
		case !was && !late.holds(id) && !r.s.keys.holds(id) && !r.s.before.holds(id):
			tell(r.named[id], r.named[id]+1, "key", "what was sealed here can not be read any more, and no event erased anybody it speaks of")
		}
	}
	r.wrapped(late, tell)
	return r.numbers(ctx, tell)
}

// numbers makes sure that every node hears of every erasure: they are numbered, and a number says how far they are.
func (r *Rest) numbers(ctx context.Context, tell say) error {
	if r.s.o.DSN == "" {
		return nil
	}
	const q = "SELECT count(DISTINCT erasure), coalesce(max(erasure), 0), (SELECT coalesce(max(n), -1) FROM erasures) FROM keys"
	var all, last, said int64
	err := r.s.log.QueryRowContext(ctx, q).Scan(&all, &last, &said)
	if err == nil && (all != last || last != said) {
		tell(r.size, r.size+1, "key", fmt.Sprintf("%d keys were erased, the last as number %d, and the nodes are told of %d", all, last, said))
	}
	return err
}

// wrapped finds keys that are none, or are those of somebody else. Where the master key is there, what is sealed was
// opened, and tells itself whose key was replaced.
func (r *Rest) wrapped(k *persons, tell say) {
	if k == nil {
		return
	}
	whose := map[string]int64{}
	for id, key := range k.byID {
		if _, some := r.named[id]; some && key != nil {
			whose[string(key)] = id
		}
	}
	for id, key := range k.byID {
		if key == nil {
			continue
		}
		index, some := r.named[id]
		if !some {
			index = r.size
		}
		other, same := whose[string(key)]
		switch {
		case same && !some:
			tell(index, index+1, "key", "a key that nothing was sealed under is that of somebody else")
		case same && other != id && k.sealer == nil:
			tell(min(index, r.named[other]), max(index, r.named[other])+1, "key", "two people have one key")
		}
		if k.sealer == nil {
			continue
		}
		if _, err := k.sealer.Seal(nil, nil, key); err != nil {
			tell(index, index+1, "key", "a key is none that the master key wrapped")
		}
	}
}

// erasures gives the keys that the log says are lost, and the events that say so.
func (r *Rest) erasures(ctx context.Context) (map[int64]uint64, error) {
	gone := map[int64]uint64{}
	for account, index := range r.erased {
		rows, err := texts(ctx, r.s.log, "SELECT body FROM objects WHERE kind = 'principal' AND id = ?", account)
		if err != nil {
			return nil, err
		}
		for _, body := range rows {
			for _, id := range keyIDs([]byte(body[min(1, len(body)):])) {
				gone[id] = index
			}
		}
	}
	return gone, nil
}

// holds tells whether a key is there; it may be asked of no keys.
func (k *persons) holds(id int64) bool { return k != nil && k.byID[id] != nil }
