# SPDX-License-Identifier: Apache-2.0
"""What the real API server says of the manifests: it takes every rendering, by the CRDs that are
there and by the oldest that docs/kubernetes.md names, and refuses what it should."""
from __future__ import annotations

import copy
import functools
import re
import subprocess
import unittest

import demo
import kube
import kubernetes_page
import mutations
import operator_sources
import rendering
import strict_yaml
from kube import Object
from programs import wait_until

GROUP = "monitoring.coreos.com"
PLURALS = ("servicemonitors", "podmonitors", "prometheusrules")
VIOLATES = 'violates PodSecurity "restricted:v1.34"'
# What is refused before Pod Security is asked, since it does not go with the rest of the Pod.
INVALID = 'The Pod "p" is invalid'
INVALID_ANYWAY = {"psa.windowsHostProcess", "psa.privileged", "psa.procMount"}
CHOICE = [each for each in rendering.COMPONENTS if each not in rendering.MONITORS]


def overlays() -> dict[str, list[Object]]:
    return {each.name: demo.overlay(each.name) for each in rendering.OVERLAYS}


def dry_run(objects: list[Object]) -> subprocess.CompletedProcess[str]:
    return kube.run("apply", "--dry-run=server", "--validate=strict", "-f", "-",
                    stdin=kube.as_list(objects))


def oldest() -> dict[str, str]:
    """From the page: overlay or component -> the Operator's version that it needs."""
    rows = {**kubernetes_page.rows(kubernetes_page.PAGE, "Components"),
            **kubernetes_page.rows(kubernetes_page.PAGE, "Overlays")}
    last = re.compile(r"\| (?:Operator )?(0\.\d+)\b[^|]*$")
    return {name: found[1] for name, row in rows.items() if (found := last.search(row))}


def later(minor: str, by: int) -> str:
    major, _, number = minor.partition(".")
    return f"{major}.{int(number) + by}"


@functools.cache
def crds(*minors: str) -> tuple[str, list[Object]]:
    """The version, and its CRDs, of the first of these minor versions that can be had: not all
    are served. Under a group of our own, so that the CRDs that are there stay as they are."""
    for version in (f"{minor}.{patch}" for minor in minors for patch in range(3)):
        if found := operator_sources.folder(version):
            break
    else:
        raise unittest.SkipTest(f"none of {minors} of the Operator can be had")
    made = []
    for plural in PLURALS:
        file = operator_sources.crd_file(found, plural)
        crd, = strict_yaml.documents(file.read_text("utf-8"))
        crd["metadata"] = {"name": f"{plural}.{own_group(version)}"}
        crd["spec"]["group"] = own_group(version)
        crd["spec"]["names"].pop("categories", None)
        crd["spec"]["names"].pop("shortNames", None)
        made.append(crd)
    return version, made


def own_group(version: str) -> str:
    return f"v{version.replace('.', '-')}.loopmeter.test"


def regrouped(objects: list[Object], version: str) -> list[Object]:
    """The objects of the Operator alone, in that group."""
    return [{**each, "apiVersion": each["apiVersion"].replace(GROUP, own_group(version))}
            for each in objects if each["apiVersion"].startswith(GROUP)]


class Admission(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.addClassCleanup(demo.remove)
        base = demo.compose()
        kube.apply([each for each in base if each["kind"] == "Namespace"])
        deployment, = (each for each in base if each["kind"] == "Deployment")
        cls.deployment = deployment

    def taken(self, objects: list[Object]) -> None:
        done = dry_run(objects)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_rendering_is_taken(self) -> None:
        chosen = [*overlays().values(), demo.compose()]
        for monitor in rendering.MONITORS:
            chosen += [demo.compose(monitor, each) for each in CHOICE]
            chosen.append(demo.compose(monitor, *CHOICE))
        self.assertGreater(len(chosen), 20)
        for objects in chosen:
            with self.subTest([each["kind"] for each in objects]):
                self.taken(objects)

    def test_a_field_that_is_not_known_is_refused(self) -> None:
        for kind, field in (("Deployment", "replicass"), ("ServiceMonitor", "sampleLimits"),
                            ("HorizontalPodAutoscaler", "minReplica")):
            objects = demo.overlay("production")
            next(each for each in objects if each["kind"] == kind)["spec"][field] = 1
            done = dry_run(objects)
            self.assertNotEqual(done.returncode, 0)
            # By kubectl, who knows the kinds, or by the API server, in other words.
            self.assertRegex(done.stderr, rf'unknown field "(spec\.)?{field}"')

    def pod(self, deployment: Object) -> Object:
        template = deployment["spec"]["template"]
        return {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
                "metadata": {**template["metadata"], "name": "p", "namespace": demo.NAMESPACE}}

    def test_pods_that_are_not_restricted_are_refused(self) -> None:
        """The mutations of tests/chain that its own checker of Pod Security refuses."""
        self.serviceaccount()
        self.taken([self.pod(self.deployment)])
        count = 0
        for demand, mutants in mutations.MUTATIONS.items():
            if not demand.startswith("psa."):
                continue
            for number, mutate in enumerate(mutants):
                objects = [copy.deepcopy(self.deployment)]
                mutate(objects)
                with self.subTest(demand=demand, number=number):
                    done = dry_run([self.pod(objects[0])])
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(INVALID if demand in INVALID_ANYWAY else VIOLATES, done.stderr)
                    count += 1
        self.assertGreater(count, 30)

    def serviceaccount(self) -> None:
        kube.apply([each for each in demo.compose() if each["kind"] == "ServiceAccount"])

    def test_a_deployment_of_such_pods_warns(self) -> None:
        bad = copy.deepcopy(self.deployment)
        bad["spec"]["template"]["spec"]["securityContext"]["runAsUser"] = 0
        done = dry_run([bad])
        self.assertEqual(done.returncode, 0)
        self.assertIn("Warning: would violate PodSecurity", done.stderr)

    def test_the_oldest_crds_are_those_of_the_page(self) -> None:
        needs = oldest()
        self.assertLessEqual({*overlays(), "native-histograms", "endpointslice-role"}, set(needs))
        for name, version in needs.items():
            objects = overlays().get(name) or demo.compose("servicemonitor", name)
            with self.subTest(name=name, version=version):
                done = self.answer(objects, version, later(version, by=1))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                done = self.answer(objects, later(version, by=-1))
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr, r'unknown field "(spec\.)?\w+"')

    def answer(self, objects: list[Object], *minors: str) -> subprocess.CompletedProcess[str]:
        version, made = crds(*minors)
        for each in made:
            self.addCleanup(kube.kubectl, "delete", "crd", each["metadata"]["name"],
                            "--ignore-not-found")
        kube.apply(made, "--server-side")  # too large for the annotation of a plain one
        for each in made:
            kube.kubectl("wait", "--for=condition=Established", f"crd/{each['metadata']['name']}")

        def known() -> subprocess.CompletedProcess[str]:
            done = dry_run(regrouped(objects, version))
            # The API server serves a new kind a moment after it is established.
            assert "no matches for kind" not in done.stderr, done.stderr
            assert "could not find the requested resource" not in done.stderr, done.stderr
            return done
        return wait_until(known, timeout_s=30, pause_s=0.5)


if __name__ == "__main__":
    unittest.main()
