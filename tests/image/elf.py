# SPDX-License-Identifier: Apache-2.0
"""What an ELF file asks of the system: its loader and its libraries. 64 bit, little endian."""

import dataclasses
import struct

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB = 0, 1, 5


@dataclasses.dataclass
class Demands:
    interpreter: str
    needed: list


def text(data, offset):
    return data[offset:data.index(b'\0', offset)].decode()


def demands(data):
    """None where data is no ELF file."""
    if not data.startswith(b'\x7fELF\x02\x01'):
        return None
    headers, = struct.unpack_from('<Q', data, 0x20)
    size, count = struct.unpack_from('<HH', data, 0x36)
    segments = [struct.unpack_from('<IIQQQQ', data, headers + i * size) for i in range(count)]
    interpreter, needed, strings = '', [], 0
    for kind, _, offset, _, _, length in segments:
        if kind == PT_INTERP:
            interpreter = text(data, offset)
        if kind == PT_DYNAMIC:
            for at in range(offset, offset + length, 16):
                tag, value = struct.unpack_from('<QQ', data, at)
                if tag == DT_NULL:
                    break
                if tag == DT_NEEDED:
                    needed.append(value)
                if tag == DT_STRTAB:
                    strings = value
    for kind, _, offset, address, _, length in segments:
        if kind == PT_LOAD and address <= strings < address + length:
            strings += offset - address
            break
    return Demands(interpreter, [text(data, strings + each) for each in needed])
