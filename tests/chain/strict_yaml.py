# SPDX-License-Identifier: Apache-2.0
"""Reads YAML as Kubernetes' strict decoding does, for manifests and renderings alike."""

import yaml


class _Loader(getattr(yaml, 'CSafeLoader', yaml.SafeLoader)):  # the one in C where there is one
    """SafeLoader without what means one thing here and another thing in Go."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == 'tag:yaml.org,2002:merge':
                raise yaml.constructor.ConstructorError(
                    None, None, 'merge keys are not portable', key_node.start_mark)
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'duplicate key {key!r}', key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_boolean(self, node):
        # YAML 1.1 takes yes, no, on, off for booleans, YAML 1.2 for strings.
        if node.value not in ('true', 'false'):
            raise yaml.constructor.ConstructorError(
                None, None, f'{node.value!r} is ambiguous, quote it', node.start_mark)
        return node.value == 'true'


_Loader.add_constructor('tag:yaml.org,2002:bool', _Loader.construct_boolean)


def documents(text):
    """All documents of the text; raises yaml.YAMLError with line and column."""
    return [each for each in yaml.load_all(text, Loader=_Loader) if each is not None]
