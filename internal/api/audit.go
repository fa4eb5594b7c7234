package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type checkpointOut struct {
	Body struct {
		Checkpoint string `json:"checkpoint" doc:"signed head of the log, C2SP tlog-checkpoint: keep it elsewhere"`
		Key        string `json:"key" doc:"verifier key; compare it with one that came another way"`
	}
}

type proofIn struct {
	Index uint64 `query:"index" required:"true" doc:"place in the log, from 0"`
}

type proofOut struct {
	Body struct {
		Index uint64 `json:"index"`
		Event string `json:"event" doc:"the stored bytes, which the leaf hash is over"`
		Proof string `json:"proof" doc:"C2SP tlog-proof"`
		Key   string `json:"key"`
	}
}

func (a *API) audit(d *door) {
	add(d, operation{method: "GET", path: "/v1/audit/checkpoint", id: "get-checkpoint", tag: web.InSession, group: "audit", says: "The signed head of the log"}, a.checkpoint)
	add(d, operation{method: "GET", path: "/v1/audit/proof", id: "prove-event", tag: web.Auditor, group: "audit", says: "Prove that one event is in the log"}, a.proof)
	add(d, operation{
		method: "GET", path: "/v1/audit/export", id: "export-audit", tag: web.Auditor, group: "audit",
		says: "Export events in a form that anybody can verify; that they leave is on record",
		answer: &huma.Response{Description: "JSON lines, form stead-export/1; or a sheet", Content: map[string]*huma.MediaType{
			"application/jsonl": {Schema: &huma.Schema{Type: huma.TypeString}},
			"text/csv":          {Schema: &huma.Schema{Type: huma.TypeString}},
		}},
	}, a.export)
}

func (a *API) checkpoint(ctx context.Context, _ authority.By, _ *nothing) (*checkpointOut, error) {
	note, err := a.Log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	out := &checkpointOut{}
	out.Body.Checkpoint, out.Body.Key = string(note), a.Log.Key()
	return out, nil
}

func (a *API) proof(ctx context.Context, _ authority.By, in *proofIn) (*proofOut, error) {
	event, proof, err := a.Log.Prove(ctx, in.Index)
	if err != nil {
		return nil, err
	}
	out := &proofOut{}
	out.Body.Index, out.Body.Event, out.Body.Proof, out.Body.Key = in.Index, string(event), string(proof), a.Log.Key()
	return out, nil
}

type trustOut struct {
	Body struct {
		Needed int `json:"still_needed" doc:"how many more people must look at the clock"`
	}
}

type advanceIn struct {
	Body struct {
		Advance string `json:"advance" minLength:"1" doc:"such as 24h"`
	}
}

type advanceOut struct {
	Body struct {
		Now time.Time `json:"now"`
	}
}

func (a *API) clock(d *door) {
	add(d, operation{method: "POST", path: "/v1/clock/trust", id: "trust-clock", tag: web.Admin, roles: rulers(), group: "server", says: "Say that the clock is right after a jump: two people must"}, a.trust)
	if a.Advance == nil {
		return
	}
	add(d, operation{method: "POST", path: "/v1/dev/clock", id: "advance-clock", tag: web.Dev, group: "server", says: "Move the clock on"}, a.advance)
}

func (a *API) trust(ctx context.Context, by authority.By, _ *nothing) (*trustOut, error) {
	n, err := a.Verbs.TrustClock(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &trustOut{}
	out.Body.Needed = n
	return out, nil
}

func (a *API) advance(ctx context.Context, _ authority.By, in *advanceIn) (*advanceOut, error) {
	var d stead.Duration
	if err := d.UnmarshalText([]byte(in.Body.Advance)); err != nil {
		return nil, err
	}
	now, err := a.Advance(ctx, time.Duration(d))
	if err != nil {
		return nil, err
	}
	out := &advanceOut{}
	out.Body.Now = now.UTC()
	return out, nil
}
