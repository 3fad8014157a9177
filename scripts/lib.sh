# SPDX-License-Identifier: Apache-2.0
# What the scripts share: messages, the packages of each purpose, installing what is missing.
# shellcheck shell=bash

# shellcheck disable=SC2034  # for those who source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(basename "$0")

say() { printf '%s: %s\n' "$script" "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}
usage_error() {
  say "error: $* (see --help)"
  exit 2
}

# Debian 12's packages, by what they are for.
packages_for() {
  case $1 in
    build)
      echo ca-certificates ccache g++ git libboost-json1.81-dev \
        libboost-program-options1.81-dev libboost1.81-dev libcrypt-dev libisal-dev \
        libjemalloc-dev libprotozero-dev libre2-dev libspdlog-dev libssl-dev libyaml-cpp-dev \
        libyaml-dev meson ninja-build pkg-config prometheus-cpp-dev zlib1g-dev
      ;;
    test)
      packages_for build
      packages_for image
      echo clang-16 clang-format-16 clang-tidy-16 curl debian-archive-keyring hey \
        iproute2 libboost-test1.81-dev libclang-rt-16-dev liblua5.3-0 \
        libopentracing-c-wrapper0 libpcre2-posix3 nftables nghttp2-client openssl procps python3 \
        python3-h11 python3-jsonschema python3-prometheus-client python3-yaml shellcheck \
        slowhttptest strace util-linux wrk
      ;;
    bench)
      packages_for test
      echo gnuplot-nox libbenchmark-dev
      ;;
    image)
      echo buildah ca-certificates crun debian-archive-keyring jq mmdebstrap
      ;;
    long)
      echo qemu-user-static
      ;;
  esac
}

# need PURPOSE: installs by apt what is missing of its packages; instant when nothing is.
need() {
  local missing=() package
  for package in $(packages_for "$1"); do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null ||
    die "these Debian packages are missing, and there is no apt-get here: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing; install them as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    local why
    why=$(grep -m 1 '^E:' "$log" || tail -n 1 "$log")
    rm -f "$log"
    die "apt-get failed: $why"
  fi
  rm -f "$log"
}
