// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"gopkg.in/yaml.v2"
	"k8s.io/apimachinery/pkg/labels"
)

// Prometheus' Kubernetes discovery over a case's objects; remembers what it found, as the endpoints of
// one monitor ask for the same.
type discoverer struct {
	root  string
	all   *objects
	found map[string][]*targetgroup.Group
}

func newDiscoverer(root string, all *objects) *discoverer {
	return &discoverer{root, all, map[string][]*targetgroup.Group{}}
}

// One for all: it only counts.
var discoveryMetrics = func() discovery.DiscovererMetrics {
	registry := prometheus.NewRegistry()
	return (&kubernetes.SDConfig{}).NewDiscovererMetrics(registry, discovery.NewRefreshMetrics(registry))
}()

// How many groups there will be: one for each object of the role.
func (d *discoverer) expected(of *kubernetes.SDConfig) (int, error) {
	resource := string(of.Role)
	if of.Role == kubernetes.RolePod || of.Role == kubernetes.RoleEndpointSlice {
		resource += "s"
	}
	selector := labels.Everything()
	for _, one := range of.Selectors {
		if one.Role == of.Role {
			var err error
			if selector, err = labels.Parse(one.Label); err != nil {
				return 0, err
			}
		}
	}
	namespaces := of.NamespaceDiscovery.Names
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	sources := map[string]bool{}
	for _, namespace := range namespaces {
		for _, one := range d.all.list(resource, namespace, selector) {
			sources[one.namespace+"/"+one.name] = true
		}
	}
	return len(sources), nil
}

func (d *discoverer) discover(of kubernetes.SDConfig) ([]*targetgroup.Group, error) {
	text, err := yaml.Marshal(of)
	if err != nil {
		return nil, err
	}
	if groups, ok := d.found[string(text)]; ok {
		return groups, nil
	}
	expected, err := d.expected(&of)
	if err != nil {
		return nil, err
	}
	root, err := url.Parse(d.root)
	if err != nil {
		return nil, err
	}
	of.APIServer = config.URL{URL: root}
	run, err := of.NewDiscoverer(discovery.DiscovererOptions{
		Logger: slog.New(slog.DiscardHandler), Metrics: discoveryMetrics})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	updates := make(chan []*targetgroup.Group)
	go run.Run(ctx, updates)
	bySource := map[string]*targetgroup.Group{}
	for len(bySource) < expected {
		select {
		case groups := <-updates:
			for _, one := range groups {
				bySource[one.Source] = one
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("discovery found %d of %d groups", len(bySource), expected)
		}
	}
	groups := []*targetgroup.Group{}
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		groups = append(groups, bySource[source])
	}
	d.found[string(text)] = groups
	return groups, nil
}
