// SPDX-License-Identifier: Apache-2.0

//go:build !operator_v0_88

package main

import (
	"strconv"

	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	prompkg "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
)

// As the operator sets them by default, on a cluster before 1.35 that has EndpointSlices.
func options(agent bool) []prompkg.ConfigGeneratorOption {
	with := []prompkg.ConfigGeneratorOption{prompkg.WithEndpointSliceSupport()}
	gates := operator.DefaultConfig("0", "0").Gates
	if !agent && gates.Enabled(operator.PrometheusShardRetentionPolicyFeature) {
		with = append(with, prompkg.WithPrometheusRetentionPolicies())
	}
	if gates.Enabled(operator.PrometheusTopologyShardingFeature) {
		with = append(with, prompkg.WithPrometheusTopologySharding())
	}
	return with
}

func environment(of *prompkg.ConfigGenerator, shard int32) map[string]string {
	return map[string]string{
		operator.ShardEnvVar:        strconv.Itoa(int(shard)),
		operator.InzoneShardEnvVar:  strconv.Itoa(int(of.InzoneShardForShard(shard))),
		operator.TopologyZoneEnvVar: of.TopologyZoneForShard(shard),
	}
}
