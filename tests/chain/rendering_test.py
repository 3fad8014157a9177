# SPDX-License-Identifier: Apache-2.0
"""kustomize and kubectl render every overlay, silently and to the same objects."""

import os
import re
import tempfile
import unittest

import checker
import rendering
import strict_yaml

PATCHED = {'servicemonitor': 'ServiceMonitor', 'podmonitor': 'PodMonitor'}


def by_identity(objects):
    return {(each['apiVersion'], checker.identity(each)): each for each in objects}


class Renderings(unittest.TestCase):
    tools = {}

    def render(self, name, directory):
        done = rendering.render(name, self.tools[name], directory)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        objects = strict_yaml.documents(done.stdout)
        self.assertEqual(len(by_identity(objects)), len(objects), 'an object comes twice')
        return objects

    def test_overlays(self):
        found = {path.name for path in rendering.OVERLAYS}
        self.assertLessEqual({'servicemonitor', 'podmonitor'}, found)
        for overlay in (rendering.K8S / 'base', *rendering.OVERLAYS):
            with self.subTest(overlay.name):
                kustomize, kubectl = (self.render(name, overlay) for name in self.tools)
                self.assertEqual(by_identity(kustomize), by_identity(kubectl))
                # `kubectl apply` creates in this order, and all else needs the namespace.
                self.assertEqual(kustomize[0]['kind'], 'Namespace')
                self.assertEqual(kubectl[0]['kind'], 'Namespace')

    def test_overlay_is_base_and_monitor(self):
        base = by_identity(self.render('kustomize', rendering.K8S / 'base'))
        for overlay, kind in PATCHED.items():
            with self.subTest(overlay):
                objects = by_identity(
                    self.render('kustomize', rendering.K8S / 'overlays' / overlay))
                added = set(objects) - set(base)
                self.assertEqual([name for _, name in added], [f'{kind}/monitoring/demo-cpp'])
                self.assertEqual(base, {key: objects[key] for key in base})

    def test_documented_patch_changes_the_release_label_and_nothing_else(self):
        for overlay, kind in PATCHED.items():
            with self.subTest(overlay):
                directory = rendering.K8S / 'overlays' / overlay
                text = (rendering.K8S / 'components' / overlay / 'kustomization.yaml').read_text()
                comment = re.search(r'^#   patches:\n(?:#   .*\n)+', text, re.MULTILINE)[0]
                patch = re.sub(r'^#   ', '', comment, flags=re.MULTILINE)
                self.assertEqual(patch.count('YOURS'), 1)
                before = by_identity(self.render('kustomize', directory))
                for name in self.tools:
                    after = self.render_patched(name, directory, patch.replace('YOURS', 'mine'))
                    after = by_identity(after)
                    monitor = after['monitoring.coreos.com/v1', f'{kind}/monitoring/demo-cpp']
                    self.assertEqual(monitor['metadata']['labels'].pop('release'), 'mine')
                    monitor['metadata']['labels']['release'] = 'prometheus'
                    self.assertEqual(after, before)

    def render_patched(self, name, directory, patch):
        return self.render(name, self.kustomization_over(directory, patch))

    def kustomization_over(self, directory, text):
        """A directory of the user's own, with what is given as its resource."""
        own = tempfile.TemporaryDirectory()
        self.addCleanup(own.cleanup)
        path = os.path.realpath(own.name)  # kustomize compares real paths
        relative = os.path.relpath(directory.resolve(), path)
        with open(os.path.join(path, 'kustomization.yaml'), 'w', encoding='utf-8') as file:
            file.write(f'resources:\n- {relative}\n{text}')
        return path

    def test_a_complaint_would_be_seen(self):
        """That stderr is empty means something only because warnings do go there."""
        directory = self.kustomization_over(rendering.K8S / 'base', 'commonLabels: {a: b}\n')
        for name, path in self.tools.items():
            with self.subTest(name):
                done = rendering.render(name, path, directory)
                self.assertEqual(done.returncode, 0)
                self.assertIn('commonLabels', done.stderr)


if __name__ == '__main__':
    Renderings.tools = rendering.require(*rendering.TOOLS)
    unittest.main()
