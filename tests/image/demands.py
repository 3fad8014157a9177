# SPDX-License-Identifier: Apache-2.0
"""Demands on the image: each is a function of the configuration, the files or the state of the
running process, and yields a line for each thing that is wrong."""

import hashlib
import json
import posixpath
import stat

import elf

PORTS = {'demo-cpp': '8080/tcp', 'loopcheck': '9808/tcp'}
LINKED = {'libc6', 'libisal', 'libssl', 'libstdc++-12', 'prometheus-cpp'}
LINKED_BY_LOOPCHECK = LINKED | {'libre2', 'libyaml'}
PACKAGES = 'var/lib/dpkg/status.d/'  # where scanners look for them in an image without dpkg
# Of the compressed layers; one more copy of glibc is beyond it.
SIZE_MAX_BYTES = {'demo-cpp': 4 << 20, 'loopcheck': 5 << 20}
MACHINES = {'amd64': elf.EM_X86_64, 'arm64': elf.EM_AARCH64}
LABELS = {'created', 'description', 'licenses', 'revision', 'title', 'version'}
SHELLS = {'ash', 'bash', 'busybox', 'csh', 'dash', 'fish', 'ksh', 'mksh', 'rbash', 'sh', 'tcsh',
          'toybox', 'zsh'}
MANAGERS = {'apk', 'apt', 'apt-get', 'dnf', 'dpkg', 'dpkg-deb', 'microdnf', 'pip', 'pip3', 'rpm',
            'yum'}


def program_of(files):
    """The one that is there."""
    found = sorted(path for path in files if path.startswith('usr/bin/'))
    return found[0] if found else 'usr/bin/demo-cpp'


def sbom_path(name):
    return f'usr/share/doc/{name}/sbom.spdx.json'


def sbom_of(files):
    return sbom_path(posixpath.basename(program_of(files)))


def title(config):
    return (config.get('Labels') or {}).get('org.opencontainers.image.title', '')


def runs_as_nonroot(config):
    if config.get('User') != '65532:65532':
        yield f'User is {config.get("User")!r}, not 65532:65532'


def starts_the_program_itself(config):
    if config.get('Entrypoint') != ['/usr/bin/' + title(config)]:
        yield f'Entrypoint is {config.get("Entrypoint")}, not the program in exec form'
    if config.get('Cmd'):
        yield f'Cmd gives it the arguments {config["Cmd"]}'


def exposes_its_port(config):
    port = PORTS.get(title(config))
    if set(config.get('ExposedPorts') or {}) != {port}:
        yield f'ExposedPorts are {sorted(config.get("ExposedPorts") or {})}, not {port}'


def says_what_it_is(config):
    labels = config.get('Labels') or {}
    for name in sorted(LABELS):
        value = labels.get('org.opencontainers.image.' + name, '')
        if value in ('', 'unknown') and name != 'revision' or '$' in value or not value:
            yield f'label {name} is {value!r}'
    for name in sorted(labels):
        if name.removeprefix('org.opencontainers.image.') not in LABELS:
            yield f'label {name} is not ours'


CONFIG = [runs_as_nonroot, starts_the_program_itself, exposes_its_port, says_what_it_is]


def programs(files):
    """(path, name) of all that could be run under this name, links included."""
    for path, entry in files.items():
        executable = stat.S_ISREG(entry.mode) and entry.mode & 0o111
        if executable or stat.S_ISLNK(entry.mode):
            yield path, posixpath.basename(path)


def has_no_shell(files):
    for path, name in programs(files):
        if name in SHELLS:
            yield f'/{path} is a shell'
    for path, entry in files.items():
        if entry.content.startswith(b'#!'):
            yield f'/{path} is a script'


def has_no_package_manager(files):
    for path, name in programs(files):
        if name in MANAGERS:
            yield f'/{path} is a package manager'


