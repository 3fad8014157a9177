// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/scrape"
	"sigs.k8s.io/yaml"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// A configuration file, as far as it is taken apart here.
type configuration struct {
	Global  map[string]any   `json:"global"`
	Scrapes []map[string]any `json:"scrape_configs"`
}

// What the configuration reloader does: $(SHARD) becomes the Pod's shard.
func expand(text string, environment map[string]string) string {
	for name, value := range environment {
		text = strings.ReplaceAll(text, "$("+name+")", value)
	}
	return text
}

// A scrape configuration as this Prometheus loads it. One made for Prometheus 2 is translated.
func load(global, scrape map[string]any, version string) (*config.ScrapeConfig, error) {
	copied := map[string]any{}
	for name, value := range scrape {
		if name == "scrape_classic_histograms" {
			name = "always_scrape_classic_histograms"
		}
		copied[name] = value
	}
	globals := map[string]any{}
	for name, value := range global {
		globals[name] = value
	}
	if _, set := globals["metric_name_validation_scheme"]; !set && strings.HasPrefix(version, "v2.") {
		globals["metric_name_validation_scheme"] = "legacy"
		delete(globals, "scrape_classic_histograms")
	}
	text, err := yaml.Marshal(configuration{globals, []map[string]any{copied}})
	if err != nil {
		return nil, err
	}
	loaded, err := config.Load(string(text), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	all, err := loaded.GetScrapeConfigs()
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

func judgePrometheus(prom monitoringv1.PrometheusInterface, all *objects, seen *discoverer,
	into *answer) error {
	by := keyOf(prom.GetObjectMeta())
	made, err := generate(prom, all, into)
	if err != nil {
		into.Invalid = append(into.Invalid, refused{"", by, err.Error()})
		return nil
	}
	var whole configuration
	if err := yaml.Unmarshal(made.configuration, &whole); err != nil {
		return err
	}
	for _, one := range whole.Scrapes {
		name, _ := one["job_name"].(string)
		text, err := json.Marshal(one)
		if err != nil {
			return err
		}
		into.Pools = append(into.Pools, pool{name, by, text})
		err = judgePool(one, whole.Global, made, seen, into,
			active{Pool: name, Prometheus: by}, prom.GetCommonPrometheusFields().Version)
		var refusal unloadable
		if errors.As(err, &refusal) {
			into.Unloadable = append(into.Unloadable, refused{name, by, refusal.Error()})
		} else if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

type unloadable struct{ error }

// Over all shards: one that some shard scrapes is active, one that all drop is dropped.
func judgePool(as map[string]any, global map[string]any, made *generated, seen *discoverer,
	into *answer, of active, version string) error {
	shards := []*config.ScrapeConfig{}
	text, err := json.Marshal(as)
	if err != nil {
		return err
	}
	for shard := range made.shards {
		var expanded map[string]any
		if err := json.Unmarshal([]byte(expand(string(text), made.environment(shard))), &expanded); err != nil {
			return err
		}
		loaded, err := load(global, expanded, version)
		if err != nil {
			return unloadable{err}
		}
		shards = append(shards, loaded)
	}
	found, ok := shards[0].ServiceDiscoveryConfigs[0].(*kubernetes.SDConfig)
	if !ok {
		return errors.New("not a Kubernetes discovery")
	}
	groups, err := seen.discover(*found)
	if err != nil {
		return err
	}
	unique := map[string]bool{} // Prometheus scrapes the same target once
	for _, group := range groups {
		for _, each := range group.Targets {
			judgeTarget(shards, each, group.Labels, unique, into, of)
		}
	}
	return nil
}

func judgeTarget(shards []*config.ScrapeConfig, own, shared model.LabelSet, unique map[string]bool,
	into *answer, of active) {
	builder := labels.NewBuilder(labels.EmptyLabels())
	scrape.PopulateDiscoveredLabels(builder, shards[0], own, shared)
	of.Discovered = builder.Labels().Map()
	kept, why := false, ""
	for _, shard := range shards {
		final, err := scrape.PopulateLabels(builder, shard, own, shared)
		if err != nil {
			why = err.Error()
			continue
		}
		target := scrape.NewTarget(final, shard, own, shared)
		of.Labels = target.Labels(builder).Map()
		if len(of.Labels) == 0 {
			continue
		}
		kept = true
		of.URL = target.URL().String()
		of.Interval = target.GetValue(model.ScrapeIntervalLabel)
		of.Timeout = target.GetValue(model.ScrapeTimeoutLabel)
		builder.Reset(final)
		final.Range(func(one labels.Label) {
			if strings.HasPrefix(one.Name, model.TmpLabelPrefix) { // differ between shards
				builder.Del(one.Name)
			}
		})
		if key := builder.Labels().String() + of.URL; !unique[key] {
			unique[key] = true
			into.Targets = append(into.Targets, of)
		}
	}
	if !kept {
		one := inactive{of.Pool, of.Prometheus, of.Discovered, droppedBy(shards[0], own, shared), why}
		if why != "" {
			into.Failed = append(into.Failed, one)
		} else {
			into.Dropped = append(into.Dropped, one)
		}
	}
}

// The index of the rule that drops it; -1 if none does.
func droppedBy(of *config.ScrapeConfig, own, shared model.LabelSet) int {
	builder := labels.NewBuilder(labels.EmptyLabels())
	scrape.PopulateDiscoveredLabels(builder, of, own, shared)
	for i, rule := range of.RelabelConfigs {
		if !relabel.ProcessBuilder(builder, rule) {
			return i
		}
	}
	return -1
}
