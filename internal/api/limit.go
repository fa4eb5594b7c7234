package api

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// What one session may ask for, where nothing else is set: so many requests in a minute, all of them at once if it likes.
const (
	quota    = 3000
	window   = time.Minute
	sessions = 100_000 // that are told apart
)

func (a *API) limiter() *web.Limiter {
	if a.Limit == nil {
		a.Limit = &web.Limiter{Every: window / quota, Burst: quota, Max: sessions, Now: a.Now}
	}
	return a.Limit
}

// within counts a request of a session, and tells the client where it stands (draft-ietf-httpapi-ratelimit-headers-10).
func (d *door) within(w http.ResponseWriter, by authority.By) error {
	name := string(by.Session)
	if name == "" {
		name = string(by.Instance)
	}
	if name == "" {
		return nil
	}
	l := d.limit
	v := l.Take(name)
	full := time.Duration(l.Burst-v.Left) * l.Every
	h := w.Header()
	h.Set("RateLimit-Policy", fmt.Sprintf(`"session";q=%d;w=%d`, l.Burst, seconds(time.Duration(l.Burst)*l.Every)))
	h.Set("RateLimit", fmt.Sprintf(`"session";r=%d;t=%d`, v.Left, seconds(full)))
	if v.OK {
		return nil
	}
	return &web.Fault{Err: stead.E(stead.Refused, stead.ReasonTooMany, "this session asks too much: wait a moment"), Wait: v.Wait}
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// paused adds to a no how long to wait.
func paused(err error) error {
	var held *authority.Held
	if !errors.As(err, &held) {
		return err
	}
	return &web.Fault{Err: err, Wait: held.Wait, Hint: hints[stead.ReasonTooMany]}
}
