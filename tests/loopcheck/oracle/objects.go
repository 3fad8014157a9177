// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
)

// What the API server serves: with its defaults, as JSON.
type served struct {
	namespace string
	name      string
	labels    labels.Set
	body      json.RawMessage
}

// The objects of a case, each as its reader wants it.
type objects struct {
	prometheuses    []monitoringv1.PrometheusInterface
	serviceMonitors []*monitoringv1.ServiceMonitor
	podMonitors     []*monitoringv1.PodMonitor
	namespaces      []*corev1.Namespace
	secrets         []runtime.Object // and ConfigMaps
	resources       map[string][]served
}

// By kind: where Prometheus' discovery asks for it.
var resourceOf = map[string]string{
	"Endpoints":     "endpoints",
	"EndpointSlice": "endpointslices",
	"Namespace":     "namespaces",
	"Node":          "nodes",
	"Pod":           "pods",
	"Service":       "services",
}

func keyOf(o metav1.Object) string { return o.GetNamespace() + "/" + o.GetName() }

func into[T any](tree map[string]any) (*T, error) {
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	object := new(T)
	return object, json.Unmarshal(text, object)
}

func appendTo[T any](to *[]*T, tree map[string]any) error {
	object, err := into[T](tree)
	if err == nil {
		*to = append(*to, object)
	}
	return err
}

func sortOut(raw []json.RawMessage) (*objects, error) {
	all := &objects{resources: map[string][]served{}}
	known := map[string]bool{}
	var wanted []string
	for _, text := range raw {
		var tree map[string]any
		if err := json.Unmarshal(text, &tree); err != nil {
			return nil, err
		}
		kind, _ := tree["kind"].(string)
		setDefaults(kind, tree)
		if err := all.add(kind, tree); err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		meta := child(tree, "metadata")
		if kind == "Namespace" {
			known[textOf(meta, "name")] = true
		} else if namespace := textOf(meta, "namespace"); namespace != "" {
			wanted = append(wanted, namespace)
		}
	}
	for _, name := range wanted { // objects are in some namespace, even if it is not written
		if !known[name] {
			known[name] = true
			tree := map[string]any{"apiVersion": "v1", "kind": "Namespace",
				"metadata": map[string]any{"name": name}}
			setDefaults("Namespace", tree)
			if err := all.add("Namespace", tree); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func (all *objects) add(kind string, tree map[string]any) error {
	if resource, ok := resourceOf[kind]; ok {
		one, err := serve(tree)
		if err != nil {
			return err
		}
		all.resources[resource] = append(all.resources[resource], one)
	}
	switch kind {
	case "Prometheus":
		prom, err := into[monitoringv1.Prometheus](tree)
		all.prometheuses = append(all.prometheuses, prom)
		return err
	case "PrometheusAgent":
		agent, err := into[monitoringv1alpha1.PrometheusAgent](tree)
		all.prometheuses = append(all.prometheuses, agent)
		return err
	case "ServiceMonitor":
		return appendTo(&all.serviceMonitors, tree)
	case "PodMonitor":
		return appendTo(&all.podMonitors, tree)
	case "Namespace":
		return appendTo(&all.namespaces, tree)
	case "Secret":
		secret, err := into[corev1.Secret](tree)
		if err == nil && secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		for key, value := range secret.StringData { // as the API server does
			secret.Data[key] = []byte(value)
		}
		all.secrets = append(all.secrets, secret)
		return err
	case "ConfigMap":
		config, err := into[corev1.ConfigMap](tree)
		all.secrets = append(all.secrets, config)
		return err
	}
	if _, ok := resourceOf[kind]; !ok {
		return fmt.Errorf("unknown kind")
	}
	return nil
}

func serve(tree map[string]any) (served, error) {
	meta := child(tree, "metadata")
	set := labels.Set{}
	for name, value := range child(meta, "labels") {
		set[name], _ = value.(string)
	}
	body, err := json.Marshal(tree)
	return served{textOf(meta, "namespace"), textOf(meta, "name"), set, body}, err
}

func child(of map[string]any, name string) map[string]any {
	found, _ := of[name].(map[string]any)
	return found
}

func textOf(of map[string]any, name string) string {
	found, _ := of[name].(string)
	return found
}

// Maps in a list, however deep: "spec.endpoints.relabelings". Others are skipped.
func each(tree map[string]any, path string, do func(map[string]any)) {
	first, rest, more := strings.Cut(path, ".")
	visit := func(found any) {
		if entry, ok := found.(map[string]any); ok && more {
			each(entry, rest, do)
		} else if ok {
			do(entry)
		}
	}
	switch found := tree[first].(type) {
	case []any:
		for _, entry := range found {
			visit(entry)
		}
	default:
		visit(found)
	}
}

func defaulted(tree map[string]any, name string, value any) {
	if _, set := tree[name]; !set {
		tree[name] = value
	}
}

// What the API server would have filled in, as far as the operator or Prometheus looks at it. Source:
// the CRDs' `default:` and Kubernetes' API reference.
func setDefaults(kind string, tree map[string]any) {
	tcp := func(port map[string]any) { defaulted(port, "protocol", "TCP") }
	replace := func(rule map[string]any) { defaulted(rule, "action", "replace") }
	paths, what := []string{}, tcp
	switch kind {
	case "Namespace":
		meta := child(tree, "metadata")
		defaulted(meta, "labels", map[string]any{})
		child(meta, "labels")["kubernetes.io/metadata.name"] = textOf(meta, "name")
	case "Pod":
		paths = []string{"spec.containers.ports", "spec.initContainers.ports"}
	case "Service":
		paths = []string{"spec.ports"}
	case "Endpoints":
		paths = []string{"subsets.ports"}
	case "EndpointSlice":
		paths = []string{"ports"}
		each(tree, "ports", func(port map[string]any) { defaulted(port, "name", "") })
	case "ServiceMonitor":
		paths, what = []string{"spec.endpoints.relabelings", "spec.endpoints.metricRelabelings"}, replace
	case "PodMonitor":
		paths, what = []string{"spec.podMetricsEndpoints.relabelings",
			"spec.podMetricsEndpoints.metricRelabelings"}, replace
	case "Prometheus", "PrometheusAgent":
		defaulted(tree, "spec", map[string]any{})
		spec := child(tree, "spec")
		defaulted(spec, "scrapeInterval", "30s")
		defaulted(spec, "portName", "web")
		if kind == "Prometheus" {
			defaulted(spec, "evaluationInterval", "30s")
		}
		each(spec, "excludedFromEnforcement", func(one map[string]any) {
			defaulted(one, "group", "monitoring.coreos.com")
		})
		paths, what = []string{"spec.scrapeClasses.relabelings",
			"spec.scrapeClasses.metricRelabelings"}, replace
	}
	for _, path := range paths {
		each(tree, path, what)
	}
}
