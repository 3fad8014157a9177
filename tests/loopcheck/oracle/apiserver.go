// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/labels"
)

// As much of a Kubernetes API server as Prometheus' discovery asks for: lists, and watches in which
// nothing happens. Each case has its own root, "http://127.0.0.1:PORT/7".
type apiServer struct {
	listener net.Listener
	server   *http.Server

	mutex sync.Mutex
	last  int
	cases map[string]*objects
}

func newAPIServer() *apiServer {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	api := &apiServer{listener: listener, cases: map[string]*objects{}}
	api.server = &http.Server{Handler: http.HandlerFunc(api.serve)}
	go api.server.Serve(listener)
	return api
}

func (api *apiServer) close() { api.server.Close() }

// Its root's URL.
func (api *apiServer) add(all *objects) string {
	api.mutex.Lock()
	defer api.mutex.Unlock()
	api.last++
	id := strconv.Itoa(api.last)
	api.cases[id] = all
	return fmt.Sprintf("http://%s/%s", api.listener.Addr(), id)
}

func (api *apiServer) remove(root string) {
	api.mutex.Lock()
	defer api.mutex.Unlock()
	delete(api.cases, root[strings.LastIndexByte(root, '/')+1:])
}

func (all *objects) list(resource, namespace string, selector labels.Selector) []served {
	var found []served
	for _, one := range all.resources[resource] {
		if (namespace == "" || one.namespace == namespace) && selector.Matches(one.labels) {
			found = append(found, one)
		}
	}
	return found
}

// /7/api/v1/pods, /7/api/v1/namespaces/NS/pods, /7/apis/discovery.k8s.io/v1/…
func (api *apiServer) serve(w http.ResponseWriter, r *http.Request) {
	id, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	api.mutex.Lock()
	all := api.cases[id]
	api.mutex.Unlock()
	if all == nil {
		http.Error(w, "no such case", http.StatusGone)
		return
	}
	var version string
	for _, group := range []string{"api/v1/", "apis/discovery.k8s.io/v1/"} {
		if rest, ok := strings.CutPrefix(path, group); ok {
			path, version = rest, strings.TrimSuffix(group[strings.IndexByte(group, '/')+1:], "/")
		}
	}
	namespace := ""
	if rest, ok := strings.CutPrefix(path, "namespaces/"); ok {
		namespace, path, _ = strings.Cut(rest, "/")
	}
	query := r.URL.Query()
	selector, err := labels.Parse(query.Get("labelSelector"))
	if err != nil || version == "" || query.Get("fieldSelector") != "" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if query.Get("watch") != "" {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	}
	items := []json.RawMessage{}
	for _, one := range all.list(path, namespace, selector) {
		items = append(items, one.body)
	}
	json.NewEncoder(w).Encode(map[string]any{
		"apiVersion": version, "kind": listKinds[path],
		"metadata": map[string]string{"resourceVersion": "1"}, "items": items,
	})
}

var listKinds = func() map[string]string {
	kinds := map[string]string{}
	for kind, resource := range resourceOf {
		kinds[resource] = kind + "List"
	}
	kinds["endpoints"] = "EndpointsList"
	return kinds
}()
