package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	// headerLimit bounds the headers, in bytes.
	headerLimit = 8 << 10
)

// serve answers on the listener until ctx ends, then stops in order: readiness
// fails, then nothing new is taken, then requests in flight finish.
func serve(ctx context.Context, l net.Listener, a *api, s settings, log *slog.Logger) error {
	server := &http.Server{
		Handler: a, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerLimit, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	log.InfoContext(ctx, "serving", "addr", l.Addr().String(), "version", version)

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "stopping", "readiness_fails_for", s.ShutdownDelay.Duration)
	a.draining.Store(true)
	// Until those who send requests here have seen that.
	time.Sleep(s.ShutdownDelay.Duration)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ShutdownTimeout.Duration)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(errors.New("stop serving: requests in flight did not finish"), err)
	}
	return nil
}
