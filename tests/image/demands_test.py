# SPDX-License-Identifier: Apache-2.0
"""Each demand is met by a small image that is right, and not by the same with one thing wrong."""

import copy
import hashlib
import io
import json
import pathlib
import stat
import struct
import tarfile
import tempfile
import unittest

import archive
import demands
import elf
from archive import Entry

LOADER = '/lib64/ld-linux-x86-64.so.2'
CONFIG = {
    'User': '65532:65532',
    'Entrypoint': ['/usr/bin/demo-cpp'],
    'ExposedPorts': {'8080/tcp': {}},
    'Labels': {**{'org.opencontainers.image.' + name: 'some' for name in demands.LABELS},
               'org.opencontainers.image.title': 'demo-cpp'},
}
STATUS = ('Name:\tdemo-cpp\nUid:\t65532\t65532\t65532\t65532\nGid:\t65532\t65532\t65532\t65532\n'
          'NoNewPrivs:\t1\n' + ''.join(f'Cap{each}:\t0000000000000000\n'
                                       for each in ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')))
MOUNTINFO = '9 1 8:1 /rootfs / ro,relatime - ext4 /dev/sda rw\n10 9 0:5 / /proc rw - proc proc rw\n'


def elf_file(needed, interpreter='', kind=elf.ET_DYN, flags_1=elf.DF_1_NOW | elf.DF_1_PIE,
             stack=6, relro=elf.PT_GNU_RELRO, load=4, machine=elf.EM_X86_64):
    """The least that is an ELF file with these demands: headers, dynamic section, strings."""
    strings = b'\0' + b''.join(name.encode() + b'\0' for name in [interpreter, *needed])
    count, address = 5, 0x10000
    dynamic_at = 64 + count * 56
    size = 16 * (len(needed) + 3)
    strings_at = dynamic_at + size
    at = 1 + len(interpreter) + 1
    dynamic = b''
    for name in needed:
        dynamic += struct.pack('<QQ', elf.DT_NEEDED, at)
        at += len(name) + 1
    dynamic += struct.pack('<QQQQQQ', elf.DT_FLAGS_1, flags_1, elf.DT_STRTAB, address + strings_at,
                           elf.DT_NULL, 0)
    total = strings_at + len(strings)

    def segment(kind, offset, length, flags=4):
        return struct.pack('<IIQQQQQQ', kind, flags, offset, address + offset, address + offset,
                           length, length, 8)
    segments = segment(elf.PT_LOAD, 0, total, load) + segment(elf.PT_DYNAMIC, dynamic_at, size)
    segments += segment(elf.PT_INTERP if interpreter else 0, strings_at + 1, len(interpreter) + 1)
    segments += segment(elf.PT_GNU_STACK, 0, 0, stack) + segment(relro, 0, 0)
    header = b'\x7fELF\x02\x01\x01' + b'\0' * 9 + struct.pack(
        '<HHIQQQIHHHHHH', kind, machine, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    return header + segments + dynamic + strings


def directory(mode=0o755):
    return Entry(stat.S_IFDIR | mode)


def regular(content=b'', mode=0o644, **owner):
    return Entry(stat.S_IFREG | mode, content=content, **owner)


def link(target):
    return Entry(stat.S_IFLNK | 0o777, target=target)


FILES = {
    'etc/passwd': regular(b'nonroot:x:65532:65532:nonroot:/:/nonexistent\n'),
    'etc/group': regular(b'nonroot:x:65532:\n'),
    'lib': link('usr/lib'),
    'lib64': directory(),
    'lib64/ld-linux-x86-64.so.2': regular(elf_file([]), 0o755),
    'tmp': directory(0o1777),
    'usr/bin/demo-cpp': regular(elf_file(['libone.so.1', 'libc.so.6'], LOADER), 0o755),
    'usr/lib/x86_64-linux-gnu': directory(),
    'usr/lib/x86_64-linux-gnu/libc.so.6': regular(elf_file([])),
    'usr/lib/x86_64-linux-gnu/libone.so.1': regular(elf_file(['libtwo.so.2'])),
    'usr/lib/x86_64-linux-gnu/libtwo.so.2': regular(elf_file(['libc.so.6'])),
}
TRIPLET = 'usr/lib/x86_64-linux-gnu/'
PROGRAM = FILES['usr/bin/demo-cpp'].content
LINKED = ['libc6-dev', 'libisal', 'libssl-dev', 'libstdc++-12-dev', 'prometheus-cpp']


def sbom(linked=None, how='STATIC_LINK', architecture='amd64', listed=None, program=PROGRAM):
    """Of the program, these parts and a header; listed: of which it is said what they are."""
    names = ['demo-cpp', 'libhead-dev', *(LINKED if linked is None else linked)]
    return regular(json.dumps({
        'packages': [
            {'SPDXID': 'ref-' + name, 'name': name, 'versionInfo': '1.1-1',
             'checksums': [{'checksumValue': hashlib.sha256(program).hexdigest()}],
             'externalRefs': [{'referenceLocator': f'pkg:deb/debian/{name}?arch={architecture}'}]}
            for name in names],
        'relationships': [
            {'relatedSpdxElement': 'ref-' + name, 'relationshipType':
             {'demo-cpp': 'DESCRIBES', 'libhead-dev': 'DEPENDS_ON'}.get(name, how)}
            for name in (names if listed is None else listed)]}).encode())


SBOM = demands.sbom_path('demo-cpp')
FILES[SBOM] = sbom()
for part in ['demo-cpp', 'libhead-dev', *LINKED]:
    FILES[f'usr/share/doc/{part}/copyright'] = regular(b'free')
for part in LINKED:
    FILES[demands.PACKAGES + part] = regular(f'Package: {part}\nVersion: 1.1-1\n'.encode())
IMAGE_CONFIG = {'os': 'linux', 'architecture': 'amd64'}
LABEL = 'org.opencontainers.image.'

# (demand, what is changed, to what; None takes it away), a part of the complaint
WRONG_CONFIGS = [
    (demands.runs_as_nonroot, 'User', None, 'None'),
    (demands.runs_as_nonroot, 'User', '', 'User'),
    (demands.runs_as_nonroot, 'User', '0:0', '0:0'),
    (demands.runs_as_nonroot, 'User', 'nonroot', 'nonroot'),
    (demands.starts_the_program_itself, 'Entrypoint', None, 'Entrypoint'),
    (demands.starts_the_program_itself, 'Entrypoint', ['/bin/sh', '-c', '/usr/bin/demo-cpp'], 'sh'),
    (demands.starts_the_program_itself, 'Cmd', ['--version'], 'arguments'),
    (demands.exposes_its_port, 'ExposedPorts', None, 'ExposedPorts'),
    (demands.exposes_its_port, 'ExposedPorts', {'80/tcp': {}}, '80/tcp'),
    (demands.says_what_it_is, 'Labels', None, 'label version'),
    (demands.says_what_it_is, 'Labels', {**CONFIG['Labels'], LABEL + 'version': 'unknown'},
     'version'),
    (demands.says_what_it_is, 'Labels', {**CONFIG['Labels'], LABEL + 'created': '${CREATED}'},
     'created'),
    (demands.says_what_it_is, 'Labels', {**CONFIG['Labels'], 'io.buildah.version': '1'}, 'buildah'),
]
WRONG_FILES = [
    *[(demands.has_no_shell, path, regular(mode=0o755), path)
      for path in ('bin/sh', 'usr/bin/bash', 'bin/dash', 'opt/busybox')],
    (demands.has_no_shell, 'bin/sh', link('/usr/bin/demo-cpp'), 'bin/sh'),
    (demands.has_no_shell, 'usr/bin/helper', regular(b'#!/usr/bin/env x\n'), 'script'),
    (demands.has_no_package_manager, 'usr/bin/dpkg', regular(mode=0o755), 'dpkg'),
    (demands.has_no_package_manager, 'usr/bin/apt-get', regular(mode=0o755), 'apt-get'),
    (demands.gives_no_rights, 'usr/bin/su', regular(mode=0o4755), 'setuid'),
    (demands.gives_no_rights, 'usr/bin/wall', regular(mode=0o2755), 'setgid'),
    (demands.gives_no_rights, 'var/all', directory(0o777), 'written'),
    (demands.gives_no_rights, 'usr/bin/mine', regular(uid=65532), 'belongs'),
    (demands.gives_no_rights, 'dev/null', Entry(stat.S_IFCHR | 0o666), 'device'),
    (demands.knows_its_user, 'etc/passwd', regular(b'root:x:0:0::/:/x\n'), 'passwd'),
    (demands.knows_its_user, 'etc/group', None, 'group'),
    (demands.finds_its_libraries, 'usr/bin/demo-cpp', None, 'demo-cpp'),
    (demands.finds_its_libraries, 'usr/bin/demo-cpp', regular(b'hello'), 'no program'),
    (demands.finds_its_libraries, 'lib64/ld-linux-x86-64.so.2', None, LOADER),
    (demands.finds_its_libraries, TRIPLET + 'libone.so.1', None, 'libone.so.1'),
    (demands.finds_its_libraries, TRIPLET + 'libtwo.so.2', None, 'libone.so.1 needs libtwo.so.2'),
    (demands.finds_its_libraries, TRIPLET + 'libtwo.so.2', link('libtwo.so.2.0'), 'libtwo.so.2'),
    (demands.finds_its_libraries, TRIPLET + 'libtwo.so.2', link('libtwo.so.2'), 'libtwo.so.2'),
    (demands.can_be_started, 'usr/bin/demo-cpp', regular(PROGRAM, 0o644), '644'),
    (demands.can_be_started, 'usr/bin/demo-cpp', regular(PROGRAM, 0o700), '700'),
    (demands.lists_its_parts, SBOM, None, 'not there'),
    (demands.lists_its_parts, 'usr/bin/demo-cpp', regular(b'other'), 'another program'),
    (demands.lists_its_parts, SBOM, sbom(listed=['demo-cpp', *LINKED]), 'what libhead-dev'),
    (demands.lists_its_parts, SBOM, sbom(LINKED[1:]), 'libc6-dev is of a package'),
    (demands.lists_its_parts, SBOM, sbom(how='DEPENDS_ON'), 'libc6-dev is of a package'),
    (demands.lists_its_parts, demands.PACKAGES + 'libisal', None, 'know libisal'),
    (demands.lists_its_parts, demands.PACKAGES + 'libisal', regular(b'x\nVersion: 2\n'), '1.1-1'),
    (demands.lists_its_parts, 'usr/share/doc/libssl-dev/copyright', None, 'licence of libssl-dev'),
    (demands.lists_its_parts, 'usr/share/doc/libhead-dev/copyright', None, 'licence of libhead'),
    *[(demands.names_what_must_be_there, SBOM,
       sbom([each for each in LINKED if each != name]), name.removesuffix('-dev'))
      for name in LINKED],
    (demands.names_what_must_be_there, SBOM, sbom(how='DEPENDS_ON'), 'libc6'),
    (demands.names_what_must_be_there, SBOM, None, 'libc6'),
    (demands.links_what_is_updated, SBOM, sbom([*LINKED, 'libc6-dev-arm64-cross']),
     'libc6-dev-arm64-cross'),
    *[(demands.is_hardened, 'usr/bin/demo-cpp', regular(content, 0o755), complaint)
      for content, complaint in (
          (b'hello', 'no program'),
          (elf_file([], kind=2), 'position-independent'),
          (elf_file([], flags_1=elf.DF_1_NOW), 'position-independent'),
          (elf_file([], LOADER, flags_1=elf.DF_1_PIE), 'stay writable'),
          (elf_file([], relro=0), 'stay writable'),
          (elf_file([], stack=7), 'stack is executable'),
          (elf_file([], load=7), 'writable and executable'))],
    (demands.is_hardened, 'usr/bin/demo-cpp', None, 'no program'),
    (demands.holds_no_idle_library, TRIPLET + 'libidle.so.3', regular(elf_file([])), 'libidle'),
]
WRONG_STATES = [
    (STATUS.replace('65532\t65532\n', '65532\t0\n'), MOUNTINFO, 'Uid'),
    (STATUS.replace('Gid:\t65532', 'Gid:\t0'), MOUNTINFO, 'Gid'),
    (STATUS.replace('NoNewPrivs:\t1', 'NoNewPrivs:\t0'), MOUNTINFO, 'NoNewPrivs'),
    (STATUS.replace('CapEff:\t0000000000000000', 'CapEff:\t0000000000000400'), MOUNTINFO, 'CapEff'),
    (STATUS.replace('CapBnd', 'CapXyz'), MOUNTINFO, 'CapBnd is absent'),
    (STATUS, MOUNTINFO.replace('/ ro,', '/ rw,'), 'written'),
    (STATUS, '', 'written'),
]


def changed(right, key, value):
    wrong = copy.deepcopy(right)
    if value is None:
        del wrong[key]
    else:
        wrong[key] = value
    return wrong


class Demands(unittest.TestCase):
    def test_right(self):
        for demand in demands.CONFIG:
            self.assertEqual(list(demand(CONFIG)), [], demand.__name__)
        for demand in demands.FILES:
            self.assertEqual(list(demand(FILES)), [], demand.__name__)
        self.assertEqual(list(demands.is_confined(STATUS, MOUNTINFO)), [])

    def test_wrong(self):
        for right, all_demands, mutations in ((CONFIG, demands.CONFIG, WRONG_CONFIGS),
                                              (FILES, demands.FILES, WRONG_FILES)):
            for demand, key, value, complaint in mutations:
                with self.subTest(demand.__name__, key=key, value=str(value)[:40]):
                    found = '; '.join(demand(changed(right, key, value)))
                    self.assertIn(complaint, found)
            self.assertEqual({demand for demand, *_ in mutations}, set(all_demands))

    def test_wrong_state(self):
        for status, mountinfo, complaint in WRONG_STATES:
            with self.subTest(complaint):
                self.assertIn(complaint, '; '.join(demands.is_confined(status, mountinfo)))

    def test_architecture(self):
        def found(config=IMAGE_CONFIG, files=FILES, architecture='amd64'):
            return '; '.join(demands.is_for(architecture, config, files))
        self.assertEqual(found(), '')
        self.assertIn('linux/arm64', found(changed(IMAGE_CONFIG, 'architecture', 'arm64')))
        self.assertIn('windows/amd64', found(changed(IMAGE_CONFIG, 'os', 'windows')))
        self.assertIn('/usr/bin/demo-cpp is for the machine 183', found(files=changed(
            FILES, 'usr/bin/demo-cpp', regular(elf_file([], machine=elf.EM_AARCH64)))))
        self.assertIn('libssl-dev for arm64', found(files=changed(
            FILES, SBOM, sbom(architecture='arm64'))))
        self.assertIn('machine 62', found({'os': 'linux', 'architecture': 'arm64'},
                                          architecture='arm64'))

    def test_size(self):
        self.assertEqual(list(demands.is_small([demands.SIZE_MAX_BYTES['demo-cpp'] - 1, 1])), [])
        self.assertNotEqual(list(demands.is_small([demands.SIZE_MAX_BYTES['demo-cpp'], 1])), [])

    def test_library_behind_links(self):
        files = changed(FILES, TRIPLET + 'libtwo.so.2', link('/lib/other/libtwo.so.2.0'))
        files['usr/lib/other/libtwo.so.2.0'] = FILES[TRIPLET + 'libtwo.so.2']
        self.assertEqual(list(demands.finds_its_libraries(files)), [])


class Layers(unittest.TestCase):
    def layer(self, *members):
        """(name, content) pairs; a content None is a directory."""
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode='w') as tar:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
                info.mode = 0o755
                info.size = len(data or b'')
                tar.addfile(info, io.BytesIO(data or b''))
        file.seek(0)
        return tarfile.open(fileobj=file)

    def test_whiteouts(self):
        files = {}
        archive.apply_layer(files, self.layer(('./a', None), ('./a/x', b'1'), ('./a/y', b'2'),
                                              ('./b', None), ('./b/z', b'3'), ('./c', b'4')))
        self.assertEqual(set(files), {'a', 'a/x', 'a/y', 'b', 'b/z', 'c'})
        archive.apply_layer(files, self.layer(('a/.wh.x', b''), ('b/.wh..wh..opq', b''),
                                              ('c', b'5')))
        self.assertEqual(set(files), {'a', 'a/y', 'b', 'c'})
        self.assertEqual(files['c'].content, b'5')

    def test_broken_blob(self):
        with tempfile.TemporaryDirectory() as top:
            path = pathlib.Path(top) / 'image.tar'
            digest = 'sha256:' + '0' * 64
            index = f'{{"manifests": [{{"digest": "{digest}"}}]}}'.encode()
            with tarfile.open(path, 'w') as tar:
                for name, data in (('index.json', index), ('blobs/sha256/' + '0' * 64, b'{}')):
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
            with self.assertRaisesRegex(ValueError, 'another content'):
                archive.read(path)


if __name__ == '__main__':
    unittest.main()
