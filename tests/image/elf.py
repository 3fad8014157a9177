# SPDX-License-Identifier: Apache-2.0
"""What an ELF file asks of the system, its loader and its libraries, and how it is protected.
64 bit, little endian."""

import dataclasses
import struct

ET_DYN = 3
EM_X86_64, EM_AARCH64 = 62, 183
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 3, 0x6474e551, 0x6474e552
PF_X, PF_W = 1, 2
DT_NULL, DT_NEEDED, DT_STRTAB, DT_FLAGS_1 = 0, 1, 5, 0x6ffffffb
DF_1_NOW, DF_1_PIE = 1, 0x08000000


@dataclasses.dataclass
class Demands:
    interpreter: str
    needed: list


@dataclasses.dataclass
class Nature:
    """What kind of program it is."""
    machine: int
    kind: int
    flags_1: int  # of the dynamic section
    segments: list  # (kind, PF_* flags)


def text(data, offset):
    return data[offset:data.index(b'\0', offset)].decode()


def program_headers(data):
    """(kind, flags, offset, address, physical address, length in the file)"""
    headers, = struct.unpack_from('<Q', data, 0x20)
    size, count = struct.unpack_from('<HH', data, 0x36)
    return [struct.unpack_from('<IIQQQQ', data, headers + i * size) for i in range(count)]


def dynamic_section(data):
    for kind, _, offset, _, _, length in program_headers(data):
        if kind == PT_DYNAMIC:
            for at in range(offset, offset + length, 16):
                tag, value = struct.unpack_from('<QQ', data, at)
                if tag == DT_NULL:
                    break
                yield tag, value


def nature(data):
    """None where data is no ELF file."""
    if not data.startswith(b'\x7fELF\x02\x01'):
        return None
    kind, machine = struct.unpack_from('<HH', data, 0x10)
    return Nature(machine, kind, dict(dynamic_section(data)).get(DT_FLAGS_1, 0),
                  [each[:2] for each in program_headers(data)])


def demands(data):
    """None where data is no ELF file."""
    if not data.startswith(b'\x7fELF\x02\x01'):
        return None
    segments = program_headers(data)
    interpreter, needed, strings = '', [], 0
    for kind, _, offset, _, _, _ in segments:
        if kind == PT_INTERP:
            interpreter = text(data, offset)
    for tag, value in dynamic_section(data):
        if tag == DT_NEEDED:
            needed.append(value)
        if tag == DT_STRTAB:
            strings = value
    for kind, _, offset, address, _, length in segments:
        if kind == PT_LOAD and address <= strings < address + length:
            strings += offset - address
            break
    return Demands(interpreter, [text(data, strings + each) for each in needed])
