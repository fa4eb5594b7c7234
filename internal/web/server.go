package web

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer is an http.Server with bounds on everything a client can stretch, for use with Listener. There is no
// bound on writing: streams live long, and gateways set their own per request.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:                      h,
		ConnContext:                  ConnContext,
		ReadHeaderTimeout:            10 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               64 << 10,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
