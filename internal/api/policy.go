package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Bundle is policy as one object.
type Bundle struct {
	Digest  string            `json:"digest,omitempty"`
	Version uint64            `json:"version"`
	Files   map[string]string `json:"files"`
	Author  Who               `json:"author"`
	Applied Who               `json:"applied"`
	At      time.Time         `json:"at,omitzero"`
}

type policyOut struct {
	ETag string `header:"ETag"`
	Body struct {
		InForce Bundle  `json:"in_force"`
		Staged  *Bundle `json:"staged,omitempty" doc:"waits for its second person"`
		Tag     string  `json:"tag,omitempty" doc:"what If-Match compares, for those who oversee it: the versions of both"`
	}
}

type bundleOut struct {
	ETag string `header:"ETag"`
	Body Bundle
}

type filesIn struct {
	Body struct {
		Files map[string]string `json:"files" minProperties:"1" doc:"by name: *.cedar, schema, tests/*"`
	}
}

type stagedOut struct {
	ETag string `header:"ETag"`
	Body struct {
		Digest string `json:"digest" doc:"what another person than the author applies"`
	}
}

type applyIn struct {
	Body struct {
		Digest string `json:"digest" minLength:"64" maxLength:"64"`
	}
}

type planOut struct {
	Body struct {
		OK      bool         `json:"ok" doc:"it compiles and its tests pass"`
		Problem string       `json:"problem,omitempty"`
		Digest  string       `json:"digest,omitempty"`
		InForce string       `json:"in_force,omitempty"`
		Changes []FileChange `json:"changes"`
	}
}

// A FileChange is what becomes of one file.
type FileChange struct {
	File   string   `json:"file"`
	How    string   `json:"how" enum:"added,changed,removed"`
	Before []string `json:"before,omitempty" doc:"lines that go"`
	After  []string `json:"after,omitempty" doc:"lines that come"`
}

func (a *API) policy(d *door) {
	add(d, operation{method: "GET", path: "/v1/policy", id: "get-policy", tag: web.InSession, group: "policy", tagged: true, says: "The policy in force, for whoever it may let act; who made it and what is staged, for those who oversee it"}, a.getPolicy)
	once(d, operation{method: "POST", path: "/v1/policy/stage", id: "stage-policy", tag: web.Admin, roles: rulers(), group: "policy", of: stead.KindBundle, max: 8 << 20, status: http.StatusCreated, says: "Stage files: another person applies them"}, a.stage, a.stagedBefore)
	once(d, operation{method: "POST", path: "/v1/policy/apply", id: "apply-policy", tag: web.Admin, roles: rulers(), group: "policy", of: stead.KindBundle, says: "Put what another person staged in force"}, a.apply, func(context.Context, authority.By, *applyIn, uint64) (*bundleOut, error) {
		return &bundleOut{ETag: a.policyTag(), Body: a.bundle(a.Bundles.Bundle(authority.PolicyBundle))}, nil
	})
	add(d, operation{method: "POST", path: "/v1/policy/plan", id: "plan-policy", tag: web.Admin, roles: rulers(), group: "policy", max: 8 << 20, says: "What would change, and whether the tests pass"}, a.plan)
	add(d, operation{method: "POST", path: "/v1/policy/try", id: "try-policy", tag: web.Auditor, roles: authority.Onlookers(), group: "policy", says: "Ask the policy in force, or the one that is staged, a question, with no effect"}, a.try)
	add(d, operation{method: "GET", path: "/v1/decisions/{id}", id: "why", tag: web.InSession, group: "policy", says: "Why a decision is as it is"}, a.why)
}

