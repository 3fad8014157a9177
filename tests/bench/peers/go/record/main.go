// SPDX-License-Identifier: Apache-2.0

// One event, recorded by client_golang again and again, by all threads on the same series, or
// (labelled) on the same 144 in turn: whoever starts it takes the processor time.
//
// usage: record counter|histogram|labelled THREADS EVENTS (EVENTS are of each thread)
package main

import (
	"log"
	"os"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	paths    = []string{"/", "/hello", "/slow", "/metrics", "/a", "/b", "/c", "other"}
	methods  = []string{"GET", "HEAD", "POST"}
	statuses = []string{"200", "204", "400", "404", "405", "500"}
)

// observed are values as they come from requests: spread over all buckets, in no order.
func observed() []float64 {
	values := make([]float64, 4096)
	state := uint64(1)
	for i := range values {
		state = state*6364136223846793005 + 1442695040888963407
		spread := float64(state>>40) / float64(1<<24)
		values[i] = 0.0002 * float64(uint64(1)<<uint(spread*17))
	}
	return values
}

// recorder gives what records the i-th event, or nil.
func recorder(what string) func(i int) {
	switch what {
	case "counter":
		events := prometheus.NewCounter(prometheus.CounterOpts{Name: "events_total"})
		return func(int) { events.Inc() }
	case "histogram":
		seconds := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "seconds", Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 12)})
		values := observed()
		return func(i int) { seconds.Observe(values[i%4096]) }
	case "labelled":
		requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"},
			[]string{"path", "method", "code"})
		return func(i int) {
			requests.WithLabelValues(paths[i%8], methods[i%3], statuses[i%6]).Inc()
		}
	}
	return nil
}

func main() {
	const usage = "usage: record counter|histogram|labelled THREADS EVENTS"
	if len(os.Args) != 4 {
		log.Fatal(usage)
	}
	record := recorder(os.Args[1])
	threads, bad := strconv.Atoi(os.Args[2])
	events, worse := strconv.Atoi(os.Args[3])
	if record == nil || bad != nil || worse != nil {
		log.Fatal(usage)
	}
	var done sync.WaitGroup
	for range threads {
		done.Go(func() {
			for i := range events {
				record(i)
			}
		})
	}
	done.Wait()
}
