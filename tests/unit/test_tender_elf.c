/* elf_check: one good file, and everything that can be wrong with it. */
#include "../../host/tender/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { TEXT, DATA, NOTE, HEADERS, FILE_BYTES = 3 * MOTE_PAGE };

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segment[HEADERS + 1];
    Elf64_Nhdr note;
    char name[8];
    struct mote_note mote; /* straight behind the name */
    uint8_t rest[FILE_BYTES];
} __attribute__((packed, aligned(8)));

static struct file good(void) {
    static struct file f;
    memset(&f, 0, sizeof f);
    memcpy(f.header.e_ident, ELFMAG, SELFMAG);
    f.header.e_ident[EI_CLASS] = ELFCLASS64;
    f.header.e_ident[EI_DATA] = ELFDATA2LSB;
    f.header.e_ident[EI_VERSION] = EV_CURRENT;
    f.header.e_version = EV_CURRENT;
    f.header.e_machine = EM_X86_64;
    f.header.e_type = ET_EXEC;
    f.header.e_ehsize = sizeof f.header;
    f.header.e_phentsize = sizeof(Elf64_Phdr);
    f.header.e_phnum = HEADERS;
    f.header.e_phoff = offsetof(struct file, segment);
    f.segment[TEXT] = (Elf64_Phdr){.p_type = PT_LOAD,
                                   .p_flags = PF_R | PF_X,
                                   .p_offset = MOTE_PAGE,
                                   .p_vaddr = MOTE_ELF_BASE,
                                   .p_filesz = 100,
                                   .p_memsz = 100};
    f.segment[DATA] = (Elf64_Phdr){.p_type = PT_LOAD,
                                   .p_flags = PF_R | PF_W,
                                   .p_offset = 2 * MOTE_PAGE,
                                   .p_vaddr = MOTE_ELF_BASE + 2 * MOTE_PAGE,
                                   .p_filesz = 10,
                                   .p_memsz = 5000};
    f.segment[NOTE] = (Elf64_Phdr){.p_type = PT_NOTE,
                                   .p_flags = PF_R,
                                   .p_offset = offsetof(struct file, note),
                                   .p_filesz = sizeof f.note + sizeof f.name + sizeof f.mote,
                                   .p_align = 4};
    f.note = (Elf64_Nhdr){sizeof MOTE_NOTE_NAME, sizeof f.mote, MOTE_NOTE_TYPE};
    memcpy(f.name, MOTE_NOTE_NAME, sizeof MOTE_NOTE_NAME);
    f.mote = (struct mote_note){.version = MOTE_ABI_VERSION,
                                .entry = MOTE_ELF_BASE + 99,
                                .tls = MOTE_ELF_BASE + 2 * MOTE_PAGE + 16};
    return f;
}

static char said[512];

static int check_bytes(struct elf *e, const struct file *f, size_t bytes) {
    /* Exactly as large as said, so that a sanitizer sees a step beyond. */
    uint8_t *copy = malloc(bytes + 1);
    assert_non_null(copy);
    memcpy(copy, f, bytes);
    said[0] = 0;
    int status = elf_check(e, copy, bytes, "x.elf", said, sizeof said);
    free(copy);
    return status;
}

static void refused(const struct file *f, const char *words) {
    struct elf e;
    assert_int_equal(check_bytes(&e, f, FILE_BYTES), 65);
    assert_memory_equal(said, "x.elf: ", 7);
    assert_null(strchr(said, '\n'));
    if (strstr(said, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", said, words);
}

static void good_file_is_accepted(void **state) {
    (void)state;
    struct file f = good();
    struct elf e;
    assert_int_equal(check_bytes(&e, &f, FILE_BYTES), 0);
    assert_int_equal(e.segments, 2);
    assert_true(e.segment[0].executable && !e.segment[0].writable);
    assert_true(e.segment[1].writable && !e.segment[1].executable);
    assert_int_equal(e.segment[1].bytes, 5000);
    assert_int_equal(e.note.entry, MOTE_ELF_BASE + 99);
}

static void every_shorter_file_is_refused_or_the_same(void **state) {
    (void)state;
    struct file f = good();
    for (size_t n = 0; n < FILE_BYTES; n += n < 1000 ? 1 : 97) {
        struct elf e;
        int status = check_bytes(&e, &f, n);
        assert_true(status == 65 || n >= 2 * MOTE_PAGE + 10);
    }
}

#define CHANGE(what, words)     \
    do {                        \
        struct file f = good(); \
        what;                   \
        refused(&f, words);     \
    } while (0)

static void headers(void **state) {
    (void)state;
    CHANGE(f.header.e_ident[0] = 'x', "not an ELF file");
    CHANGE(f.header.e_ident[EI_CLASS] = ELFCLASS32, "64-bit");
    CHANGE(f.header.e_ident[EI_DATA] = ELFDATA2MSB, "little-endian");
    CHANGE(f.header.e_machine = EM_AARCH64, "not x86-64");
    CHANGE(f.header.e_type = ET_DYN, "fixed address");
    CHANGE(f.header.e_type = ET_REL, "fixed address");
    CHANGE(f.header.e_phentsize = 32, "program headers");
    CHANGE(f.header.e_phnum = 0, "program headers");
    CHANGE(f.header.e_phnum = 65535, "program headers");
    CHANGE(f.header.e_phoff = UINT64_MAX, "outside the file");
    CHANGE(f.header.e_phoff = FILE_BYTES - 60, "outside the file");
    CHANGE(f.segment[NOTE].p_type = PT_INTERP, "dynamically linked");
}

static void segments(void **state) {
    (void)state;
    CHANGE(f.segment[TEXT].p_flags = PF_R | PF_W | PF_X, "writable and executable");
    CHANGE(f.segment[DATA].p_flags = PF_W | PF_X, "writable and executable");
    CHANGE(f.segment[TEXT].p_flags = 0, "neither");
    CHANGE(f.segment[TEXT].p_vaddr += 1, "not page aligned");
    CHANGE(f.segment[TEXT].p_offset += 1, "not page aligned");
    CHANGE(f.segment[TEXT].p_memsz = f.segment[TEXT].p_filesz = 0, "empty");
    CHANGE(f.segment[TEXT].p_vaddr = 0, "outside");
    CHANGE(f.segment[TEXT].p_vaddr = MOTE_BOOT, "outside");
    CHANGE(f.segment[TEXT].p_vaddr = MOTE_ELF_BASE - MOTE_PAGE, "outside");
    CHANGE(f.segment[DATA].p_vaddr = MOTE_ELF_END, "outside");
    CHANGE(f.segment[DATA].p_vaddr = MOTE_ELF_END - MOTE_PAGE, "outside"); /* 5000 bytes */
    CHANGE(f.segment[DATA].p_vaddr = UINT64_C(0xfffffffffffff000), "outside");
    CHANGE(f.segment[DATA].p_memsz = UINT64_MAX, "outside");
    CHANGE(f.segment[DATA].p_memsz = UINT64_MAX - MOTE_ELF_BASE, "outside");
    CHANGE(f.segment[DATA].p_memsz = 5, "in the file");
    CHANGE(f.segment[DATA].p_offset = UINT64_C(1) << 40, "outside the file");
    CHANGE(f.segment[DATA].p_offset = UINT64_C(0xfffffffffffff000), "outside the file");
    CHANGE(f.segment[DATA].p_filesz = f.segment[DATA].p_memsz = 0x10000, "outside the file");
    CHANGE(f.segment[TEXT].p_memsz = 200, "larger in memory");
    CHANGE(f.segment[DATA].p_vaddr = MOTE_ELF_BASE, "not after");
    CHANGE(f.segment[TEXT].p_vaddr = MOTE_ELF_BASE + 3 * MOTE_PAGE, "not after");
    CHANGE((f.segment[DATA].p_vaddr = MOTE_ELF_BASE + MOTE_PAGE,
            f.segment[TEXT].p_memsz = f.segment[TEXT].p_filesz = MOTE_PAGE + 1),
           "not after");
    CHANGE(f.segment[TEXT].p_type = f.segment[DATA].p_type = PT_NULL, "no segment");
}

static void notes(void **state) {
    (void)state;
    CHANGE(f.segment[NOTE].p_type = PT_NULL, "no Mote note");
    CHANGE(f.name[0] = 'm', "no Mote note");
    CHANGE(f.note.n_type = 2, "no Mote note");
    CHANGE(f.note.n_namesz = UINT32_MAX, "past the end");
    CHANGE(f.note.n_descsz = UINT32_MAX, "past the end");
    CHANGE(f.note.n_descsz = 4, "bytes, not");
    CHANGE(f.segment[NOTE].p_offset = UINT64_MAX, "outside the file");
    CHANGE(f.segment[NOTE].p_filesz = UINT64_MAX, "outside the file");
    CHANGE(f.segment[NOTE].p_filesz = 0, "no Mote note");
    CHANGE(f.mote.version = MOTE_ABI_VERSION + 1, "version");
    CHANGE(f.mote.entry = 0, "no executable segment");
    CHANGE(f.mote.entry = MOTE_ELF_BASE + 100, "no executable segment");
    CHANGE(f.mote.entry = MOTE_ELF_BASE + 2 * MOTE_PAGE, "no executable segment");
    CHANGE(f.mote.tls += 8, "thread pointer");
    CHANGE(f.mote.tls = MOTE_ELF_BASE, "thread pointer");
    CHANGE(f.mote.tls = UINT64_MAX - 15, "thread pointer");
    CHANGE((f.header.e_phnum = HEADERS + 1, f.segment[HEADERS] = f.segment[NOTE]), "second");
}

static void too_many_segments(void **state) {
    (void)state;
    struct file f = good();
    Elf64_Phdr *table = (Elf64_Phdr *)(void *)((uint8_t *)&f + MOTE_PAGE);
    for (unsigned i = 0; i <= ELF_SEGMENTS; i++) {
        table[i] = f.segment[TEXT];
        table[i].p_vaddr = MOTE_ELF_BASE + i * MOTE_PAGE;
    }
    f.header.e_phoff = MOTE_PAGE;
    f.header.e_phnum = ELF_SEGMENTS + 1;
    refused(&f, "more than");
}

static void files_that_cannot_be_opened(void **state) {
    (void)state;
    struct elf e;
    assert_int_equal(elf_open(&e, "/nonexistent/x.elf", said, sizeof said), 66);
    assert_string_equal(said, "/nonexistent/x.elf: open: No such file or directory");
    assert_int_equal(elf_open(&e, "/", said, sizeof said), 66);
    assert_int_equal(elf_open(&e, "/dev/null", said, sizeof said), 66);
    assert_int_equal(elf_open(&e, "/proc/self/exe", said, sizeof said), 65);
    elf_close(&e);
}

static void random_damage_is_survived(void **state) {
    (void)state;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        struct file f = good();
        for (int n = rand() % 8; n >= 0; n--)
            ((uint8_t *)&f)[rand() % (int)offsetof(struct file, rest)] = (uint8_t)rand();
        struct elf e;
        int status = check_bytes(&e, &f, FILE_BYTES);
        assert_true(status == 0 || status == 65);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_file_is_accepted),
        cmocka_unit_test(every_shorter_file_is_refused_or_the_same),
        cmocka_unit_test(headers),
        cmocka_unit_test(segments),
        cmocka_unit_test(notes),
        cmocka_unit_test(too_many_segments),
        cmocka_unit_test(files_that_cannot_be_opened),
        cmocka_unit_test(random_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
