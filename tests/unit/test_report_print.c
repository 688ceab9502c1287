/* The report as it is read: words for each kind and place, registers, frames. */
#include "report_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK (MOTE_STACK_TOP - 0x1000u)

static uint64_t stack[0x1000 / 8];

static size_t read_mote(struct tender *t, uint64_t address, void *out, size_t bytes) {
    (void)t;
    if (address < STACK || address >= MOTE_STACK_TOP)
        return 0;
    size_t most = MOTE_STACK_TOP - address;
    bytes = bytes < most ? bytes : most;
    memcpy(out, (const char *)stack + (address - STACK), bytes);
    return bytes;
}

static const struct tender_door door = {.name = "test", .read = read_mote};
static char text[65536];

static const char *report(struct fixture *f, const char *name, const struct crash *c) {
    const struct tender_config config = {.name = name, .image = -1};
    struct tender t = {.config = &config,
                       .door = &door,
                       .program = f->elf,
                       .arena_end = MOTE_IMAGE_BASE + 0x10000000,
                       .image_end = MOTE_IMAGE_BASE + 0x800000};
    int fd = memfd_create("report", 0);
    assert_true(fd >= 0);
    report_print(fd, &t, c);
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    assert_true(n > 0);
    text[n] = 0;
    close(fd);
    return text;
}

enum { SUM = TEXT + 0x100, START = TEXT + 0x800 };

static struct fixture *program(void) {
    struct fixture *f = fixture_new();
    struct bytes *b = &f->debug_frame;
    fixture_function(f, "sum", SUM, 0x80);
    fixture_function(f, "tender_start", START, 0x40);
    fixture_symbol(f, "heap", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), DATA, 0x100);
    put_cie(b);
    size_t fde = open_fde(b, START, 0x40);
    put(b, 0x07, 1), put_unsigned(b, CRASH_RIP);
    close_length(b, fde);
    fde = open_fde(b, SUM, 0x80);
    close_length(b, fde);
    fixture_call(f, START + 0x10, SUM);
    fixture_call(f, SUM + 0x20, SUM);
    memset(stack, 0, sizeof stack);
    return f;
}

static struct crash crash_in_sum(enum crash_kind kind, uint64_t address) {
    struct crash c = {.kind = kind, .address = address, .has_registers = true, .flags = 0x10246};
    for (unsigned i = 0; i < CRASH_REGISTERS; i++)
        c.registers[i] = i;
    c.registers[CRASH_RIP] = SUM + 4;
    c.registers[CRASH_RSP] = STACK;
    return c;
}

static void a_report_is_read_from_top_to_bottom(void **state) {
    (void)state;
    struct fixture *f = program();
    fixture_finish(f);
    stack[0] = stack[1] = stack[2] = SUM + 0x25;
    stack[3] = START + 0x15;
    struct crash c = crash_in_sum(CRASH_WRITE, 0x10);
    assert_string_equal(
        report(f, "/home/ann/a.image", &c),
        "mote: /home/ann/a.image: crash: write to 0x10, which is not mapped (page zero: a null "
        "pointer?)\n"
        "  at 0x201104 sum+0x4\n"
        "  registers:\n"
        "    rax 0000000000000000  rbx 0000000000000003  rcx 0000000000000002  rdx "
        "0000000000000001\n"
        "    rsi 0000000000000004  rdi 0000000000000005  rbp 0000000000000006  rsp "
        "0000000003eff000\n"
        "    r8  0000000000000008  r9  0000000000000009  r10 000000000000000a  r11 "
        "000000000000000b\n"
        "    r12 000000000000000c  r13 000000000000000d  r14 000000000000000e  r15 "
        "000000000000000f\n"
        "    rip 0000000000201104  flags 00010246\n"
        "  C frames, innermost first:\n"
        "    #0  0x201104 sum+0x4\n"
        "    #1  0x201125 sum+0x25\n"
        "        and 2 more of this\n"
        "    #4  0x201815 tender_start+0x15\n");
    fixture_free(f);
}

