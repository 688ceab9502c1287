"""ELF files that no tender may run: one good file, and a table of what to spoil.

A file is four program headers (read-only data with the note, text, data, the
note) and a page for each segment; a spoiler sets fields by name, or cuts or
overwrites bytes. `cases` gives (name, status, words, bytes)."""
import struct

PAGE = 4096
BASE = 0x200000
END = 0x3000000
LOAD, NOTE = 1, 4
R, W, X = 4, 2, 1
HEADER = dict(  # name: (offset, format)
    klass=(4, 'B'), data=(5, 'B'), ident_version=(6, 'B'), type=(16, 'H'), machine=(18, 'H'),
    version=(20, 'I'), entry=(24, 'Q'), phoff=(32, 'Q'), shoff=(40, 'Q'), ehsize=(52, 'H'),
    phentsize=(54, 'H'), phnum=(56, 'H'), shentsize=(58, 'H'), shnum=(60, 'H'), shstrndx=(62, 'H'))
PROGRAM = dict(
    type=(0, 'I'), flags=(4, 'I'), offset=(8, 'Q'), vaddr=(16, 'Q'), paddr=(24, 'Q'),
    filesz=(32, 'Q'), memsz=(40, 'Q'), align=(48, 'Q'))
NOTE_FIELDS = dict(
    namesz=(0, 'I'), descsz=(4, 'I'), type=(8, 'I'), name=(12, '8s'), version=(20, 'I'),
    entry=(28, 'Q'), tls=(36, 'Q'))
RODATA, TEXT, DATA, NOTES = range(4)
# mov $2, %edi (exit); mov $0, %esi; mov $0x120000, %eax (the gate); call *%rax
CODE = bytes.fromhex('bf02000000' 'be00000000' 'b800001200' 'ffd0' '0f0b')


def put(image, at, form, value):
    struct.pack_into('<' + form, image, at, value)


def good():
    image = bytearray(5 * PAGE)
    image[:7] = b'\x7fELF\x02\x01\x01'
    spoil(image, dict(type=2, machine=62, version=1, entry=BASE + PAGE, phoff=64, ehsize=64,
                      phentsize=56, phnum=4))
    for i, flags in enumerate((R, R | X, R | W)):
        at = i * PAGE
        spoil(image, {f'{i}.type': LOAD, f'{i}.flags': flags, f'{i}.offset': PAGE + at,
                      f'{i}.vaddr': BASE + at, f'{i}.paddr': BASE + at, f'{i}.filesz': PAGE,
                      f'{i}.memsz': PAGE, f'{i}.align': PAGE})
    spoil(image, {'3.type': NOTE, '3.flags': R, '3.offset': PAGE, '3.vaddr': BASE, '3.paddr': BASE,
                  '3.filesz': 44, '3.memsz': 44, '3.align': 4})
    spoil(image, {'note.namesz': 5, 'note.descsz': 24, 'note.type': 1, 'note.name': b'Mote',
                  'note.version': 1, 'note.entry': BASE + PAGE, 'note.tls': BASE + 2 * PAGE})
    image[2 * PAGE:2 * PAGE + len(CODE)] = CODE
    return image


def spoil(image, fields):
    """Set fields: `machine`, `1.vaddr` of program header 1, `note.entry`."""
    for name, value in fields.items():
        where, _, field = name.rpartition('.')
        if where == '':
            at, form = HEADER[field]
        elif where == 'note':
            at, form = NOTE_FIELDS[field]
            at += PAGE
        else:
            at, form = PROGRAM[field]
            at += 64 + 56 * int(where)
        put(image, at, form, value)


ALL = 2**64 - 1
# name, status, words, fields to set
FIELDS = [
    ('good', 0, '', {}),
    ('class_32', 65, '', dict(klass=1)),
    ('class_0', 65, '', dict(klass=0)),
    ('big_endian', 65, '', dict(data=2)),
    ('ident_version_0', 65, '', dict(ident_version=0)),
    ('machine_arm', 65, 'x86|machine', dict(machine=183)),
    ('machine_i386', 65, 'x86|machine', dict(machine=3)),
    ('type_shared_object', 65, 'type|EXEC|exec', dict(type=3)),
    ('type_object_file', 65, 'type|EXEC|exec', dict(type=1)),
    ('type_core', 65, 'type|EXEC|exec', dict(type=4)),
    ('no_program_headers', 65, '', dict(phnum=0)),
    ('program_headers_at_0', 65, '', dict(phoff=0)),
    ('program_headers_beyond_the_file', 65, 'header', dict(phoff=5 * PAGE)),
    ('program_headers_across_the_end', 65, 'header', dict(phoff=5 * PAGE - 100)),
    ('program_headers_at_the_last_byte', 65, 'header', dict(phoff=ALL)),
    ('program_headers_that_wrap', 65, 'header', dict(phoff=2**64 - 56)),
    ('program_headers_unaligned', 65, '', dict(phoff=65)),
    ('program_headers_65535', 65, 'header', dict(phnum=65535)),
    ('program_headers_17', '0|65', '', dict(phnum=17)),
    ('program_header_size_0', 65, 'header', dict(phentsize=0)),
    ('program_header_size_32', 65, 'header', dict(phentsize=32)),
    ('program_header_size_65535', 65, 'header', dict(phentsize=65535)),
    ('no_text', 65, '', {'1.type': 0}),
    ('no_segments', 65, '', {'0.type': 0, '1.type': 0, '2.type': 0}),
    ('text_writable', 65, 'writ', {'1.flags': R | W | X}),
    ('data_executable', 65, 'writ|exec', {'2.flags': R | W | X}),
    ('write_and_execute_only', 65, 'writ|exec', {'2.flags': W | X}),
    ('segments_overlap', 65, 'overlap|order', {'2.vaddr': BASE + PAGE}),
    ('segments_overlap_by_a_page', 65, 'overlap|order', {'1.memsz': 2 * PAGE}),
    ('segments_out_of_order', 65, 'overlap|order',
     {'0.vaddr': BASE + 2 * PAGE, '2.vaddr': BASE, 'note.tls': BASE}),
    ('segment_below_base', 65, '', {'0.vaddr': BASE - PAGE}),
    ('segment_on_the_gate', 65, '', {'0.vaddr': 0x120000}),
    ('segment_on_boot_information', 65, '', {'0.vaddr': 0x100000}),
    ('segment_at_0', 65, '', {'0.vaddr': 0}),
    ('segment_across_the_end', 65, '', {'2.memsz': END}),
    ('segment_at_the_end', 65, '', {'2.vaddr': END}),
    ('segment_on_the_stack', 65, '', {'2.vaddr': 0x3f00000 - PAGE}),
    ('segment_above_low', 65, '', {'2.vaddr': 0x4000000}),
    ('segment_in_the_arena', 65, '', {'2.vaddr': 0x1fff00000000}),
    ('segment_on_the_image', 65, '', {'2.vaddr': 0x200000000000}),
    ('segment_in_the_upper_half', 65, '', {'2.vaddr': 0xffffffff80000000}),
    ('segment_that_wraps', 65, '', {'2.memsz': ALL}),
    ('segment_that_wraps_to_its_start', 65, '', {'2.memsz': 2**64 - BASE}),
    ('segment_of_4_gib', 65, '', {'2.memsz': 2**32}),
    ('segment_of_2_to_the_63', 65, '', {'2.memsz': 2**63}),
    ('address_unaligned', 65, 'align', {'2.vaddr': BASE + 2 * PAGE + 8, 'note.tls': BASE + 2 * PAGE + 16}),
    ('offset_unaligned', 65, 'align', {'1.offset': 2 * PAGE + 16}),
    ('both_unaligned', 65, 'align', {'2.vaddr': BASE + 2 * PAGE + 64, '2.offset': 3 * PAGE + 64}),
    ('offset_beyond_the_file', 65, 'file', {'1.offset': 5 * PAGE}),
    ('offset_huge', 65, '', {'1.offset': 2**63}),
    ('offset_that_wraps', 65, '', {'1.offset': 2**64 - PAGE, '1.filesz': 2 * PAGE, '1.memsz': 2 * PAGE}),
    ('file_part_beyond_the_file', 65, 'file', {'2.filesz': 3 * PAGE, '2.memsz': 3 * PAGE}),
    ('file_part_huge', 65, '', {'2.filesz': ALL, '2.memsz': ALL}),
    ('file_part_larger_than_memory', 65, '', {'2.filesz': PAGE, '2.memsz': 16}),
    ('no_note', 65, 'note', {'3.type': 0}),
    ('note_of_no_bytes', 65, 'note', {'3.filesz': 0}),
    ('note_truncated', 65, 'note', {'3.filesz': 30}),
    ('note_truncated_in_its_header', 65, 'note', {'3.filesz': 8}),
    ('note_beyond_the_file', 65, 'note', {'3.offset': 5 * PAGE}),
    ('note_across_the_end', 65, 'note', {'3.offset': 5 * PAGE - 20}),
    ('note_offset_that_wraps', 65, 'note', {'3.offset': 2**64 - 16}),
    ('note_size_huge', 65, 'note', {'3.filesz': ALL}),
    ('note_of_another_name', 65, 'note', {'note.name': b'Xen\0'}),
    ('note_of_another_type', 65, 'note', {'note.type': 2}),
    ('note_name_huge', 65, 'note', {'note.namesz': 2**32 - 1}),
    ('note_name_that_wraps', 65, 'note', {'note.namesz': 2**32 - 4, 'note.descsz': 2**32 - 4}),
    ('note_of_no_name', 65, 'note', {'note.namesz': 0}),
    ('note_description_short', 65, 'note', {'note.descsz': 8}),
    ('note_description_huge', 65, 'note', {'note.descsz': 2**32 - 1}),
    ('two_notes', 65, 'note', {'0.type': NOTE, '0.filesz': 44}),
    ('abi_version_0', 65, 'version', {'note.version': 0}),
    ('abi_version_2', 65, 'version', {'note.version': 2}),
    ('abi_version_all_ones', 65, 'version', {'note.version': 2**32 - 1}),
    ('no_entry', 65, 'entry', {'note.entry': 0}),
    ('entry_in_data', 65, 'entry', {'note.entry': BASE + 2 * PAGE}),
    ('entry_in_read_only_data', 65, 'entry', {'note.entry': BASE}),
    ('entry_after_text', 65, 'entry', {'note.entry': BASE + 3 * PAGE}),
    ('entry_in_the_gate', 65, 'entry', {'note.entry': 0x120000}),
    ('entry_in_the_upper_half', 65, 'entry', {'note.entry': 0xffff800000000000}),
    ('entry_at_the_last_byte', 65, 'entry', {'note.entry': ALL}),
    ('tls_at_0', 65, 'tls|TLS|thread', {'note.tls': 0}),
    ('tls_in_text', 65, 'tls|TLS|thread', {'note.tls': BASE + PAGE}),
    ('tls_unaligned', 65, 'tls|TLS|thread', {'note.tls': BASE + 2 * PAGE + 1}),
    ('tls_after_data', 65, 'tls|TLS|thread', {'note.tls': BASE + 3 * PAGE}),
    ('tls_not_canonical', 65, 'tls|TLS|thread', {'note.tls': 0x800000000000}),
]