func (a *API) getPolicy(ctx context.Context, by authority.By, _ *nothing) (*policyOut, error) {
	inForce, staged, err := a.Verbs.Policies(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &policyOut{ETag: etag(inForce.Version)}
	out.Body.InForce = a.bundle(inForce)
	if a.Verbs.May(by, authority.Onlookers()...) != nil {
		return out, nil
	}
	out.ETag = a.policyTag()
	out.Body.Tag = strings.Trim(out.ETag, `"`)
	if staged.Digest != "" {
		waits := a.bundle(staged)
		out.Body.Staged = &waits
	}
	return out, nil
}

func (a *API) bundle(b stead.Bundle) Bundle {
	v := Bundle{Digest: b.Digest, Version: b.Version, Files: b.Files, At: b.At, Author: a.show(b.Author), Applied: a.show(b.Applied)}
	if v.Files == nil {
		v.Files = map[string]string{}
	}
	return v
}

func (a *API) stage(ctx context.Context, by authority.By, in *filesIn) (*stagedOut, error) {
	digest, err := a.Verbs.Stage(ctx, by, in.Body.Files)
	if err != nil {
		return nil, err
	}
	out := &stagedOut{ETag: a.policyTag()}
	out.Body.Digest = digest
	return out, nil
}

// stagedBefore tells what was staged then; whether it still is, GET /v1/policy tells.
func (a *API) stagedBefore(ctx context.Context, _ authority.By, _ *filesIn, number uint64) (*stagedOut, error) {
	left, err := a.left(ctx, number, 1)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	out := &stagedOut{ETag: a.policyTag()}
	out.Body.Digest = left[0].Policy
	return out, nil
}

// policyTag is the version of policy: that in force, and that staged.
func (a *API) policyTag() string {
	return fmt.Sprintf(`"%d.%d"`, a.Bundles.Bundle(authority.PolicyBundle).Version, a.Bundles.Bundle(authority.StagedBundle).Version)
}

func (a *API) apply(ctx context.Context, by authority.By, in *applyIn) (*bundleOut, error) {
	b, err := a.Verbs.Apply(ctx, by, in.Body.Digest)
	if err != nil {
		return nil, err
	}
	return &bundleOut{ETag: a.policyTag(), Body: a.bundle(b)}, nil
}

func (a *API) plan(_ context.Context, _ authority.By, in *filesIn) (*planOut, error) {
	now := a.Bundles.Bundle(authority.PolicyBundle)
	out := &planOut{}
	out.Body.InForce, out.Body.Changes = now.Digest, changes(now.Files, in.Body.Files)
	digest, err := a.Rules.Check(in.Body.Files)
	switch stead.KindOf(err) {
	case "":
		out.Body.OK, out.Body.Digest = true, digest
	case stead.Invalid:
		out.Body.Problem = err.Error()
	default:
		return nil, err
	}
	return out, nil
}

func changes(before, after map[string]string) []FileChange {
	out := []FileChange{}
	for name, text := range after {
		old, there := before[name]
		switch {
		case !there:
			out = append(out, FileChange{File: name, How: "added", After: lines(text)})
		case old != text:
			gone, come := differ(lines(old), lines(text))
			out = append(out, FileChange{File: name, How: "changed", Before: gone, After: come})
		}
	}
	for name := range maps.Keys(before) {
		if _, there := after[name]; !there {
			out = append(out, FileChange{File: name, How: "removed", Before: lines(before[name])})
		}
	}
	slices.SortFunc(out, func(a, b FileChange) int { return cmp.Compare(a.File, b.File) })
	return out
}

type whyIn struct {
	ID stead.DecisionID `path:"id" maxLength:"64"`
}

type whyOut struct {
	Body struct {
		Decision stead.DecisionID `json:"decision"`
		Allowed  bool             `json:"allowed"`
		Reason   stead.Reason     `json:"reason_code,omitempty"`
		Text     string           `json:"text,omitempty" doc:"what, why, what next"`
		At       time.Time        `json:"at"`
		Index    uint64           `json:"index" doc:"of its event in the log"`
		Actor    Who              `json:"actor"`
		Subject  Who              `json:"subject"`
		Mandate  stead.MandateID  `json:"mandate,omitempty"`
		App      stead.AppID      `json:"app,omitempty"`
		Action   string           `json:"action"`
		Method   string           `json:"method,omitempty"`
		Path     string           `json:"path,omitempty"`
		Policy   string           `json:"policy,omitempty" doc:"digest of the policy that was asked"`
		Rights   stead.Rights     `json:"subject_rights,omitempty"`
		Same     bool             `json:"same_again" doc:"asked again with everything as it was, the same answer came out; where not, text says so and no rule is named"`
		authority.Explanation
	}
}

func (a *API) why(ctx context.Context, by authority.By, in *whyIn) (*whyOut, error) {
	e, err := a.Verbs.Why(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	out := &whyOut{}
	b, d := &out.Body, e.Decision
	b.Decision, b.Explanation, b.Same = in.ID, e.Explanation, e.Same
	b.Allowed, b.Reason, b.Text = e.Event.Outcome == stead.OK, e.Event.Reason, d.Text
	b.At, b.Index, b.Mandate, b.App, b.Policy, b.Rights = e.Event.At, e.Event.Index, e.Event.Mandate, e.Event.App, e.Event.Policy, d.Rights
	b.Actor, b.Subject = who(e.Event.Actor, e.Actor), who(e.Event.Subject, e.Subject)
	b.Action, b.Method, b.Path = e.Event.What["action"], e.Event.What["method"], e.Event.What["path"]
	return out, nil
}
