package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"sync"

	"github.com/steadhq/stead"
)

// prepared is a change in the bytes it is stored in.
type prepared struct {
	change  stead.Change
	event   []byte
	leaf    stead.Hash
	k1, k2  int64 // ids of the keys its parts are sealed under
	records []stored

	who, what string // its fields, for the projection
}

// stored is one version of an object as it is kept.
type stored struct {
	ref  stead.RecordRef
	live bool
	body []byte
}

func (s *Store) encodeAll(changes []stead.Change) ([]prepared, error) {
	if len(changes) > 1 {
		if err := s.keys.ready(peopleOf(changes)); err != nil {
			return nil, err
		}
	}
	all := make([]prepared, len(changes))
	for i := range changes {
		p, err := s.encode(changes[i])
		if err != nil {
			return nil, err
		}
		all[i] = p
	}
	return all, nil
}

// peopleOf are those that changes speak of, some of them more than once, or nobody.
func peopleOf(changes []stead.Change) (all []stead.PersonKey) {
	for _, c := range changes {
		all = append(all, c.Event.ActorPerson, c.Event.SubjectPerson)
		for _, r := range c.Records {
			all = append(all, r.About()...)
		}
	}
	return all
}

// encode seals and hashes a change. Nothing in it depends on where it will stand in the log.
func (s *Store) encode(c stead.Change) (prepared, error) {
	p := prepared{change: c}
	e := &p.change.Event
	e.Records, e.Counts = nil, c.Counts
	for _, r := range c.Records {
		st, err := s.encodeRecord(r)
		if err != nil {
			return p, err
		}
		p.records = append(p.records, st)
		e.Records = append(e.Records, st.ref)
	}
	r := rooms.Get().(*room)
	defer rooms.Put(r)
	who, said, err := s.sealFields(r, r.who[:0], e.Who, e.ActorPerson, "")
	if err != nil {
		return p, err
	}
	r.who, p.who = who, said
	what, said, err := s.sealFields(r, r.what[:0], e.What, e.ActorPerson, e.SubjectPerson)
	if err != nil {
		return p, err
	}
	r.what, p.what = what, said
	e.Who, e.What = nil, nil // from here on they are sealed
	p.k1, p.k2 = keysOf(who, what)
	r.event = stead.AppendEvent(r.event[:0], e, who, what)
	p.event = bytes.Clone(r.event)
	p.leaf = s.o.Log.Leaf(p.event)
	return p, nil
}

// A room is where an event is put together before it is as long as it will be.
type room struct {
	who, what, plain, event []byte
	wrapped                 [maxKeys][]byte
}

// maxKeys is how many keys a room has space for; more are possible.
const maxKeys = 4

var rooms = sync.Pool{New: func() any { return new(room) }}

// encodeRecord gives the stored form: a byte that says whether it is live, the ids of the keys, the sealed JSON.
func (s *Store) encodeRecord(r stead.Record) (stored, error) {
	st := stored{ref: r.Ref(), live: r.Live()}
	plain, err := json.Marshal(r)
	if err != nil {
		return st, stead.Because(err, "write a record")
	}
	b := append(make([]byte, 0, len(plain)+64), mark(st.live))
	in := rooms.Get().(*room)
	defer rooms.Put(in)
	if b, err = s.seal(in, b, plain, r.About()); err != nil {
		return st, err
	}
	st.body, st.ref.SHA256 = b, sha256.Sum256(b)
	return st, nil
}

func mark(live bool) byte {
	if live {
		return 1
	}
	return 0
}

// sealFields gives the sealed form of f and what was sealed; nothing is kept of whom is erased.
func (s *Store) sealFields(r *room, dst []byte, f stead.Fields, actor, subject stead.PersonKey) (sealed []byte, plain string, err error) {
	if len(f) == 0 {
		return dst, "", nil
	}
	var keys [2]stead.PersonKey
	about := keys[:0]
	if actor != "" {
		about = append(about, actor)
	}
	if subject != "" && subject != actor {
		about = append(about, subject)
	}
	r.plain = stead.AppendFields(r.plain[:0], f)
	sealed, err = s.seal(r, dst, r.plain, about)
	switch {
	case stead.KindOf(err) == stead.Missing:
		return dst, "", nil
	case err != nil:
		return nil, "", err
	}
	return sealed, string(r.plain), nil
}

// seal appends: how many keys, their ids, and the text sealed under all of them; no key, no seal.
func (s *Store) seal(r *room, dst, plain []byte, about []stead.PersonKey) ([]byte, error) {
	if len(about) == 0 {
		return append(append(dst, 0), plain...), nil
	}
	var ids [maxKeys]int64
	used, wrapped := ids[:0], r.wrapped[:0]
	for _, p := range about {
		k, err := s.keys.ensure(p)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(used, k.id) {
			used, wrapped = append(used, k.id), append(wrapped, k.wrapped)
		}
	}
	dst = append(dst, byte(len(used)))
	for _, id := range used {
		dst = binary.BigEndian.AppendUint64(dst, uint64(id))
	}
	slices.SortFunc(wrapped, bytes.Compare) // as the sealer has them: it need not sort a copy
	return s.o.Sealer.Seal(dst, plain, wrapped...)
}

// keysOf gives the ids of the keys that the parts of an event are sealed under.
func keysOf(who, what []byte) (k1, k2 int64) {
	for _, part := range [][]byte{who, what} {
		if len(part) >= 9 && part[0] >= 1 {
			k1 = int64(binary.BigEndian.Uint64(part[1:]))
		}
		if len(part) >= 17 && part[0] >= 2 {
			k2 = int64(binary.BigEndian.Uint64(part[9:]))
		}
	}
	return k1, k2
}

func corrupt(format string, args ...any) error {
	return stead.E(stead.Broken, stead.ReasonBroken, format, args...)
}
