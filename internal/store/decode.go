package store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// stored form of an event, as stead.AppendEvent writes it.
type wireEvent struct {
	ID       stead.EventID     `json:"id"`
	Kind     stead.EventKind   `json:"kind"`
	At       string            `json:"at"`
	Actor    stead.PrincipalID `json:"actor"`
	Subject  stead.PrincipalID `json:"subject"`
	Mandate  stead.MandateID   `json:"mandate"`
	Session  stead.SessionID   `json:"session"`
	Decision stead.DecisionID  `json:"decision"`
	Of       stead.EventID     `json:"of"`
	Outcome  stead.Outcome     `json:"outcome"`
	Reason   stead.Reason      `json:"reason"`
	App      stead.AppID       `json:"app"`
	Policy   string            `json:"policy"`
	Status   int               `json:"status"`
	Size     int64             `json:"size"`
	Records  []stead.RecordRef `json:"records"`
	Counts   []stead.Count     `json:"counts"`
	Who      string            `json:"who"`
	What     string            `json:"what"`
}

// decodeEvent reads the stored bytes of an event. Its sealed parts come beside it.
func decodeEvent(b []byte) (e stead.Event, who, what []byte, err error) {
	var w wireEvent
	if err := json.Unmarshal(b, &w); err != nil {
		return e, nil, nil, stead.Because(err, "read a stored event")
	}
	at, err := time.Parse(stead.TimeForm, w.At)
	if err != nil {
		return e, nil, nil, stead.Because(err, "read the time of a stored event")
	}
	if who, err = base64.RawURLEncoding.DecodeString(w.Who); err != nil {
		return e, nil, nil, stead.Because(err, "read a sealed part")
	}
	if what, err = base64.RawURLEncoding.DecodeString(w.What); err != nil {
		return e, nil, nil, stead.Because(err, "read a sealed part")
	}
	e = stead.Event{
		ID: w.ID, Kind: w.Kind, At: at, Actor: w.Actor, Subject: w.Subject, Mandate: w.Mandate, Session: w.Session,
		Decision: w.Decision, Of: w.Of, Outcome: w.Outcome, Reason: w.Reason, App: w.App, Policy: w.Policy,
		Status: w.Status, Size: w.Size, Records: w.Records, Counts: w.Counts,
	}
	return e, who, what, nil
}

// unseal reads what seal wrote, into dst where it was sealed. Kind missing: a key is lost.
func (k *persons) unseal(dst, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, corrupt("a sealed part is empty")
	}
	n := int(sealed[0])
	if n == 0 {
		return sealed[1:], nil
	}
	if len(sealed) < 1+8*n {
		return nil, corrupt("a sealed part is cut off")
	}
	var room [4][]byte
	wrapped := room[:0]
	for i := range n {
		id := int64(binary.BigEndian.Uint64(sealed[1+8*i:]))
		key, known, err := k.wrapped(id)
		switch {
		case err != nil:
			return nil, err
		case !known:
			return nil, stead.E(stead.Missing, stead.ReasonNone, "the key for this is not in %s", keysFile)
		case key == nil:
			return nil, stead.E(stead.Missing, stead.ReasonUnknown, "this was erased")
		}
		wrapped = append(wrapped, key)
	}
	slices.SortFunc(wrapped, bytes.Compare) // as seal has them
	plain, err := k.sealer.Open(dst, sealed[1+8*n:], wrapped...)
	return plain, stead.Because(err, "open what is sealed")
}

// record reads the stored form of an object.
func (k *persons) record(kind stead.RecordKind, body []byte) (stead.Record, error) {
	r := reader{keys: k, decoder: new(stead.Decoder)}
	return r.record(kind, body)
}

// A reader reads many objects, one after the other.
type reader struct {
	keys    *persons
	decoder *stead.Decoder
	plain   []byte
}

func (r *reader) record(kind stead.RecordKind, body []byte) (stead.Record, error) {
	if len(body) < 2 {
		return nil, corrupt("a record is cut off")
	}
	plain, err := r.keys.unseal(r.plain[:0], body[1:])
	if err != nil {
		return nil, err
	}
	if body[1] != 0 {
		r.plain = plain // what was sealed is ours
	}
	return r.decoder.Record(kind, plain)
}

// fields reads a sealed part; what was erased is empty.
func (k *persons) fields(sealed []byte) (stead.Fields, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := k.unseal(nil, sealed)
	if stead.KindOf(err) == stead.Missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f stead.Fields
	return f, stead.Because(json.Unmarshal(plain, &f), "read a sealed part")
}

// read reads a stored event, opened as far as the keys are there, and which keys these are.
func (k *persons) read(stored []byte) (e stead.Event, k1, k2 int64, err error) {
	e, who, what, err := decodeEvent(stored)
	if err != nil {
		return e, 0, 0, err
	}
	if e.Who, err = k.fields(who); err != nil {
		return e, 0, 0, err
	}
	if e.What, err = k.fields(what); err != nil {
		return e, 0, 0, err
	}
	k1, k2 = keysOf(who, what)
	return e, k1, k2, nil
}