def cut(size):
    return good()[:size]


def noise(image, start, end, seed):
    x = seed
    for at in range(start, end):
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        image[at] = x >> 56
    return image


BYTES = [
    ('of_no_bytes', 65, '', lambda: b''),
    ('of_one_byte', 65, '', lambda: cut(1)),
    ('cut_in_the_magic_number', 65, '', lambda: cut(3)),
    ('cut_after_the_magic_number', 65, '', lambda: cut(4)),
    ('cut_in_the_header', 65, '', lambda: cut(63)),
    ('cut_after_the_header', 65, '', lambda: cut(64)),
    ('cut_in_the_program_headers', 65, '', lambda: cut(64 + 56)),
    ('cut_before_the_last_program_header', 65, '', lambda: cut(64 + 4 * 56 - 1)),
    ('cut_after_the_program_headers', 65, '', lambda: cut(64 + 4 * 56)),
    ('cut_in_the_note', 65, '', lambda: cut(PAGE + 30)),
    ('cut_in_text', 65, '', lambda: cut(2 * PAGE + 10)),
    ('cut_before_the_last_byte_of_data', 65, '', lambda: cut(4 * PAGE - 1)),
    ('of_ones', 65, '', lambda: b'\xff' * 8192),
    ('of_ones_after_the_magic_number', 65, '', lambda: b'\x7fELF\x02\x01\x01' + b'\xff' * 8192),
    ('of_noise_after_the_ident', 65, '', lambda: noise(good(), 16, 4096, 1)),
    ('of_noise_in_the_program_headers', 65, '', lambda: noise(good(), 64, 64 + 4 * 56, 2)),
    ('of_noise_in_the_note', 65, '', lambda: noise(good(), PAGE, PAGE + 44, 3)),
]