def gives_no_rights(files):
    for path, entry in files.items():
        if stat.S_ISREG(entry.mode) and entry.mode & (stat.S_ISUID | stat.S_ISGID):
            yield f'/{path} is setuid or setgid'
        if not stat.S_ISLNK(entry.mode) and entry.mode & stat.S_IWOTH \
                and not entry.mode & stat.S_ISVTX:
            yield f'/{path} can be written by all'
        if entry.uid == 65532 or entry.gid == 65532:
            yield f'/{path} belongs to the user that the program runs as'
        if not (stat.S_ISREG(entry.mode) or stat.S_ISDIR(entry.mode) or stat.S_ISLNK(entry.mode)):
            yield f'/{path} is a device or a pipe'


def knows_its_user(files):
    for path in ('etc/passwd', 'etc/group'):
        lines = files[path].content.decode().splitlines() if path in files else []
        if not any(line.split(':')[2:3] == ['65532'] for line in lines):
            yield f'/{path} does not name 65532'


def find(files, path, hops=8):
    """The entry at path, with the links in any of its parts followed, or None."""
    seen = ''
    parts = path.strip('/').split('/')
    for i, part in enumerate(parts):
        seen = posixpath.join(seen, part)
        entry = files.get(seen)
        if entry and stat.S_ISLNK(entry.mode):
            target = posixpath.join('/' + posixpath.dirname(seen), entry.target, *parts[i + 1:])
            return find(files, posixpath.normpath(target), hops - 1) if hops else None
    return files.get(seen)


def finds_its_libraries(files):
    """As the loader would, which looks only into its own default directories."""
    program = program_of(files)
    if program not in files:
        yield f'/{program} is not there'
        return
    triplets = {posixpath.basename(path) for path in files if path.endswith('-linux-gnu')}
    places = [f'{top}/{triplet}' for triplet in sorted(triplets) for top in ('lib', 'usr/lib')]
    places += ['lib64', 'usr/lib64', 'lib', 'usr/lib']
    todo, seen = [program], set()
    while todo:
        path = todo.pop()
        wants = elf.demands(find(files, path).content)
        if wants is None:
            yield f'/{path} is no program'
            continue
        if wants.interpreter and not find(files, wants.interpreter):
            yield f'/{path} asks for the loader {wants.interpreter}, which is not there'
        for name in wants.needed:
            found = [place for place in places if find(files, f'{place}/{name}')]
            if not found:
                yield f'/{path} needs {name}, which is not there'
            elif name not in seen:
                seen.add(name)
                todo.append(f'{found[0]}/{name}')


def can_be_started(files):
    program = program_of(files)
    entry = files.get(program)
    if entry and entry.mode & 0o555 != 0o555:
        yield f'/{program} has the mode {stat.S_IMODE(entry.mode):o}'


def holds_no_idle_library(files):
    """A library that nothing asks for is one that nobody updates for a reason."""
    asked = {name for entry in files.values() if (wants := elf.demands(entry.content))
             for name in wants.needed + [posixpath.basename(wants.interpreter)]}
    for path in files:
        name = posixpath.basename(path)
        if '.so' in name and name not in asked:
            yield f'/{path} is not needed'


def is_hardened(files):
    program = program_of(files)
    found = elf.nature(files[program].content) if program in files else None
    if not found:
        yield f'/{program} is no program'
        return
    if found.kind != elf.ET_DYN or not found.flags_1 & elf.DF_1_PIE:
        yield 'the program is not position-independent'
    # Without a loader nothing is bound later, and not every linker says so.
    segments = dict(found.segments)
    lazy = elf.PT_INTERP in segments and not found.flags_1 & elf.DF_1_NOW
    if lazy or elf.PT_GNU_RELRO not in segments:
        yield 'its relocations stay writable'
    if segments.get(elf.PT_GNU_STACK, elf.PF_X) & elf.PF_X:
        yield 'its stack is executable'
    if any(flags & elf.PF_W and flags & elf.PF_X for _, flags in found.segments):
        yield 'some of it is writable and executable'


def relations(sbom):
    """Name of each part -> what it is to the program."""
    names = {each['SPDXID']: each['name'] for each in sbom['packages']}
    return {names[each['relatedSpdxElement']]: each['relationshipType']
            for each in sbom['relationships']}


