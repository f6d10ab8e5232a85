package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"auth.books.test/internal/graceful"
)

const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	// headerLimit is the maximum size of the headers, in bytes.
	headerLimit = 8 << 10
	// maxConnections is how many connections may be open at once.
	maxConnections = 4096
)

// serve serves until ctx ends, then stops in order: readiness fails and each response closes
// its connection, then no new connections are accepted, then requests in flight finish. So a
// client that keeps its connection never loses a request.
func serve(ctx context.Context, l net.Listener, a *api, s settings, log *slog.Logger) error {
	server := &http.Server{
		Handler: closeConnections(a, &a.draining), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerLimit, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	limited := graceful.NewListener(l, maxConnections)
	go func() { failed <- server.Serve(limited) }()
	log.InfoContext(ctx, "serving", "addr", l.Addr().String(), "version", version)

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "stopping", "readiness_fails_for", s.ShutdownDelay.Duration)
	a.draining.Store(true)
	// Load balancers need time to notice that readiness fails.
	time.Sleep(s.ShutdownDelay.Duration)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ShutdownTimeout.Duration)
	defer cancel()
	if err := limited.Stop(limit); err != nil {
		return fmt.Errorf("stop listening: %w", err)
	}
	limited.Wait(limit, graceful.DrainTime)
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(errors.New("stop serving: requests in flight did not finish"), err)
	}
	return nil
}

// closeConnections sends `Connection: close` while the service drains (RFC 9112, section
// 9.6), and after a request whose end a proxy and this server might see in different places.
// net/http accepts Transfer-Encoding beside Content-Length, and ignores it in HTTP/1.0. No
// route here takes a body. HTTP versions that do not exist are refused.
//
// http.Server.SetKeepAlivesEnabled would close idle connections at once, although requests
// may be in flight on them.
func closeConnections(next http.Handler, draining *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Proto != "HTTP/1.1" || len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		w = closingWriter{w, draining}
		if r.Proto != "HTTP/1.1" && r.Proto != "HTTP/1.0" {
			http.Error(w, "Speak HTTP/1.1.", http.StatusHTTPVersionNotSupported)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type closingWriter struct {
	http.ResponseWriter
	draining *atomic.Bool
}

// WriteHeader checks when the response begins, not when the request arrived.
func (w closingWriter) WriteHeader(status int) {
	if w.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w closingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
