package api

import (
	"context"
	"strconv"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type approveIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body struct {
		Digest  string `json:"digest" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]+$" doc:"of what was seen: an approval holds for exactly that"`
		Comment string `json:"comment,omitempty" maxLength:"2000"`
	}
}

// A body that may be missing is a pointer; said gives what it says, or nothing.
func said[B any](b *B) B {
	if b == nil {
		return *new(B)
	}
	return *b
}

type commentIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"2000" doc:"what you say; nobody takes it for a yes"`
	}
}

type codeIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body *codeBody
}

type codeBody struct {
	Code string `json:"code,omitempty" maxLength:"16" doc:"the current one-time code, where it is asked for"`
}

type reasonIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body *reasonBody
}

type reasonBody struct {
	Reason string `json:"reason,omitempty" maxLength:"2000"`
	Code   string `json:"code,omitempty" maxLength:"16"`
}

type revokeIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body *revokeBody
}

type revokeBody struct {
	Reason string `json:"reason,omitempty" maxLength:"2000"`
}

// turns are the transitions of a mandate: a row each.
func (a *API) turns(d *door) {
	v := a.Verbs
	turn(a, d, "approve", web.Approver, "Agree to exactly what was asked", func(ctx context.Context, by authority.By, in *approveIn) (stead.Mandate, error) {
		return v.Approve(ctx, by, in.ID, in.Body.Digest, in.Body.Comment)
	})
	turn(a, d, "refuse", web.Approver, "Say no to what was asked", func(ctx context.Context, by authority.By, in *approveIn) (stead.Mandate, error) {
		return v.Refuse(ctx, by, in.ID, in.Body.Digest, in.Body.Comment)
	})
	turn(a, d, "comment", web.InSession, "Say something about a request that is your business: no vote", func(ctx context.Context, by authority.By, in *commentIn) (stead.Mandate, error) {
		return v.Comment(ctx, by, in.ID, in.Body.Text)
	})
	turn(a, d, "withdraw", web.ActorSelf, "Take back what you asked, or what an agent of yours asked", func(ctx context.Context, by authority.By, in *mandateIn) (stead.Mandate, error) {
		return v.Withdraw(ctx, by, in.ID)
	})
	turn(a, d, "claim", web.ActorSelf, "Take what you asked for in another session over into this one", func(ctx context.Context, by authority.By, in *mandateIn) (stead.Mandate, error) {
		return v.Claim(ctx, by, in.ID)
	})
	turn(a, d, "start", web.ActorSelf, "Start acting, in this session; as an agent, start the task", func(ctx context.Context, by authority.By, in *codeIn) (stead.Mandate, error) {
		if by.Key != "" {
			return v.StartTask(ctx, by, in.ID)
		}
		code, err := a.arm(ctx, by.Untied(), said(in.Body).Code)
		if err != nil {
			return stead.Mandate{}, err
		}
		return v.Start(ctx, by, in.ID, code)
	})
	turn(a, d, "extend", web.ActorSelf, "Ask for one more term", func(ctx context.Context, by authority.By, in *reasonIn) (stead.Mandate, error) {
		return v.Extend(ctx, by, in.ID, said(in.Body).Reason, said(in.Body).Code)
	})
	turn(a, d, "end", web.ActorSelf, "End it: the task is done", func(ctx context.Context, by authority.By, in *mandateIn) (stead.Mandate, error) {
		return v.End(ctx, by, in.ID)
	})
	turn(a, d, "revoke", web.InSession, "Take the authority away", func(ctx context.Context, by authority.By, in *revokeIn) (stead.Mandate, error) {
		return v.Revoke(ctx, by, in.ID, said(in.Body).Reason)
	})
	turn(a, d, "suspend", web.InSession, "Hold it until it is resumed", func(ctx context.Context, by authority.By, in *revokeIn) (stead.Mandate, error) {
		return v.Suspend(ctx, by, in.ID, said(in.Body).Reason)
	})
	turn(a, d, "resume", web.InSession, "Let it go on", func(ctx context.Context, by authority.By, in *revokeIn) (stead.Mandate, error) {
		return v.Resume(ctx, by, in.ID, said(in.Body).Reason)
	})
}

func turn[I any](a *API, d *door, verb string, tag web.Tag, says string, move func(context.Context, authority.By, *I) (stead.Mandate, error)) {
	o := operation{method: "POST", path: "/v1/mandates/{id}/" + verb, id: verb + "-mandate", tag: tag, group: "mandates", of: stead.KindMandate, says: says}
	once(d, o, func(ctx context.Context, by authority.By, in *I) (*mandateOut, error) {
		return a.moved(move(ctx, by, in))
	}, func(ctx context.Context, by authority.By, _ *I, _ uint64) (*mandateOut, error) {
		return a.get(ctx, by, &mandateIn{stead.MandateID(ctx.Value(callKey{}).(*call).r.PathValue("id"))})
	})
}

func etag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }
