// SPDX-License-Identifier: Apache-2.0

// Package counted has the families that demo-cpp keeps of its requests, by client_golang.
package counted

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	requests = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "demo_http_requests_total", Help: "Total HTTP requests.",
	}, []string{"path", "method", "code"})
	durations = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "demo_http_request_duration_seconds", Help: "HTTP request duration in seconds.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"path", "method"})
)

// Request counts one that is answered.
func Request(path, method string, code int, took time.Duration) {
	requests.WithLabelValues(path, method, strconv.Itoa(code)).Inc()
	durations.WithLabelValues(path, method).Observe(took.Seconds())
}
