# SPDX-License-Identifier: Apache-2.0
"""Other servers that the same things are asked of: nginx and HAProxy, as their packages have them,
on a port of the kernel's choice, in a folder of their own. GET of / and /metrics is answered with
200, POST of /echo with its body, anything else with 404."""
from __future__ import annotations

import pathlib
import socket
import tempfile
from types import TracebackType

import wire
from programs import Program, found_tool, wait_until

NGINX = """\
load_module {modules}/ngx_http_echo_module.so;
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_buffer_size 1m;
  server {{
    listen 127.0.0.1:{port};
    location = / {{ return 200 "hello\\n"; }}
    location = /metrics {{ return 200 "metrics\\n"; }}
    location = /echo {{ echo_read_request_body; echo_request_body; }}
    location / {{ return 404; }}
  }}
}}
"""

HAPROXY = """\
global
  log stderr local0 emerg
defaults
  mode http
  timeout client 75s
  timeout http-request 10s
  timeout connect 5s
  timeout server 30s
frontend http
  bind 127.0.0.1:{port}
  option http-buffer-request
  http-request return status 200 content-type text/plain string hello if {{ path / /metrics }}
  http-request return status 200 content-type text/plain lf-string %[req.body] if {{ path /echo }}
  http-request return status 404 content-type text/plain string nothing
"""


def free_port() -> int:
    """Nobody's a moment ago. Whoever takes it before the peer does makes the peer fail to start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Peer(Program):
    """A server in the foreground, ended by its own process id."""

    def __init__(self, name: str, version: str, folder: tempfile.TemporaryDirectory[str],
                 port: int, command: list[str]) -> None:
        super().__init__(command)
        self.name, self.version = name, version
        self.address = f"127.0.0.1:{port}"
        self._folder = folder

    def __enter__(self) -> Peer:
        try:
            wait_until(self._answers, timeout_s=20)
        except AssertionError:
            self.kill()
            raise
        return self

    def _answers(self) -> None:
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended:\n{self.log()}")
        assert wire.get(self.address, "/").status == 200

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.kill()

    def kill(self) -> None:
        super().kill()
        self._folder.cleanup()


def _version_of(program: str) -> str:
    """That of the package: the folder it was unpacked into, or what the name says."""
    for part in pathlib.Path(program).resolve().parts:
        name, underscore, version = part.partition("_")
        if underscore and program.endswith(name):
            return version
    return "unknown"


def nginx() -> Peer | None:
    """None if it is not there."""
    program = found_tool("nginx")
    if program is None:
        return None
    folder, port = tempfile.TemporaryDirectory(), free_port()
    modules = pathlib.Path(program).resolve().parents[1] / "lib/nginx/modules"
    path = pathlib.Path(folder.name) / "nginx.conf"
    path.write_text(NGINX.format(folder=folder.name, modules=modules, port=port), "utf-8")
    return Peer("nginx", _version_of(program), folder, port,
                [program, "-p", folder.name, "-e", "stderr", "-c", str(path)])


def haproxy() -> Peer | None:
    program = found_tool("haproxy")
    if program is None:
        return None
    folder, port = tempfile.TemporaryDirectory(), free_port()
    path = pathlib.Path(folder.name) / "haproxy.cfg"
    path.write_text(HAPROXY.format(port=port), "utf-8")
    return Peer("HAProxy", _version_of(program), folder, port,
                [program, "-db", "-q", "-f", str(path)])
