package web

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer is an http.Server with bounds on everything a client can stretch, for use with Listener over Patient. There is
// no bound on how long an answer takes: streams live long. What a body may take, gateways bound piece by piece.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:                      h,
		ConnContext:                  ConnContext,
		ReadHeaderTimeout:            10 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               64 << 10,
		DisableGeneralOptionsHandler: true,
		HTTP2:                        &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: Patience},
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
