# SPDX-License-Identifier: Apache-2.0
"""Who is measured: how each is built and started. One that cannot be built here is named and left
out."""
from __future__ import annotations

import functools
import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable

import harness
from harness import BUILD, ROOT, Peer

SOURCES = ROOT / "tests/bench/peers"

# What the tables and goals call them.
OURS, RAW, NGINX = "demo-cpp", "raw epoll", "nginx"
HYPER, GO, FASTHTTP, BEAST = "hyper", "Go net/http", "Go fasthttp", "Beast"

os.environ["PATH"] += os.pathsep + str(ROOT / "build/tools/bin")  # what scripts/tools brought

NGINX_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  client_body_temp_path {folder};
  default_type "text/plain; charset=utf-8";
  fastcgi_temp_path {folder};
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  proxy_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 "200 OK\\n"; }}
  }}
  uwsgi_temp_path {folder};
}}
"""


def bring_tools() -> None:
    """What scripts/tools can; it says what it cannot."""
    subprocess.run([ROOT / "scripts/tools", "go", "nginx", "prometheus", "prometheus3"],
                   stdout=subprocess.DEVNULL, check=False)


def ours(port: int, *more: str, workers: int = 1, address: str = "127.0.0.1") -> list[str]:
    return [str(BUILD / "src/demo/demo-cpp"), f"--server.workers={workers}", "--log.level=error",
            f"--web.listen-address={address}:{port}", "--shutdown.delay=0s", *more]


def program(name: str, *arguments: object) -> Peer:
    """One of tests/bench/meson.build."""
    return Peer(lambda port: [str(BUILD / "tests/bench" / name), str(port), *map(str, arguments)])


def nginx() -> Peer | None:
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not found:
        harness.say("no nginx here (scripts/tools nginx brings it): the rows go without it")
        return None

    def command(port: int) -> list[str]:
        folder = BUILD / "nginx"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conf").write_text(NGINX_CONFIGURATION.format(
            folder=folder, port=port, connections=harness.raise_descriptor_limit() - 100))
        return [found, "-p", str(folder), "-e", "stderr", "-c", str(folder / "conf")]

    return Peer(command)


@functools.cache
def built_by(tool: str, package: str, *command: str, where: str) -> bool:
    """Builds programs in another language; says so if they cannot be."""
    if not shutil.which(tool):
        harness.say(f"no {tool} here ({package} is the package): the rows go without {where}")
        return False
    harness.say(f"building {where}")
    run = subprocess.run([tool, *command], cwd=SOURCES / where.split()[0], capture_output=True,
                         text=True, check=False,
                         env={**os.environ, "CGO_ENABLED": "0",  # static: an image needs no more
                              "CARGO_TARGET_DIR": str(BUILD / "rust")})
    if run.returncode != 0:
        why = next((line for line in run.stderr.splitlines() if "error" in line),
                   run.stderr.strip()[-200:])
        harness.say(f"{where} cannot be built ({why}): left out")
    return run.returncode == 0


def go_program(name: str) -> pathlib.Path | None:
    made = BUILD / "go" / name
    done = built_by("go", "scripts/tools go", "build", "-ldflags=-s -w", "-o", str(made),
                    "./" + name, where=f"go {name}")
    return made if done else None


def rust_program(package: str, name: str) -> pathlib.Path | None:
    done = built_by("cargo", "cargo-web", "build", "--quiet", "--release", "--locked", "--package",
                    package, where=f"rust {package}")
    return BUILD / "rust/release" / name if done else None


def started(binary: pathlib.Path | None, *arguments: object) -> Peer | None:
    return binary and Peer(lambda port: [str(binary), str(port), *map(str, arguments)])


def one_thread_of_go(name: str, *arguments: object) -> Peer | None:
    peer = started(go_program(name), *arguments)
    return peer and Peer(peer.command, {"GOMAXPROCS": "1"})


KNOWN: dict[str, Callable[[], Peer | None]] = {
    OURS: lambda: Peer(ours),
    RAW: lambda: program("raw-epoll"),
    NGINX: nginx,
    HYPER: lambda: started(rust_program("demo", "demo")),
    GO: lambda: one_thread_of_go("demo"),
    FASTHTTP: lambda: one_thread_of_go("fasthttp"),
    BEAST: lambda: program("beast-awaitable"),
}


def present(wanted: dict[str, Peer | None]) -> dict[str, Peer]:
    return {name: peer for name, peer in wanted.items() if peer}


def named(*names: str) -> dict[str, Peer]:
    return present({name: KNOWN[name]() for name in names})
