package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/verify/direct"
)

// verification collects the metrics of the verifier. It calls stats once a scrape, since
// that takes every lock of the cache.
type verification struct {
	stats   func() direct.Stats
	metrics []verificationMetric
}

type verificationMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(direct.Stats) float64
}

func newVerification(stats func() direct.Stats) *verification {
	v := &verification{stats: stats}
	add := func(kind prometheus.ValueType, name, help string, value func(direct.Stats) float64) {
		v.metrics = append(v.metrics, verificationMetric{prometheus.NewDesc(name, help, nil, nil), kind, value})
	}
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	add(counter, "auth_verify_hits_total", "Tokens verified from memory.", func(s direct.Stats) float64 { return float64(s.Hits) })
	add(counter, "auth_verify_misses_total", "Tokens verified by a read from Redis.", func(s direct.Stats) float64 { return float64(s.Misses + s.Reads) })
	add(counter, "auth_verify_made_up_total", "Tokens refused for wrong check characters, without reading Redis.", func(s direct.Stats) float64 { return float64(s.MadeUp) })
	add(counter, "auth_verify_bad_records_total", "Reads for verification that found a record with a wrong MAC or an unknown version.", func(s direct.Stats) float64 { return float64(s.BadRecords) })
	add(counter, "auth_verify_failures_total", "Reads for verification that Redis did not answer.", func(s direct.Stats) float64 { return float64(s.Failures) })
	add(counter, "auth_verify_pushes_total", "Tokens that Redis reported as changed.", func(s direct.Stats) float64 { return float64(s.Pushes) })
	add(counter, "auth_verify_flushes_total", "How often the whole cache of tokens was dropped.", func(s direct.Stats) float64 { return float64(s.Flushes) })
	add(counter, "auth_verify_evictions_total", "Tokens dropped from the cache to make room for others.", func(s direct.Stats) float64 { return float64(s.Evicted) })
	add(gauge, "auth_verify_entries", "Tokens in memory.", func(s direct.Stats) float64 { return float64(s.Entries) })
	add(gauge, "auth_verify_bytes", "Estimated memory of these tokens, which AUTH_API_VERIFY_CACHE_MIB bounds.", func(s direct.Stats) float64 { return float64(s.Bytes) })
	add(gauge, "auth_verify_bound_seconds", "Longest time for which a revoked token may pass.", func(s direct.Stats) float64 { return s.Bound.Seconds() })
	add(gauge, "auth_verify_lease_seconds", "How long the cache may be used without a new proof that nothing changed; 0: it is not used.", func(s direct.Stats) float64 { return s.Lease.Seconds() })
	return v
}

// Describe implements prometheus.Collector.
func (v *verification) Describe(to chan<- *prometheus.Desc) {
	for _, m := range v.metrics {
		to <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (v *verification) Collect(to chan<- prometheus.Metric) {
	s := v.stats()
	for _, m := range v.metrics {
		to <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(s))
	}
}