static void every_kind_has_its_words(void **state) {
    (void)state;
    static const struct {
        enum crash_kind kind;
        uint64_t address;
        const char *says;
    } table[] = {
        {CRASH_READ, MOTE_ELF_END + 8,
         "read from 0x3000008, which is not mapped (the guard below "
         "the stack: stack overflow)"},
        {CRASH_WRITE, TEXT + 8, "write to 0x201008, in the program's text, which is read-only"},
        {CRASH_WRITE, SUM + 1, "which is read-only (sum+0x1)"},
        {CRASH_EXECUTE, DATA, "jump to 0x203000, in the program's data (heap): nothing may be"},
        {CRASH_ACCESS, UINT64_C(1) << 63,
         "access to 0x8000000000000000, which is not mapped (no "
         "address of a program)"},
        {CRASH_INSTRUCTION, 0, "that does not exist or is not allowed (it begins with 00)"},
        {CRASH_DIVIDE, 0, "division by zero"},
        {CRASH_BREAKPOINT, 0, "breakpoint"},
        {CRASH_SYSTEM_CALL, 57, "system call 57: there is no operating system"},
        {CRASH_PORT, 0x60, "port 0x60"},
        {CRASH_FILE, MOTE_IMAGE_BASE + 5,
         "became shorter while it was in use (at 0x200000000005, "
         "in the image)"},
        {CRASH_STACK, 0, "no crash handler could run"},
        {CRASH_STACK, MOTE_STACK_TOP - MOTE_STACK_BYTES - 8, "stack overflow: the stack pointer"},
        {CRASH_KILLED, 9, "signal 9"},
        {CRASH_OTHER, 0, "nothing is known about it"},
    };
    struct fixture *f = program();
    fixture_finish(f);
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct crash c = crash_in_sum(table[i].kind, table[i].address);
        if (strstr(report(f, "x", &c), table[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", text, table[i].says);
        c.what = "more of it";
        if (strstr(report(f, "x", &c), "more of it") == NULL)
            fail_msg("'%s' does not say more of it", text);
        c.has_registers = false;
        report(f, "x", &c);
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    }
    fixture_free(f);
}

static void every_place_has_its_words(void **state) {
    (void)state;
    static const struct {
        uint64_t address;
        const char *name;
    } table[] = {
        {0xfff, "page zero"},
        {0x1000, "close to zero"},
        {0x10000, "outside of everything"},
        {MOTE_BOOT, "boot information"},
        {MOTE_CLOCK, "the clock"},
        {MOTE_GATE, "the gate"},
        {MOTE_TRAPS, "crash handlers"},
        {MOTE_SHARED, "shared with the tender"},
        {MOTE_RINGS, "rings"},
        {MOTE_SIGNAL_STACK, "stack of the crash handler"},
        {MOTE_IMAGE_HEADER, "image's header"},
        {MOTE_ELF_BASE, "not part of the program"},
        {TEXT, "the program's text"},
        {DATA, "the program's data"},
        {MOTE_ELF_END - 1, "not part of the program"},
        {MOTE_STACK_TOP - MOTE_STACK_BYTES - 1, "stack overflow"},
        {MOTE_STACK_TOP - MOTE_STACK_BYTES, "the stack"},
        {MOTE_STACK_TOP, "above the stack"},
        {MOTE_LOW_END, "outside of everything"},
        {MOTE_CODE_EXECUTABLE, "generated code"},
        {MOTE_WINDOW, "shared memory"},
        {MOTE_ARENA, "the arena"},
        {MOTE_IMAGE_BASE, "the image"},
        {MOTE_IMAGE_BASE + 0x800000, "the arena"},
        {MOTE_IMAGE_BASE + 0x10000000, "above all memory"},
        {UINT64_C(1) << 47, "no address of a program"},
        {UINT64_MAX, "no address of a program"},
    };
    struct fixture *f = program();
    fixture_finish(f);
    struct tender t = {.program = f->elf,
                       .arena_end = MOTE_IMAGE_BASE + 0x10000000,
                       .image_end = MOTE_IMAGE_BASE + 0x800000};
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strstr(place_name(&t, table[i].address), table[i].name) == NULL)
            fail_msg("%llx is '%s', not '%s'", (unsigned long long)table[i].address,
                     place_name(&t, table[i].address), table[i].name);
    fixture_free(f);
}

static void instructions_have_names(void **state) {
    (void)state;
    struct fixture *f = program();
    memcpy(f->text.data + 0x104, "\x0f\x0b", 2);
    fixture_finish(f);
    struct crash c = crash_in_sum(CRASH_INSTRUCTION, 0);
    assert_non_null(strstr(report(f, "x", &c), "instruction ud2: "));
    c.registers[CRASH_RIP] = TEXT + TEXT_BYTES - 1; /* one byte is left */
    report(f, "x", &c);
    c.registers[CRASH_RIP] = DATA;
    report(f, "x", &c);
    fixture_free(f);
}

static void a_wild_operand_is_told(void **state) {
    (void)state;
    static const struct {
        const char *code;
        size_t bytes;
        uint64_t address; /* 0: none */
    } table[] = {
        {"\x8b\x00", 2, UINT64_C(1) << 60},                   /* mov (%rax), %eax */
        {"\x41\x8b\x44\x24\x08", 5, (UINT64_C(1) << 62) + 8}, /* mov 8(%r12), %eax */
        {"\x44\x0f\xb6\x04\xcb", 5, UINT64_C(1) << 51},       /* movzbl (%rbx,%rcx,8), %r8d */
        {"\x48\x89\x3c\x0d\x10\x00\x00\x80", 8, 0},           /* mov %rdi, 0x80000010(,%rcx) */
        {"\xf3\xa4", 2, (UINT64_C(1) << 61) + 1},             /* rep movsb */
        {"\xf0\x0f\xc1\x08", 4, UINT64_C(1) << 60},           /* lock xadd %ecx, (%rax) */
        {"\x66\x0f\x38\x00\x00", 5, UINT64_C(1) << 60},       /* pshufb (%rax), %xmm0 */
        {"\x8d\x00", 2, 0},                                   /* lea */
        {"\x8b\x05\x00\x00\x00\x00", 6, 0},                   /* mov 0(%rip), %eax */
        {"\x89\xc0", 2, 0},                                   /* mov %eax, %eax */
        {"\x64\x8b\x00", 3, 0},                               /* mov %fs:(%rax), %eax */
        {"\x0f\x1f\x00", 3, 0},                               /* nop (%rax) */
        {"\x41\x8b\x44", 3, 0},                               /* cut short */
    };
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t registers[CRASH_REGISTERS] = {[CRASH_RAX] = UINT64_C(1) << 60,
                                               [CRASH_R12] = UINT64_C(1) << 62,
                                               [CRASH_RCX] = UINT64_C(1) << 48,
                                               [CRASH_RDI] = (UINT64_C(1) << 61) + 1};
        struct cursor c = {(const uint8_t *)table[i].code,
                           (const uint8_t *)table[i].code + table[i].bytes, false};
        uint64_t address = 0;
        if (i == 3) /* canonical together with its displacement */
            registers[CRASH_RCX] = UINT64_C(0x1000);
        bool wild = wild_operand(c, registers, &address);
        assert_int_equal(wild, table[i].address != 0);
        if (wild)
            assert_int_equal(address, table[i].address);
    }
    struct fixture *f = program();
    memcpy(f->text.data + 0x104, "\x8b\x00", 2);
    fixture_finish(f);
    struct crash c = crash_in_sum(CRASH_INSTRUCTION, 0);
    c.registers[CRASH_RAX] = UINT64_C(0x80200000a85e8) << 8;
    c.what = "general protection";
    assert_non_null(strstr(report(f, "x", &c), "access to 0x80200000a85e800, an address that no"));
    fixture_free(f);
}

