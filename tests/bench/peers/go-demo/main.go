// SPDX-License-Identifier: Apache-2.0

// The Go counterpart of demo-cpp for the benchmarks: net/http and client_golang, the families and
// endpoints of demo-cpp that the benchmarks ask for.
package main

import (
	"io"
	"log"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var (
	requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "demo_http_requests_total", Help: "Total HTTP requests.",
	}, []string{"path", "method", "code"})
	durations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "demo_http_request_duration_seconds", Help: "HTTP request duration in seconds.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"path", "method"})
)

func counted(path string, handle http.HandlerFunc) {
	http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		handle(w, r)
		requests.WithLabelValues(path, r.Method, strconv.Itoa(http.StatusOK)).Inc()
		durations.WithLabelValues(path, r.Method).Observe(time.Since(begin).Seconds())
	})
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go-demo PORT")
	}
	prometheus.MustRegister(requests, durations)
	counted("/status/200", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "200 OK\n")
	})
	counted("/hello", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
		io.WriteString(w, "hello\n")
	})
	http.Handle("/metrics", promhttp.Handler())
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
