package api

import (
	"context"
	"testing"

	"github.com/steadhq/stead/internal/authority"
)

// A pinboard is a desk where messages wait.
type pinboard struct{ d *desk }

func (p pinboard) Board(context.Context) (NoticeBoard, error) {
	return NoticeBoard{Channels: []NoticeChannel{{ID: "mail", Kind: "email", Waiting: 1, Error: "no answer"}},
		Waiting: []Notice{{ID: "evt_1.prn_sam", Channel: "mail", Kind: "asked", To: "prn_sam"}}, GivenUp: []Notice{}}, p.d.note("notices")
}

func (p pinboard) Try(_ context.Context, _ authority.By, channel string, only bool) (NoticeTried, error) {
	if only {
		return NoticeTried{Channel: channel, Text: "Hello"}, p.d.note("show " + channel)
	}
	return NoticeTried{Channel: channel, Text: "Hello", Sent: true}, p.d.note("try " + channel)
}

func TestNotices(t *testing.T) {
	r := newRig(t)
	for _, row := range []struct {
		method, path, token, body string
		status                    int
		asked                     string
	}{
		{"GET", "/v1/notices", "stp_aud", "", 200, "notices"},
		{"GET", "/v1/notices", "stp_sam", "", 404, ""},
		{"POST", "/v1/notices/test", "stp_ada", `{"channel":"mail","only_show":true}`, 200, "show mail"},
		{"POST", "/v1/notices/test", "stp_ada", `{"channel":"mail"}`, 200, "try mail"},
		{"POST", "/v1/notices/test", "stp_sec", `{"channel":"mail"}`, 404, ""},
		{"POST", "/v1/notices/test", "stp_ada", `{"channel":"mail","to":"all@corp.test"}`, 400, ""},
	} {
		r.desk.asked = nil
		w := r.do(row.method, row.path, row.token, row.body)
		asked := ""
		if len(r.desk.asked) > 0 {
			asked = r.desk.asked[0]
		}
		if w.Code != row.status || asked != row.asked {
			t.Errorf("%s %s as %s: %d %q %s", row.method, row.path, row.token, w.Code, asked, w.Body)
		}
	}
}
