# SPDX-License-Identifier: Apache-2.0
"""The service on the cluster: put together from k8s/, applied as a user applies it, and removed."""
from __future__ import annotations

import json
from typing import Self

import rendering
import kube
import strict_yaml
from kube import Object, kubectl
from programs import wait_until

NAMESPACE = "demo"
MONITORING = "monitoring"
NAME = "demo-cpp"
PODS = f"app={NAME}"


def images(reference: str = kube.IMAGE, of: str = NAME) -> list[Object]:
    """The field of a kustomization that puts this image in the place of ours."""
    name, at, digest = reference.partition("@")
    if at:
        return [{"name": of, "newName": name, "digest": digest}]
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return [{"name": of, "newName": head, "newTag": tag}]
    return [{"name": of, "newName": name, "newTag": "latest"}]


def overlay(name: str, **more: object) -> list[Object]:
    return _rendered({"resources": [f"{{k8s}}/overlays/{name}"], **more})


def compose(*components: str, **more: object) -> list[Object]:
    """The base with these components, and with further fields of a kustomization."""
    return _rendered({"resources": ["{k8s}/base"],
                      "components": [f"{{k8s}}/components/{each}" for each in components], **more})


def _rendered(kustomization: Object) -> list[Object]:
    text = json.dumps({"images": images(), **kustomization})
    with rendering.kustomization(text) as directory:
        done = rendering.render("kubectl", kube.KUBECTL, directory)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return strict_yaml.documents(done.stdout)


def pods() -> list[Object]:
    """Those that are not on their way out."""
    return [each for each in kube.listed("pods", NAMESPACE, PODS)
            if "deletionTimestamp" not in each["metadata"]]


def rolled_out(timeout_s: int = 120) -> None:
    kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{NAME}", f"--timeout={timeout_s}s",
            timeout_s=timeout_s + 10)


def pods_gone() -> None:
    left = kubectl("-n", NAMESPACE, "get", "pods", "-l", PODS, "-o", "name").split()
    assert not left, left


class Demo:
    """Applied when the block begins; when it ends, everything that these tests made is removed."""

    def __init__(self, objects: list[Object], *flags: str) -> None:
        self.objects, self._flags = objects, flags

    def __enter__(self) -> Self:
        try:
            kube.apply(self.objects, *self._flags)
            rolled_out()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        remove()


def remove() -> None:
    """Everything of ours: first what is elsewhere, then the namespace."""
    for kind in ("servicemonitors", "podmonitors", "prometheusrules"):
        kubectl("-n", MONITORING, "delete", kind, NAME, "--ignore-not-found")
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    # Nobody is served any more, so nobody needs their drain.
    kube.run("-n", NAMESPACE, "delete", "pods", "--all", "--grace-period=1", "--wait=false")
    wait_until(lambda: kube.gone("namespace", NAMESPACE), timeout_s=120, pause_s=0.5)
