package httpapi

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/internal/graceful"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

// metrics have closed sets of labels: known methods, routes and codes, never a
// caller's text.
type metrics struct {
	requests      *prometheus.HistogramVec
	signIns       *prometheus.CounterVec
	verifications verifications
	routes        map[string]bool
}

// verifications are the counters of one metric, looked up once: one of them is counted
// at every request.
type verifications struct{ ok, invalid, unavailable prometheus.Counter }

const unmatched = "unmatched"

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "auth_http_request_seconds", Help: "Time from request to answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"method", "route", "status"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth_sign_ins_total", Help: "Sign-ins by result: ok or the code of the fault.",
		}, []string{"result"}),
		routes: map[string]bool{},
	}
	verified := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "auth_verifications_total", Help: "Verified tokens by result: ok, invalid or unavailable.",
	}, []string{"result"})
	m.verifications = verifications{
		ok: verified.WithLabelValues("ok"), invalid: verified.WithLabelValues("invalid"), unavailable: verified.WithLabelValues("unavailable"),
	}
	r.MustRegister(m.requests, m.signIns, verified)
	return m
}

// connections registers the listener's metrics. listener holds nil until Serve.
func (m metrics) connections(r prometheus.Registerer, listener *atomic.Pointer[graceful.Listener]) {
	value := func(of func(*graceful.Listener) float64) func() float64 {
		return func() float64 {
			if l := listener.Load(); l != nil {
				return of(l)
			}
			return 0
		}
	}
	r.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "auth_connections_open", Help: "Connections to the API that are open."},
			value(func(l *graceful.Listener) float64 { return float64(l.Open()) })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "auth_connections_refused_total", Help: "Connections refused because AUTH_API_MAX_CONNECTIONS were open."},
			value(func(l *graceful.Listener) float64 { return float64(l.Refused()) })),
	)
}

// setRoutes records which patterns are routes. Any other is counted as unmatched.
func (m metrics) setRoutes(app *fiber.App) {
	for _, route := range app.GetRoutes(true) {
		m.routes[route.Path] = true
	}
}

// answered counts a request and returns its route's pattern.
func (m metrics) answered(c *fiber.Ctx, took time.Duration) string {
	pattern := c.Route().Path
	if !m.routes[pattern] {
		pattern = unmatched
	}
	m.requests.WithLabelValues(request.Method(c.Method()), pattern, strconv.Itoa(c.Response().StatusCode())).Observe(took.Seconds())
	return pattern
}
