// SPDX-License-Identifier: Apache-2.0

// The Go counterpart of demo-cpp and of series-server for the benchmarks: net/http, client_golang,
// the families and endpoints that the benchmarks ask for; with SERIES, as many counters instead.
//
// usage: demo PORT|ADDRESS:PORT [SERIES]
package main

import (
	"fmt"
	"io"
	"log"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"loopmeter/bench/counted"
)

func handle(path string, answer http.HandlerFunc) {
	http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		answer(w, r)
		counted.Request(path, r.Method, http.StatusOK, time.Since(begin))
	})
}

// withSeries is a registry with nothing but that many counters.
func withSeries(count int) *prometheus.Registry {
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bench_events_total", Help: "Events by tenant.",
	}, []string{"tenant"})
	for i := range count {
		events.WithLabelValues(fmt.Sprintf("tenant-%07d", i)).Add(float64(i*7919 + 1))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(events)
	return registry
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		log.Fatal("usage: demo PORT|ADDRESS:PORT [SERIES]")
	}
	handle("/status/200", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "200 OK\n")
	})
	handle("/hello", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
		io.WriteString(w, "hello\n")
	})
	metrics := promhttp.Handler()
	if len(os.Args) == 3 {
		series, err := strconv.Atoi(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		metrics = promhttp.HandlerFor(withSeries(series), promhttp.HandlerOpts{})
	}
	http.Handle("/metrics", metrics)
	address := os.Args[1]
	if !strings.Contains(address, ":") {
		address = "127.0.0.1:" + address
	}
	log.Fatal(http.ListenAndServe(address, nil))
}
