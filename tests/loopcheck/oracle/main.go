// SPDX-License-Identifier: Apache-2.0

// What the Prometheus Operator and Prometheus themselves make of Kubernetes objects: the judge of
// loopcheck's predictions. Each line of the standard input is a case, {"id", "objects"}; each line of
// the output is its answer. The operator selects, rejects and generates, Prometheus loads what was
// generated, discovers from an API server that serves the case's objects, and relabels.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"

	"k8s.io/klog/v2"
)

type testCase struct {
	ID      json.RawMessage   `json:"id"`
	Objects []json.RawMessage `json:"objects"`
}

type pool struct {
	Name       string          `json:"name"`
	Prometheus string          `json:"prometheus"`
	Config     json.RawMessage `json:"config"` // as the operator wrote it
}

type monitor struct {
	Monitor    string `json:"monitor"`
	Prometheus string `json:"prometheus"`
	Why        string `json:"why,omitempty"`
}

// One that Prometheus scrapes.
type active struct {
	Pool       string            `json:"pool"`
	Prometheus string            `json:"prometheus"`
	Labels     map[string]string `json:"labels"`
	Discovered map[string]string `json:"discovered"`
	URL        string            `json:"url"`
	Interval   string            `json:"interval"`
	Timeout    string            `json:"timeout"`
}

// One that relabelling drops (on every shard), or of which Prometheus can make no target.
type inactive struct {
	Pool       string            `json:"pool"`
	Prometheus string            `json:"prometheus"`
	Discovered map[string]string `json:"discovered"`
	Rule       int               `json:"rule"` // the first that drops it on a shard; -1 if none does
	Why        string            `json:"why,omitempty"`
}

// A whole pool that Prometheus refuses to load, or a whole Prometheus for which the operator writes
// no configuration (then without a pool).
type refused struct {
	Pool       string `json:"pool,omitempty"`
	Prometheus string `json:"prometheus"`
	Why        string `json:"why"`
}

type answer struct {
	ID          json.RawMessage `json:"id"`
	Error       string          `json:"error,omitempty"`
	Pools       []pool          `json:"pools"`
	Rejected    []monitor       `json:"rejected"`
	NotSelected []monitor       `json:"not_selected"`
	Unloadable  []refused       `json:"unloadable"`
	Invalid     []refused       `json:"invalid"`
	Targets     []active        `json:"targets"`
	Dropped     []inactive      `json:"dropped"`
	Failed      []inactive      `json:"failed"`
}

func newAnswer(id json.RawMessage) *answer {
	return &answer{
		ID: id, Pools: []pool{}, Rejected: []monitor{}, NotSelected: []monitor{},
		Unloadable: []refused{}, Invalid: []refused{}, Targets: []active{}, Dropped: []inactive{},
		Failed: []inactive{},
	}
}

// judge never fails as a whole: what goes wrong with a case is said in its answer.
func judge(line []byte, api *apiServer) (result *answer) {
	var of testCase
	if err := json.Unmarshal(line, &of); err != nil {
		failed := newAnswer(json.RawMessage("null"))
		failed.Error = err.Error()
		return failed
	}
	result = newAnswer(of.ID)
	all, err := sortOut(of.Objects)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	root := api.add(all)
	defer api.remove(root)
	seen := newDiscoverer(root, all)
	defer func() { // the operator does so of what the API server would not have taken
		if panicked := recover(); panicked != nil {
			result.Error = fmt.Sprint("panic: ", panicked)
		}
	}()
	for _, prom := range all.prometheuses {
		if err := judgePrometheus(prom, all, seen, result); err != nil {
			result.Error = fmt.Sprintf("%s: %v", keyOf(prom.GetObjectMeta()), err)
		}
	}
	return result
}

func main() {
	// The served lists are not streamed (no WatchList), as with most API servers of today.
	os.Setenv("KUBE_FEATURE_WatchListClient", "false")
	slog.SetDefault(slog.New(slog.DiscardHandler))
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // a watch that ends is no failure here
	api := newAPIServer()
	defer api.close()

	// In the order of the input, some at a time.
	type job struct {
		line []byte
		done chan *answer
	}
	width := 8 * runtime.GOMAXPROCS(0) // they wait more than they work
	jobs := make(chan job, width)
	ordered := make(chan chan *answer, 2*width)
	var workers sync.WaitGroup
	for range width {
		workers.Go(func() {
			for one := range jobs {
				one.done <- judge(one.line, api)
			}
		})
	}
	var readError error
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(make([]byte, 1<<20), 1<<28)
		for lines.Scan() {
			if len(lines.Bytes()) == 0 {
				continue
			}
			done := make(chan *answer, 1)
			ordered <- done
			jobs <- job{append([]byte(nil), lines.Bytes()...), done}
		}
		readError = lines.Err()
		close(jobs)
		close(ordered)
	}()
	out := bufio.NewWriter(os.Stdout)
	write := json.NewEncoder(out)
	write.SetEscapeHTML(false)
	for done := range ordered {
		err := write.Encode(<-done)
		if err == nil && len(ordered) == 0 {
			err = out.Flush()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "oracle:", err)
			os.Exit(1)
		}
	}
	workers.Wait()
	if err := out.Flush(); err != nil || readError != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err, readError)
		os.Exit(1)
	}
}
