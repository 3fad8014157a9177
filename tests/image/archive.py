# SPDX-License-Identifier: Apache-2.0
"""Reads an OCI archive: the image's configuration, and its file system with the layers applied."""

import dataclasses
import hashlib
import io
import json
import os
import pathlib
import posixpath
import stat
import tarfile

KINDS = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.REGTYPE: stat.S_IFREG,
         tarfile.AREGTYPE: stat.S_IFREG, tarfile.SYMTYPE: stat.S_IFLNK,
         tarfile.LNKTYPE: stat.S_IFREG, tarfile.CHRTYPE: stat.S_IFCHR,
         tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO}


@dataclasses.dataclass
class Entry:
    """A file of the image; its path, relative to the root, is the key that it is kept under."""
    mode: int  # with the type, as in struct stat
    uid: int = 0
    gid: int = 0
    target: str = ''  # of a symbolic link
    content: bytes = b''


@dataclasses.dataclass
class Image:
    name: str
    digest: str
    config: dict
    layers: list  # the compressed sizes in bytes
    files: dict  # path -> Entry


def apply_layer(files, layer):
    for member in layer:
        path = posixpath.normpath(member.name).lstrip('/')
        if path == '.':
            continue
        directory, name = posixpath.split(path)
        if name == '.wh..wh..opq':
            remove(files, directory, keep_itself=True)
        elif name.startswith('.wh.'):
            remove(files, posixpath.join(directory, name.removeprefix('.wh.')))
        else:
            if path in files and not member.isdir():
                remove(files, path)
            files[path] = Entry(KINDS[member.type] | member.mode, member.uid, member.gid,
                                member.linkname if member.issym() else '',
                                content(files, layer, member))


def remove(files, path, keep_itself=False):
    for each in list(files):
        if each.startswith(path + '/') or (each == path and not keep_itself):
            del files[each]


def content(files, layer, member):
    if member.islnk():
        return files[posixpath.normpath(member.linkname)].content
    return layer.extractfile(member).read() if member.isreg() else b''


def read(path):
    with tarfile.open(path) as archive:
        def blob(digest):
            data = archive.extractfile('blobs/' + digest.replace(':', '/')).read()
            if digest != 'sha256:' + hashlib.sha256(data).hexdigest():
                raise ValueError(f'{path}: the blob {digest} has another content')
            return data

        index = json.load(archive.extractfile('index.json'))
        entry, = index['manifests']
        manifest = json.loads(blob(entry['digest']))
        files = {}
        for each in manifest['layers']:
            with tarfile.open(fileobj=io.BytesIO(blob(each['digest']))) as layer:
                apply_layer(files, layer)
        return Image(entry['annotations']['org.opencontainers.image.ref.name'], entry['digest'],
                     json.loads(blob(manifest['config']['digest'])),
                     [each['size'] for each in manifest['layers']], files)


def unpack(files, directory):
    """What a runtime would mount as the root; directories first, so that any order will do."""
    root = pathlib.Path(directory)
    for path, entry in sorted(files.items()):
        place = root / path
        if stat.S_ISDIR(entry.mode):
            place.mkdir()
        elif stat.S_ISLNK(entry.mode):
            place.symlink_to(entry.target)
        elif stat.S_ISREG(entry.mode):
            place.write_bytes(entry.content)
        else:
            raise ValueError(f'/{path} is a device or a pipe')
        os.chown(place, entry.uid, entry.gid, follow_symlinks=False)
        if not stat.S_ISLNK(entry.mode):
            place.chmod(stat.S_IMODE(entry.mode))
