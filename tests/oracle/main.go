// SPDX-License-Identifier: Apache-2.0

// Oracle reads an exposition as Go does: with the decoder of Prometheus' common library (expfmt),
// or with the very parser of a Prometheus server (textparse). It prints every sample as one line of
// JSON, in one order and one notation whatever the format was, so that two formats of the same
// state can be compared line by line.
//
// usage: oracle -content-type TYPE [-parser prometheus|expfmt] [FILE]
//
// exit: 0 read, 1 refused (the reason is on stderr), 2 bad usage
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// readers are the parsers that share no code.
var readers = map[string]func(body []byte, contentType string) ([]Sample, error){
	"expfmt":     readExpfmt,
	"prometheus": readPrometheus,
}

func run(arguments []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("oracle", flag.ExitOnError)
	contentType := flags.String("content-type", "", "the `Content-Type` that came with the body")
	parser := flags.String("parser", "prometheus",
		"one of "+strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
	starts := flags.Bool("starts", true, "show start timestamps, where the parser has them")
	flags.Parse(arguments) // which exits with 2
	read, known := readers[*parser]
	if *parser == "prometheus" && !*starts {
		read = readPrometheusWithoutStarts
	}
	if !known || flags.NArg() > 1 {
		flags.Usage()
		os.Exit(2)
	}
	if flags.NArg() == 1 {
		file, err := os.Open(flags.Arg(0))
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	body, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	samples, err := read(body, *contentType)
	if err != nil {
		return err
	}
	return print(out, samples)
}

// print gives the samples sorted, and refuses series that stand twice.
func print(out io.Writer, samples []Sample) error {
	slices.SortStableFunc(samples, compare)
	buffered := bufio.NewWriter(out)
	lines := json.NewEncoder(buffered)
	lines.SetEscapeHTML(false)
	for i, sample := range samples {
		if i > 0 && compare(samples[i-1], sample) == 0 {
			return fmt.Errorf("duplicate series %s%v", sample.Name, sample.Labels)
		}
		if err := lines.Encode(sample); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func compare(a, b Sample) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), compareLabels(a.Labels, b.Labels))
}

func compareLabels(a, b map[string]string) int {
	return slices.Compare(flat(a), flat(b))
}

func flat(labels map[string]string) []string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, name, labels[name])
	}
	return pairs
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}
