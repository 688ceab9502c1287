#!/usr/bin/env python3
"""make_mote_seeds.py DIRECTORY - seeds for fuzz_elf, fuzz_report and fuzz_args:
small ELF files with all that a crash report reads, stacks to walk, command lines.
tests/fuzz/seeds/ holds what it wrote.

The file's bytes serve as rodata and text both (three segments, all from offset 0),
so that a seed is one kilobyte and not three pages."""
import os, struct, sys

out = sys.argv[1]

def seed(target, name, data):
    directory = os.path.join(out, target)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), 'wb') as f:
        f.write(data)

TEXT, DATA, STACK_TOP = 0x201000, 0x203000, 0x3f00000
START, OUTER, LEAF, FRAMED = TEXT + 0x100, TEXT + 0x120, TEXT + 0x160, TEXT + 0x180

def uleb(n):
    data = b''
    while True:
        data += bytes([n & 0x7f | (0x80 if n > 0x7f else 0)])
        n >>= 7
        if n == 0:
            return data

def sleb(n):
    data = b''
    while True:
        byte = n & 0x7f
        n >>= 7
        if n in (0, -1) and (n == 0) == (byte & 0x40 == 0):
            return data + bytes([byte])
        data += bytes([byte | 0x80])

def sized(body):
    return struct.pack('<I', len(body)) + body

# ---- Sections ---------------------------------------------------------------

def debug_frame():
    cie = sized(struct.pack('<IB', 0xffffffff, 4) + b'\0\x08\0' + uleb(1) + sleb(-8) + uleb(16)
                + b'\x0c\x07\x08' + b'\x90\x01')
    def fde(start, size, program):
        return sized(struct.pack('<IQQ', 0, start, size) + program)
    return (cie + fde(START, 0x20, b'\x07\x10')
            + fde(OUTER, 0x40, b'\x41\x0e\x10\x83\x02\x0a\x02\x10\x0e\x20\x0b\x03\0\x01\xc3')
            + fde(FRAMED, 0x40, b'\x0c\x06\x10\x86\x02\x14\x03\x01\x09\x0c\x0d\x08\x0e'))

def eh_frame(address):
    cie = sized(struct.pack('<IB', 0, 1) + b'zRS\0' + uleb(1) + sleb(-8) + b'\x10' + uleb(1)
                + b'\x1b' + b'\x0c\x07\x08\x90\x01')
    at = len(cie) + 4
    return cie + sized(struct.pack('<IiI', at, LEAF + 8 - (address + at + 4), 8) + b'\0\x0e\x18')

def debug_line(strings):
    def names(entries):
        data = b''
        for name, rest in entries:
            data += struct.pack('<I', len(strings)) + rest
            strings.extend(name + b'\0')
        return data
    tables = (b'\x01\x01\x1f' + uleb(2) + names([(b'/home/ann', b''), (b'vm/memory', b'')])
              + b'\x03\x01\x1f\x02\x0b\x05\x1e' + uleb(2)
              + names([(b'main.c', b'\0' + bytes(16)), (b'heap.c', b'\x01' + bytes(16))]))
    header = b'\x01\x01\x01\xfb\x0e\x0d' + b'\0\x01\x01\x01\x01\0\0\0\x01\0\0\x01' + tables
    program = (b'\0\x09\x02' + struct.pack('<Q', START) + b'\x04\0\x05\x07\x13\x4b\x08\x03'
               + sleb(100) + b'\x01\x04\x01\x02\x30\xe5\x09\x10\0\x21\0\x02\x04\x05\x0a\x83\x02\x10'
               + b'\0\x01\x01')
    return sized(struct.pack('<HBBI', 5, 8, 0, len(header)) + header + program)

def symbols(names):
    data = bytes(24)
    for name, info, value, size in [(b'tender_start', 0x12, START, 0x20), (b'outer', 0x12, OUTER, 0x40),
                                    (b'memcpy', 0x12, LEAF, 0), (b'framed', 2, FRAMED, 0x40),
                                    (b'heap', 0x11, DATA, 0x100)]:
        data += struct.pack('<IBBHQQ', len(names), info, 0, 1, value, size)
        names.extend(name + b'\0')
    return data

# ---- Files ------------------------------------------------------------------

def call(at, to):
    return at - TEXT, b'\xe8' + struct.pack('<i', to - (at + 5))

