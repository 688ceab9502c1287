/* What the mote finds at its start: the boot record with the command line, its
 * writable segments and the first page of the image, all in low memory. */
#include "tender.h"

#include "devices.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

enum { COMMAND_LINE = (sizeof(struct mote_boot) + 63) & ~63u };

#define NOEXEC_SEAL 8u /* MFD_NOEXEC_SEAL: some hosts insist on it */

/* Address space above the image, for what the program reserves: old space of up
 * to half more than the limit, bitmaps, tables. Only what is touched costs. */
#define SLACK UINT64_C(0x40000000)

static uint64_t round_up(uint64_t n, uint64_t to) {
    return (n + to - 1) / to * to;
}

/* Read the whole range or say why not. */
static int read_in(struct tender *t, int fd, void *to, uint64_t bytes, uint64_t offset,
                   const char *what) {
    for (uint64_t done = 0; done < bytes;) {
        ssize_t n = pread(fd, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (n > 0) {
            done += (uint64_t)n;
        } else if (n == 0 || errno != EINTR) {
            tender_complain(t, "%s: read: %s", what,
                            n == 0 ? "shorter than it was" : strerror(errno));
            return EX_NOINPUT;
        }
    }
    return 0;
}

static int load_segments(struct tender *t) {
    int status = 0;
    for (unsigned i = 0; status == 0 && i < t->program.segments; i++) {
        const struct elf_segment *s = &t->program.segment[i];
        if (s->writable)
            status = read_in(t, t->program.fd, t->low + s->address, s->file_bytes, s->file_offset,
                             t->config->program);
    }
    return status;
}

int boot_build(struct tender *t) {
    const struct tender_config *config = t->config;
    size_t line = strlen(config->command_line) + 1;
    if (line > MOTE_BOOT_BYTES - COMMAND_LINE) {
        tender_complain(t, "arguments and environment of %zu bytes, at most %u fit", line,
                        (unsigned)(MOTE_BOOT_BYTES - COMMAND_LINE));
        return EX_OSERR;
    }
    struct mote_boot *boot = t->boot;
    *boot = (struct mote_boot){.magic = MOTE_BOOT_MAGIC,
                               .version = MOTE_ABI_VERSION,
                               .calls = ((UINT64_C(1) << MOTE_CALLS) - 1),
                               .arena_end = t->arena_end,
                               .memory = config->memory,
                               .image_bytes = config->image >= 0 ? config->image_bytes : 0,
                               .command_line = COMMAND_LINE,
                               .command_line_bytes = (uint32_t)line};
    if (t->door->map == NULL) {
        boot->flags |= MOTE_BOOT_WHOLE_ARENA;
        boot->calls &= ~(UINT64_C(1) << MOTE_CALL_MAP);
    }
    if (t->save_directory >= 0)
        boot->flags |= MOTE_BOOT_CAN_SAVE;
    else
        boot->calls &=
            ~(UINT64_C(1) << MOTE_CALL_SAVE_BEGIN | UINT64_C(1) << MOTE_CALL_SAVE_WRITE |
              UINT64_C(1) << MOTE_CALL_SAVE_COMMIT | UINT64_C(1) << MOTE_CALL_SAVE_ABORT);
    memcpy((uint8_t *)boot + COMMAND_LINE, config->command_line, line);
    devices_open(t);
    t->shared->deadline = t->shared->armed = UINT64_MAX;
    int status = load_segments(t);
    if (status == 0 && config->image >= 0) {
        uint64_t header = config->image_bytes < MOTE_PAGE ? config->image_bytes : MOTE_PAGE;
        status = read_in(t, config->image, t->low + MOTE_IMAGE_HEADER, header, 0, config->name);
    }
    return status;
}

int boot_memory(struct tender *t) {
    const struct tender_config *config = t->config;
    uint64_t data = 0;
    if (config->image >= 0 && config->image_bytes > MOTE_PAGE)
        data = round_up(config->image_bytes - MOTE_PAGE, MOTE_PAGE);
    if (config->memory > UINT64_C(1) << 44 || data > UINT64_C(1) << 44) {
        tender_complain(t,
                        "%llu bytes of memory for an image of %llu: more than %llu are not "
                        "supported (-m)",
                        (unsigned long long)config->memory, (unsigned long long)data, 1ull << 44);
        return EX_OSERR;
    }
    if (data > config->memory) {
        tender_complain(t, "an image of %llu bytes does not fit the %llu of -m",
                        (unsigned long long)data, (unsigned long long)config->memory);
        return EX_OSERR;
    }
    t->image_end = MOTE_IMAGE_BASE + data;
    t->arena_end = round_up(t->image_end + 2 * config->memory + SLACK, MOTE_GRANULE);
    t->memory = memfd_create("mote", MFD_CLOEXEC | NOEXEC_SEAL);
    if (t->memory < 0 && errno == EINVAL) /* before Linux 6.3 */
        t->memory = memfd_create("mote", MFD_CLOEXEC);
    /* All of the arena at once where it is one mapping: it takes no memory. */
    uint64_t arena = t->door->map == NULL ? t->arena_end - MOTE_ARENA : 0;
    if (t->memory < 0 || ftruncate(t->memory, (off_t)(MOTE_LOW_END + arena)) != 0) {
        tender_complain(t, "memory of the mote (memfd): %s", strerror(errno));
        return EX_OSERR;
    }
    t->low = mmap(NULL, MOTE_LOW_END, PROT_READ | PROT_WRITE, MAP_SHARED, t->memory, 0);
    if (t->low == MAP_FAILED) {
        tender_complain(t, "memory of the mote (mmap): %s", strerror(errno));
        return EX_OSERR;
    }
    t->boot = (struct mote_boot *)(void *)(t->low + MOTE_BOOT);
    t->clock = (struct mote_clock *)(void *)(t->low + MOTE_CLOCK);
    t->shared = (struct mote_shared *)(void *)(t->low + MOTE_SHARED);
    return 0;
}
