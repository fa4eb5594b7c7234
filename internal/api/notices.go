package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Notices shows what people outside are told, and tries the ways there.
type Notices interface {
	Board(context.Context) (NoticeBoard, error)
	// Try sends a test to a channel, or only shows it. Errors: missing, conflict, refused, broken.
	Try(ctx context.Context, by authority.By, channel string, only bool) (NoticeTried, error)
}

// A NoticeBoard is what waits to be sent and what was given up.
type NoticeBoard struct {
	Channels []NoticeChannel `json:"channels"`
	Waiting  []Notice        `json:"waiting" doc:"not sent yet, oldest first"`
	GivenUp  []Notice        `json:"given_up" doc:"not sent at all, newest first, at most a hundred"`
}

// A NoticeChannel is one way out.
type NoticeChannel struct {
	ID      string `json:"id"`
	Kind    string `json:"kind" enum:"email,webhook,slack"`
	Waiting int    `json:"waiting"`
	More    bool   `json:"more,omitempty" doc:"more wait than are counted"`
	Error   string `json:"error,omitempty" doc:"of the last try, where this node sends"`
}

// A Notice is one message to one recipient.
type Notice struct {
	ID      string            `json:"id" doc:"the same at every try: webhook-id, Message-ID"`
	Channel string            `json:"channel"`
	Kind    string            `json:"kind" doc:"asked, reminder, escalated, approved, refused, expired, started or ended"`
	Event   stead.EventID     `json:"event" doc:"what it tells of"`
	Mandate stead.MandateID   `json:"mandate"`
	At      time.Time         `json:"at"`
	To      stead.PrincipalID `json:"to,omitempty" doc:"missing where the channel itself is the recipient"`
	Because string            `json:"because,omitempty" doc:"why it was given up"`
}

// A NoticeTried is a test of a channel.
type NoticeTried struct {
	Channel string `json:"channel"`
	Kind    string `json:"kind"`
	To      string `json:"to,omitempty"`
	Text    string `json:"text" doc:"what people read"`
	Sent    bool   `json:"sent"`
}

type noticesOut struct{ Body NoticeBoard }

type tryNoticeIn struct {
	Body struct {
		Channel string `json:"channel" minLength:"1" maxLength:"64"`
		Only    bool   `json:"only_show,omitempty" doc:"send nothing"`
	}
}

type triedOut struct{ Body NoticeTried }

func (a *API) notices(d *door) {
	add(d, operation{method: "GET", path: "/v1/notices", id: "list-notices", tag: web.Auditor, roles: authority.Onlookers(), group: "server", says: "What people are to be told and were not yet, and what was given up"},
		func(ctx context.Context, _ authority.By, _ *nothing) (*noticesOut, error) {
			if a.Notices == nil {
				return nil, untold()
			}
			b, err := a.Notices.Board(ctx)
			return &noticesOut{Body: b}, err
		})
	add(d, operation{method: "POST", path: "/v1/notices/test", id: "test-notice", tag: web.Admin, group: "server", says: "Try a channel with a message to yourself, or look at one"},
		func(ctx context.Context, by authority.By, in *tryNoticeIn) (*triedOut, error) {
			if a.Notices == nil {
				return nil, untold()
			}
			t, err := a.Notices.Try(ctx, by, in.Body.Channel, in.Body.Only)
			return &triedOut{Body: t}, err
		})
}

func untold() error {
	return stead.E(stead.Missing, stead.ReasonState, "this house tells nobody: set notify.channels")
}
