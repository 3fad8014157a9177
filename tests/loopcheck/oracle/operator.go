// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	prompkg "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
)

// Of the operator's informers it asks for the store only.
type namespaceInformer struct {
	cache.SharedIndexInformer
	store cache.Store
}

func (n namespaceInformer) GetStore() cache.Store { return n.store }

func lister[T metav1.Object](from []T) prompkg.ListAllByNamespaceFn {
	return func(namespace string, selector labels.Selector, appendFn cache.AppendFunc) error {
		for _, one := range from {
			if one.GetNamespace() == namespace && selector.Matches(labels.Set(one.GetLabels())) {
				appendFn(one)
			}
		}
		return nil
	}
}

// What the operator makes of one Prometheus object: its configuration, and what it left out.
type generated struct {
	configuration []byte
	shards        int32
	environment   func(shard int32) map[string]string // of the Prometheus Pods
}

func generate(prom monitoringv1.PrometheusInterface, all *objects, into *answer) (*generated, error) {
	ctx := context.Background()
	silent := slog.New(slog.DiscardHandler)
	client := fake.NewSimpleClientset(all.secrets...).CoreV1()
	store := assets.NewStoreBuilder(client, client)
	namespaces := cache.NewStore(cache.MetaNamespaceKeyFunc)
	for _, one := range all.namespaces {
		if err := namespaces.Add(one); err != nil {
			return nil, err
		}
	}
	_, agent := prom.(*monitoringv1alpha1.PrometheusAgent)
	generator, err := prompkg.NewConfigGenerator(silent, prom, options(agent)...)
	if err != nil {
		return nil, err
	}
	fields := prom.GetCommonPrometheusFields()
	if err := prompkg.AddScrapeClassesToStore(ctx, store, prom.GetObjectMeta().GetNamespace(),
		fields.ScrapeClasses); err != nil {
		return nil, fmt.Errorf("scrape classes: %w", err)
	}
	selector, err := prompkg.NewResourceSelector(silent, prom, store,
		namespaceInformer{store: namespaces}, operator.NewMetrics(prometheus.NewRegistry()),
		operator.NewFakeRecorder(1<<10, nil))
	if err != nil {
		return nil, err
	}
	serviceMonitors, err := selector.SelectServiceMonitors(ctx, lister(all.serviceMonitors))
	if err != nil {
		return nil, err
	}
	podMonitors, err := selector.SelectPodMonitors(ctx, lister(all.podMonitors))
	if err != nil {
		return nil, err
	}
	tell("ServiceMonitor", prom, all.serviceMonitors, serviceMonitors, into)
	tell("PodMonitor", prom, all.podMonitors, podMonitors, into)

	made := &generated{
		shards:      max(ptr.Deref(fields.Shards, 1), 1),
		environment: func(shard int32) map[string]string { return environment(generator, shard) },
	}
	switch of := prom.(type) {
	case *monitoringv1.Prometheus:
		made.configuration, err = generator.GenerateServerConfiguration(of,
			serviceMonitors.ValidResources(), podMonitors.ValidResources(), nil, nil, store,
			nil, nil, nil, nil)
	case *monitoringv1alpha1.PrometheusAgent:
		made.configuration, err = generator.GenerateAgentConfiguration(
			serviceMonitors.ValidResources(), podMonitors.ValidResources(), nil, nil, store, nil)
	}
	return made, err
}

// Which monitors the operator rejects, and which it never looks at.
func tell[T operator.ConfigurationResource](kind string, prom monitoringv1.PrometheusInterface,
	every []T, selected operator.TypedResourcesSelection[T], into *answer) {
	by := keyOf(prom.GetObjectMeta())
	for _, one := range every {
		key := keyOf(any(one).(metav1.Object))
		found, ok := selected[key]
		if !ok {
			into.NotSelected = append(into.NotSelected, monitor{kind + "/" + key, by, ""})
			continue
		}
		for _, condition := range found.Conditions() {
			if condition.Status == monitoringv1.ConditionFalse {
				into.Rejected = append(into.Rejected, monitor{kind + "/" + key, by, condition.Message})
			}
		}
	}
	order := func(a, b monitor) int {
		return strings.Compare(a.Prometheus+a.Monitor, b.Prometheus+b.Monitor)
	}
	slices.SortFunc(into.NotSelected, order)
	slices.SortFunc(into.Rejected, order)
}