static void nothing_reaches_the_terminal_but_text(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    char name[150];
    memset(name, 'n', sizeof name);
    name[0] = 27, name[1] = '\n', name[2] = 127, name[sizeof name - 1] = 0;
    fixture_function(f, name, TEXT, 0x40);
    fixture_finish(f);
    struct crash c = crash_in_sum(CRASH_WRITE, TEXT + 1);
    c.registers[CRASH_RIP] = TEXT + 1;
    char long_name[2000];
    memset(long_name, 'x', sizeof long_name);
    long_name[7] = '\n', long_name[sizeof long_name - 1] = 0;
    report(f, long_name, &c);
    unsigned lines = 0;
    for (const char *p = text; *p != 0; p++) {
        lines += *p == '\n';
        assert_true(*p == '\n' || (*p >= ' ' && *p < 127));
    }
    assert_int_equal(lines, 11);
    assert_non_null(strstr(text, ": crash: write to"));
    fixture_free(f);
}

static void a_file_that_shrank_is_left_alone(void **state) {
    (void)state;
    struct fixture *f = program();
    fixture_finish(f);
    int fd = memfd_create("program", 0);
    f->elf.fd = fd;
    assert_int_equal(ftruncate(fd, 4096), 0);
    size_t bytes = f->elf.file_bytes;
    f->elf.file_bytes = 8192;
    f->elf.file = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0); /* half of it traps */
    struct crash c = crash_in_sum(CRASH_FILE, TEXT + 0x800);
    assert_non_null(strstr(report(f, "x", &c), "flags 00010246\n"));
    assert_null(strstr(text, "C frames"));
    munmap((void *)(uintptr_t)f->elf.file, 8192);
    f->elf.file = f->file;
    f->elf.file_bytes = bytes;
    close(fd);
    fixture_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_read_from_top_to_bottom),
        cmocka_unit_test(every_kind_has_its_words),
        cmocka_unit_test(every_place_has_its_words),
        cmocka_unit_test(instructions_have_names),
        cmocka_unit_test(a_wild_operand_is_told),
        cmocka_unit_test(nothing_reaches_the_terminal_but_text),
        cmocka_unit_test(a_file_that_shrank_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
