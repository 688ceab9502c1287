/*
 * fuzz_report.c - the report of any crash of any program: registers, memory and
 * the ELF file are the input's (make_mote_seeds.py writes the same layout). The
 * report ends, is not endless, and is text.
 */
#include "../../host/tender/report/report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct input {
    const uint8_t *at;
    size_t left;
};

static void get(struct input *in, void *out, size_t size) {
    size_t n = size < in->left ? size : in->left;
    memset(out, 0, size);
    if (n != 0)
        memcpy(out, in->at, n);
    in->at += n;
    in->left -= n;
}

/* The mote's memory: the input's stack, below MOTE_STACK_TOP. Rules: 1, reads
 * stop at each 64 bytes; 2, and odd ones give one byte less; 4, memory
 * everywhere, with the stack again and again. */
static const uint8_t *stack;
static size_t stack_bytes;
static uint8_t rules;

static size_t read_mote(struct tender *t, uint64_t address, void *out, size_t bytes) {
    (void)t;
    uint64_t base = MOTE_STACK_TOP - stack_bytes, at = address - base;
    if (stack_bytes == 0 || ((rules & 4) == 0 && at >= stack_bytes))
        return 0;
    at %= stack_bytes;
    if (bytes > stack_bytes - at)
        bytes = stack_bytes - at;
    if (rules & 1 && bytes > 64 - address % 64)
        bytes = 64 - address % 64;
    if (rules & 2 && bytes > 0 && address >> 3 & 1)
        bytes--;
    memcpy(out, stack + at, bytes);
    return bytes;
}

static const struct tender_door door = {.name = "fuzz", .read = read_mote};

static void check_text(int fd) {
    static char text[65536];
    ssize_t size = pread(fd, text, sizeof text, 0);
    if (size <= 0 || (size_t)size == sizeof text || text[size - 1] != '\n')
        abort();
    for (ssize_t i = 0; i < size; i++)
        if (text[i] != '\n' && ((unsigned char)text[i] < ' ' || text[i] == 127))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    struct input in = {data, size};
    struct crash c = {.has_registers = true};
    const struct tender_config config = {.name = "x", .image = -1};
    struct tender t = {.config = &config,
                       .door = &door,
                       .arena_end = MOTE_IMAGE_BASE + 0x10000000,
                       .image_end = MOTE_IMAGE_BASE + 0x800000};
    uint8_t kind;
    uint16_t bytes;
    char error[256];
    if (fd < 0)
        fd = memfd_create("report", 0);
    get(&in, &kind, 1);
    get(&in, &rules, 1);
    get(&in, &c.address, 8);
    get(&in, c.registers, sizeof c.registers);
    get(&in, &c.flags, 8);
    get(&in, &bytes, 2);
    stack_bytes = bytes < in.left ? bytes : in.left;
    stack = in.at;
    in.at += stack_bytes;
    in.left -= stack_bytes;
    c.kind = (enum crash_kind)(kind % (CRASH_OTHER + 1));
    if (c.kind == CRASH_FILE) /* looks at the descriptor, and there is none */
        c.kind = CRASH_OTHER;
    c.what = kind & 0x40 ? "said by the door" : NULL;
    if (elf_check(&t.program, in.at, in.left, "FILE", error, sizeof error) != 0) {
        /* Go on with a text segment over the whole file. */
        t.program = (struct elf){.fd = -1, .file = in.at, .file_bytes = in.left, .segments = 1};
        t.program.segment[0] = (struct elf_segment){0x201000, in.left + 1, 0, in.left, false, true};
    }
    if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    report_print(fd, &t, &c);
    check_text(fd);
    return 0;
}