def lists_its_parts(files):
    """The SBOM is of this program; scanners know what is linked; of all there is the licence."""
    program = program_of(files)
    where = sbom_of(files)
    if where not in files or program not in files:
        yield f'/{where} or its subject is not there'
        return
    sbom = json.loads(files[where].content)
    digests = [each['checksumValue'] for each in sbom['packages'][0].get('checksums', [])]
    if digests != [hashlib.sha256(files[program].content).hexdigest()]:
        yield 'the SBOM is of another program'
    how = relations(sbom)
    linked = {each['name']: each for each in sbom['packages']
              if how.get(each['name'], '').endswith('_LINK')}
    for each in sbom['packages']:
        if each['name'] not in how:
            yield f'the SBOM does not say what {each["name"]} is to the program'
        if f'usr/share/doc/{each["name"]}/copyright' not in files:
            yield f'the licence of {each["name"]} is not there'
    for name, each in linked.items():
        record = files.get(PACKAGES + name)
        if not record or f'\nVersion: {each["versionInfo"]}\n' not in record.content.decode():
            yield f'scanners do not get to know {name} {each["versionInfo"]}'
    for path in files:
        if path.startswith(PACKAGES) and path.removeprefix(PACKAGES) not in linked:
            yield f'/{path} is of a package that the SBOM does not have as linked'


def names_what_must_be_there(files):
    """The inventory did not miss one of the libraries that the program cannot be without."""
    where = sbom_of(files)
    how = relations(json.loads(files[where].content)) if where in files else {}
    linked = {name.removesuffix('-dev') for name, each in how.items() if each == 'STATIC_LINK'}
    wanted = LINKED_BY_LOOPCHECK if where == sbom_path('loopcheck') else LINKED
    for name in sorted(wanted - linked):
        yield f'the SBOM does not have {name} as linked'


def links_what_is_updated(files):
    """A cross compiler's own libraries (libc6-dev-arm64-cross) are without Debian's updates."""
    where = sbom_of(files)
    how = relations(json.loads(files[where].content)) if where in files else {}
    for name, each in how.items():
        if each.endswith('_LINK') and name.endswith('-cross'):
            yield f'{name} is linked, which gets no updates'


FILES = [has_no_shell, has_no_package_manager, gives_no_rights, knows_its_user,
         finds_its_libraries, can_be_started, holds_no_idle_library, is_hardened, lists_its_parts,
         names_what_must_be_there, links_what_is_updated]


def is_for(architecture, config, files):
    """Of the image's whole configuration, its programs and the SBOM."""
    where = sbom_of(files)
    if (config.get('os'), config.get('architecture')) != ('linux', architecture):
        yield f'the image is for {config.get("os")}/{config.get("architecture")}'
    for path, entry in files.items():
        if (found := elf.nature(entry.content)) and found.machine != MACHINES[architecture]:
            yield f'/{path} is for the machine {found.machine}'
    sbom = json.loads(files[where].content) if where in files else {'packages': []}
    for each in sbom['packages']:
        for reference in each.get('externalRefs', []):
            of = reference['referenceLocator'].rpartition('arch=')[2]
            if of not in (architecture, 'all', 'source'):
                yield f'the SBOM has {each["name"]} for {of}'


def is_small(layers, name='demo-cpp'):
    if sum(layers) > SIZE_MAX_BYTES[name]:
        yield f'the layers have {sum(layers)} bytes, more than {SIZE_MAX_BYTES[name]}'


def is_confined(status, mountinfo):
    """Of the running process: /proc/PID/status and mountinfo. Guards the test's own sandbox."""
    fields = dict(line.split(':', 1) for line in status.splitlines() if ':' in line)
    for name, wanted in {'Uid': ['65532'] * 4, 'Gid': ['65532'] * 4, 'NoNewPrivs': ['1'],
                         **{f'Cap{each}': ['0' * 16] for each in
                            ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')}}.items():
        if fields.get(name, '').split() != wanted:
            yield f'{name} is {fields.get(name, "absent").strip()}, not {" ".join(wanted)}'
    root = [line.split() for line in mountinfo.splitlines() if line.split()[4] == '/']
    if not root or 'ro' not in root[-1][5].split(','):
        yield 'the root can be written'