def cases():
    for name, status, words, fields in FIELDS:
        image = good()
        spoil(image, fields)
        yield 'elf_' + name, status, words, bytes(image)
    for name, status, words, make in BYTES:
        yield 'elf_' + name, status, words, bytes(make())


# A sound program whose sections (names and lines for the report) are not: it runs,
# crashes, and the report does with less. From the guests' own file.
SECTION = dict(name=0, type=4, offset=24, size=32, link=40, info=44, entsize=56)


def section_cases(guests):
    shoff, = struct.unpack_from('<Q', guests, 40)
    shnum, shstrndx = struct.unpack_from('<HH', guests, 60)
    names, = struct.unpack_from('<Q', guests, shoff + 64 * shstrndx + 24)

    def find(wanted):
        for i in range(shnum):
            at = names + struct.unpack_from('<I', guests, shoff + 64 * i)[0]
            if guests[at:guests.index(b'\0', at)] == wanted.encode():
                return shoff + 64 * i
        raise KeyError(wanted)

    def spoiled(name, *patches):
        image = bytearray(guests)
        for at, form, value in patches:
            put(image, at, form, value)
        return 'elf_sections_' + name, bytes(image)

    yield spoiled('nowhere', (40, 'Q', ALL))
    yield spoiled('at_the_end', (40, 'Q', len(guests) - 8))
    yield spoiled('65535', (60, 'H', 65535))
    yield spoiled('of_size_1', (58, 'H', 1))
    yield spoiled('without_names', (62, 'H', 65535))
    for section in ('.symtab', '.strtab', '.shstrtab', '.debug_line', '.debug_info', '.debug_frame',
                    '.debug_abbrev', '.debug_str', '.debug_line_str'):
        at = find(section)
        offset, size = struct.unpack_from('<QQ', guests, at + 24)
        short = section[1:]
        yield spoiled(short + '_beyond_the_file', (at + 24, 'Q', 2**63))
        yield spoiled(short + '_huge', (at + 32, 'Q', ALL))
        yield spoiled(short + '_of_one_byte', (at + 32, 'Q', 1))
        image = noise(bytearray(guests), offset, offset + min(size, 20000), 7)
        yield 'elf_sections_' + short + '_of_noise', bytes(image)
        image = bytearray(guests)
        image[offset:offset + size] = b'\xff' * size
        yield 'elf_sections_' + short + '_of_ones', bytes(image)
    at = find('.symtab')
    yield spoiled('symtab_linked_to_nothing', (at + 40, 'I', 65535))
    yield spoiled('symtab_linked_to_itself', (at + 40, 'I', (at - shoff) // 64))
    yield spoiled('symtab_entries_of_0', (at + 56, 'Q', 0))
    yield spoiled('symtab_entries_huge', (at + 56, 'Q', ALL))
