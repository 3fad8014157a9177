# SPDX-License-Identifier: Apache-2.0
"""kustomize and kubectl render every overlay, silently and to the same objects."""

import re
import unittest

import checker
import rendering
import strict_yaml

PATCHED = {'servicemonitor': 'ServiceMonitor', 'podmonitor': 'PodMonitor'}
# What the larger overlays add to the base, beside what they change.
ADDED = {
    'kube-prometheus': {'ServiceMonitor/monitoring/demo-cpp', 'Role/demo/prometheus-k8s',
                        'RoleBinding/demo/prometheus-k8s'},
    'production': {'ServiceMonitor/monitoring/demo-cpp', 'HorizontalPodAutoscaler/demo/demo-cpp',
                   'NetworkPolicy/demo/demo-cpp'},
}


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

    def test_larger_overlays_hold_what_they_promise(self):
        base = by_identity(self.render('kustomize', rendering.K8S / 'base'))
        for overlay, promised in ADDED.items():
            with self.subTest(overlay):
                objects = by_identity(
                    self.render('kustomize', rendering.K8S / 'overlays' / overlay))
                self.assertLessEqual(set(base), set(objects))
                self.assertLessEqual(promised, {name for _, name in set(objects) - set(base)})
                if overlay == 'kube-prometheus':  # the base is as it was
                    self.assertEqual(base, {key: objects[key] for key in base})

    def test_production_is_bounded_apart_and_scraped_to_the_end(self):
        found = checker.Rendering(
            self.render('kustomize', rendering.K8S / 'overlays' / 'production'))
        self.assertEqual(found.admin_port, 8081)
        self.assertIn('--web.max-connections', found.flags)
        self.assertEqual([each['spec'].get('serviceDiscoveryRole') for each in found.monitors],
                         ['EndpointSlice'])
        self.assertEqual([each['spec'].get('replicas') for each in found.kind('Deployment')],
                         [None])

    def documented_patch(self, component):
        text = (rendering.K8S / 'components' / component / 'kustomization.yaml').read_text()
        comment = re.search(r'^#   patches:\n(?:#   .*\n)+', text, re.MULTILINE)[0]
        return re.sub(r'^#   ', '', comment, flags=re.MULTILINE)

    def test_documented_patch_adds_a_measure_and_nothing_else(self):
        directory = rendering.K8S / 'overlays' / 'production'
        before = by_identity(self.render('kustomize', directory))
        for name in self.tools:
            after = by_identity(
                self.render_patched(name, directory, self.documented_patch('hpa')))
            self.assertNotEqual(after, before)
            scaler = after['autoscaling/v2', 'HorizontalPodAutoscaler/demo/demo-cpp']
            added = scaler['spec']['metrics'].pop()
            self.assertEqual(added['type'], 'Pods')
            metric = added['pods']['metric']['name']
            documented = (rendering.SOURCE_ROOT / 'docs' / 'metrics.md').read_text()
            self.assertIn(f'| `{metric}` | gauge | `worker state` |', documented)
            self.assertEqual(after, before)

    def test_documented_patch_changes_the_release_label_and_nothing_else(self):
        for overlay, kind in PATCHED.items():
            with self.subTest(overlay):
                directory = rendering.K8S / 'overlays' / overlay
                patch = self.documented_patch(overlay)
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
        own = rendering.kustomization(
            f'resources:\n- {{k8s}}/{directory.relative_to(rendering.K8S)}\n{text}')
        self.addCleanup(own.cleanup)
        return own.name

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
