# SPDX-License-Identifier: Apache-2.0
"""docs/kubernetes.md tells of each overlay and component, and what it shows works."""
from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import rendering  # first, for it ends the test as skipped where Python lacks a module
import checker
import components  # noqa: F401  registers its demands, and those of contract
import pod  # noqa: F401  registers its demands, and those of pod_security
import strict_yaml
from kubernetes_page import PAGE, blocks, rows

SERVER = 'demo-cpp.demo.svc'


def findings(page: str) -> list[str]:
    """Where the tables are not what is under k8s/."""
    found = []
    for section, there in (('Overlays', {path.name for path in rendering.OVERLAYS}),
                           ('Components', set(rendering.COMPONENTS))):
        if wrong := set(rows(page, section)) ^ there:
            found.append(f'{section}: {sorted(wrong)}')
    for overlay in rendering.OVERLAYS:
        text = (overlay / 'kustomization.yaml').read_text(encoding='utf-8')
        taken = {pathlib.PurePath(each).name
                 for each in strict_yaml.documents(text)[0].get('components') or []}
        told = set(re.findall(r'`([\w-]+)`', rows(page, 'Overlays').get(overlay.name, '')))
        if len(taken) > 1 and taken - told:
            found.append(f'{overlay.name} has {sorted(taken - told)}, too')
    return found


class Page(unittest.TestCase):
    tool: tuple[str, str]

    def test_the_tables_are_complete(self) -> None:
        self.assertEqual(findings(PAGE), [])

    def test_what_is_missing_or_made_up_is_noticed(self) -> None:
        for old, new, expected in (
                ('| `tls` |', '| `ssl` |', "Components: ['ssl', 'tls']"),
                ('| `podmonitor` | the base', '| none | the base', "Overlays: ['podmonitor']"),
                ('`limits`, `hpa`,', '`limits`,', "production has ['hpa'], too")):
            self.assertEqual(PAGE.count(old), 1, old)
            self.assertEqual(findings(PAGE.replace(old, new)), [expected])

    def test_the_kustomization_shown_works(self) -> None:
        text, = blocks(PAGE, 'yaml')
        with rendering.kustomization(text.replace('../..', '{k8s}')) as directory:
            done = rendering.render(*self.tool, directory)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        found = checker.Rendering(strict_yaml.documents(done.stdout))
        self.assertEqual(checker.check(found.objects), [])
        self.assertTrue(found.tls and found.admin_port)

    def test_the_certificate_shown_is_the_one_that_is_checked(self) -> None:
        openssl = shutil.which('openssl')
        if openssl is None:
            self.skipTest('no openssl')
        script = blocks(PAGE, 'sh')[-1]
        made = script[:script.index('kubectl')]
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(['sh', '-ec', made], cwd=directory, check=True, capture_output=True)
            for name, expected in ((SERVER, 0), ('demo-cpp.default.svc', 2)):
                done = subprocess.run([openssl, 'verify', '-CAfile', 'ca.pem', '-verify_hostname',
                                       name, 'server.pem'],
                                      cwd=directory, check=False, capture_output=True)
                self.assertEqual(done.returncode, expected, done)
        objects = rendering.compose(*self.tool, ['servicemonitor', 'tls'])
        (_, endpoint), = checker.Rendering(strict_yaml.documents(objects.stdout)).endpoints
        self.assertEqual(endpoint['tlsConfig']['serverName'], SERVER)
        # The names that the commands give are those that the manifests ask for.
        for made in ('secret tls demo-cpp-tls', 'configmap demo-cpp-ca --from-file=ca.crt='):
            self.assertIn(made, script)
        self.assertEqual(endpoint['tlsConfig']['ca']['configMap'],
                         {'name': 'demo-cpp-ca', 'key': 'ca.crt'})


if __name__ == '__main__':
    Page.tool = rendering.require_any()
    unittest.main()
