// SPDX-License-Identifier: Apache-2.0

//go:build operator_v0_88

package main

import (
	"strconv"

	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	prompkg "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
)

// As the operator sets them by default, on a cluster that has EndpointSlices.
func options(_ bool) []prompkg.ConfigGeneratorOption {
	return []prompkg.ConfigGeneratorOption{prompkg.WithEndpointSliceSupport()}
}

func environment(_ *prompkg.ConfigGenerator, shard int32) map[string]string {
	return map[string]string{operator.ShardEnvVar: strconv.Itoa(int(shard))}
}
