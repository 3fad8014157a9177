// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// readPrometheus does what the scrape loop of a Prometheus server does with a body, with native
// histograms, classic ones beside them, and start timestamps on. What the server would log and drop
// (an invalid name, histogram or exemplar) is an error here.
func readPrometheus(body []byte, contentType string) ([]Sample, error) {
	return readAll(body, contentType, true)
}

// readPrometheusWithoutStarts leaves start timestamps out. In OpenMetrics the parser looks for them
// among all series of the family that follow, for each one: with 20,000 that takes minutes.
func readPrometheusWithoutStarts(body []byte, contentType string) ([]Sample, error) {
	return readAll(body, contentType, false)
}

func readAll(body []byte, contentType string, starts bool) ([]Sample, error) {
	parser, err := textparse.New(body, contentType, labels.NewSymbolTable(), textparse.ParserOptions{
		KeepClassicOnClassicAndNativeHistograms: true,
		OpenMetricsSkipSTSeries:                 true,
	})
	if err != nil {
		return nil, err
	}
	var samples []Sample
	var of family
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		switch entry {
		case textparse.EntryType:
			name, kind := parser.Type()
			of.named(name).kind = kind
		case textparse.EntryHelp:
			name, help := parser.Help()
			of.named(name).help = string(help)
		case textparse.EntryUnit:
			name, unit := parser.Unit()
			of.named(name).unit = string(unit)
		case textparse.EntrySeries, textparse.EntryHistogram:
			sample, err := readSample(parser, entry, starts)
			if err != nil {
				return nil, err
			}
			of.describe(&sample)
			samples = append(samples, sample)
		}
	}
}

// readSample asks the parser in the order of the scrape loop: the parser looks ahead for the start
// timestamp, after which it no longer has the value.
func readSample(parser textparse.Parser, entry textparse.Entry, starts bool) (sample Sample, err error) {
	var timestamp *int64
	if entry == textparse.EntryHistogram {
		var whole *histogram.Histogram
		var fractional *histogram.FloatHistogram
		_, timestamp, whole, fractional = parser.Histogram()
		sample.Native, err = readNative(whole, fractional)
	} else {
		var value float64
		_, timestamp, value = parser.Series()
		sample.Value = number(value)
	}
	if timestamp != nil {
		sample.Timestamp = *timestamp
	}
	var set labels.Labels
	parser.Labels(&set)
	if err != nil {
		return sample, fmt.Errorf("%s: %w", set, err)
	}
	sample.Name = set.Get(model.MetricNameLabel)
	sample.Labels = set.Map()
	delete(sample.Labels, model.MetricNameLabel)
	if sample.Name == "" || !set.IsValid(model.UTF8Validation) {
		return sample, fmt.Errorf("invalid metric name or label names: %s", set)
	}
	if repeated, is := set.HasDuplicateLabelNames(); is {
		return sample, fmt.Errorf("label %q stands twice: %s", repeated, set)
	}
	if starts {
		sample.Start = parser.StartTimestamp()
	}
	var found exemplar.Exemplar
	for parser.Exemplar(&found) {
		if err := checkExemplar(found); err != nil {
			return sample, fmt.Errorf("%s: %w", set, err)
		}
		sample.Exemplars = append(sample.Exemplars, Exemplar{
			Labels: found.Labels.Map(), Value: number(found.Value), Timestamp: found.Ts,
		})
		found = exemplar.Exemplar{}
	}
	return sample, nil
}

func checkExemplar(found exemplar.Exemplar) error {
	characters := 0
	found.Labels.Range(func(label labels.Label) {
		characters += utf8.RuneCountInString(label.Name) + utf8.RuneCountInString(label.Value)
	})
	if characters > exemplar.ExemplarMaxLabelSetLength {
		return fmt.Errorf("the exemplar's labels have %d characters", characters)
	}
	return nil
}

func readNative(whole *histogram.Histogram, fractional *histogram.FloatHistogram) (*Native, error) {
	if whole == nil {
		if err := fractional.Validate(); err != nil {
			return nil, err
		}
		return &Native{
			Schema:        fractional.Schema,
			ZeroThreshold: number(fractional.ZeroThreshold),
			ZeroCount:     number(fractional.ZeroCount),
			Count:         number(fractional.Count),
			Sum:           number(fractional.Sum),
			Positive:      floatBuckets(spans(fractional.PositiveSpans), fractional.PositiveBuckets),
			Negative:      floatBuckets(spans(fractional.NegativeSpans), fractional.NegativeBuckets),
		}, nil
	}
	if err := whole.Validate(); err != nil {
		return nil, err
	}
	return &Native{
		Schema:        whole.Schema,
		ZeroThreshold: number(whole.ZeroThreshold),
		ZeroCount:     strconv.FormatUint(whole.ZeroCount, 10),
		Count:         strconv.FormatUint(whole.Count, 10),
		Sum:           number(whole.Sum),
		Positive:      integerBuckets(spans(whole.PositiveSpans), whole.PositiveBuckets),
		Negative:      integerBuckets(spans(whole.NegativeSpans), whole.NegativeBuckets),
	}, nil
}

func spans(theirs []histogram.Span) []span {
	var ours []span
	for _, each := range theirs {
		ours = append(ours, span{each.Offset, each.Length})
	}
	return ours
}

// family is what the comments before its samples said.
type family struct {
	name, help, unit string
	kind             model.MetricType
}

// named begins another family if the name is another one.
func (f *family) named(name []byte) *family {
	if f.name != string(name) {
		*f = family{name: string(name)}
	}
	return f
}

// describe copies type, help and unit, if the sample belongs to the family.
func (f *family) describe(sample *Sample) {
	sample.Type = string(model.MetricTypeUnknown)
	if f.name == "" || !f.owns(sample.Name) {
		return
	}
	sample.Help, sample.Unit = f.help, f.unit
	if f.kind != "" {
		sample.Type = string(f.kind)
	}
}

// suffixes are those that a type's samples may have beyond the name of their family.
var suffixes = map[model.MetricType][]string{
	model.MetricTypeCounter:        {"_total"},
	model.MetricTypeGaugeHistogram: {"_bucket", "_gcount", "_gsum", "_count", "_sum"},
	model.MetricTypeHistogram:      {"_bucket", "_count", "_sum"},
	model.MetricTypeInfo:           {"_info"},
	model.MetricTypeSummary:        {"_count", "_sum"},
}

func (f *family) owns(name string) bool {
	if name == f.name {
		return true
	}
	for _, suffix := range suffixes[f.kind] {
		if base, has := strings.CutSuffix(name, suffix); has && base == f.name {
			return true
		}
	}
	return false
}