def elf(with_sections=True, flags=(4, 5, 6)):
    note = struct.pack('<III', 5, 24, 1) + b'Mote\0\0\0\0' + struct.pack('<IIQQ', 1, 0, START, DATA)
    note_at = 64 + 4 * 56
    data = bytearray(0x1c0)
    data[note_at:note_at + len(note)] = note
    for at, code in [call(START + 8, OUTER), call(OUTER + 0x10, LEAF), call(OUTER + 0x20, FRAMED)]:
        data[at:at + len(code)] = code
    headers, shoff, names = [], 0, bytearray(b'\0')
    if with_sections:
        table, strings, lines = bytearray(b'\0'), bytearray(), bytearray()
        symtab, line = symbols(table), debug_line(strings)
        eh_at = len(data) + len(debug_frame())
        for name, kind, link, address, body in [
                (b'.debug_frame', 1, 0, 0, debug_frame()), (b'.eh_frame', 1, 0, eh_at, eh_frame(eh_at)),
                (b'.debug_line', 1, 0, 0, line), (b'.debug_line_str', 1, 0, 0, bytes(strings)),
                (b'.symtab', 2, 6, 0, symtab), (b'.strtab', 3, 0, 0, bytes(table)),
                (b'.shstrtab', 3, 0, 0, None)]:
            start = len(names)
            names += name + b'\0'
            body = bytes(names) if body is None else body
            headers.append(struct.pack('<IIQQQQIIQQ', start, kind, 0, address, len(data), len(body),
                                       link, 0, 1, 0))
            data += body
        headers.insert(0, bytes(64))
        shoff = len(data)
        data += b''.join(headers)
    size = len(data)
    programs = [(1, flags[0], 0, TEXT - 0x1000, size, size), (1, flags[1], 0, TEXT, size, size),
                (1, flags[2], 0, DATA, 0, 0x1000), (4, 4, note_at, 0, len(note), len(note))]
    data[:64] = b'\x7fELF\x02\x01\x01' + bytes(9) + struct.pack(
        '<HHIQQQIHHHHHH', 2, 62, 1, START, 64, shoff, 0, 64, 56, len(programs), 64, len(headers),
        max(0, len(headers) - 1))
    for i, (kind, flag, offset, address, in_file, in_memory) in enumerate(programs):
        struct.pack_into('<IIQQQQQQ', data, 64 + 56 * i, kind, flag, offset, address, address, in_file,
                         in_memory, 0x1000)
    return bytes(data)

# What fuzz_report.c takes: kind, rules of reading, address, 17 registers, flags,
# size of the stack, the stack, the file.
def crash(kind, rip, stack, rbp=0, file=None, address=0x10, rules=0):
    words = b''.join(struct.pack('<Q', w & (1 << 64) - 1) for w in stack)
    registers = [0] * 17
    registers[6], registers[7], registers[16] = rbp, STACK_TOP - len(words), rip
    return (struct.pack('<BBQ17QQH', kind, rules, address, *registers, 0x246, len(words)) + words
            + (elf() if file is None else file))

for name, data in [('whole', elf()), ('stripped', elf(False)), ('write-execute', elf(flags=(4, 7, 6))),
                   ('short', elf()[:300])]:
    seed('fuzz_elf', name, data)

ret = {'start': START + 13, 'outer': OUTER + 0x15, 'framed': OUTER + 0x25}
for kind in range(13):
    seed('fuzz_report', 'kind%d' % kind, crash(kind, OUTER + 8, [3, ret['start']]))
seed('fuzz_report', 'blind', crash(1, LEAF + 2, [1, 2, ret['outer'], 4, ret['start'], 0]))
seed('fuzz_report', 'signal', crash(1, LEAF + 9, [1, OUTER + 4, ret['outer'], 4, ret['start'], 0]))
seed('fuzz_report', 'framed', crash(0, FRAMED + 9, [0, 0, STACK_TOP, ret['framed'], 5, ret['start']],
                                    rbp=STACK_TOP - 32))
seed('fuzz_report', 'null-jump', crash(2, 0, [ret['outer'], 4, ret['start']], address=0))
seed('fuzz_report', 'recursion', crash(1, OUTER + 8, [1, ret['outer']] * 70, address=STACK_TOP - 0x100008))
seed('fuzz_report', 'short-reads', crash(1, LEAF + 2, [1, ret['outer'], 4, ret['start']], rules=3))
seed('fuzz_report', 'stripped', crash(1, OUTER + 8, [3, ret['start']], file=elf(False)))

for name, line in [
        ('all', r'image="/abs/x.image" program="/abs/mote" utc_offset=3600 stdin=terminal stdout=pipe '
                r'stderr=file memory=1073741824 arg="printVersion" env="MOTE_GC_STRESS=1"'),
        ('quotes', r'arg="a \"b\" \\ c\nd" arg= arg="" arg=x virtio_mmio.device=4K@0xd0000000:5 quiet'),
        ('wrong', r'utc_offset=-99999999999999999999 stdin=keyboard env=NOVALUE arg="open'),
        ('many', ' '.join('arg=%d env=N%d=%d' % (i, i, i) for i in range(70)))]:
    seed('fuzz_args', name, line.encode())
