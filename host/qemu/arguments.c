/* QEMU's command line. */
#include "arguments.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

/* What the kernel needs beside what the program may use: itself, page tables, the
 * first megabyte. */
enum { KERNEL_BYTES = 24 << 20, TABLE_SHARE = 128 };
#define PAGE UINT64_C(4096)

#define STATUS_PORT "0x4f8"
#define EXIT_PORT "0x501"

static void add(struct qemu_arguments *a, const char *text) {
    if (a->count < QEMU_ARGUMENTS)
        a->v[a->count++] = (char *)text;
}

static void add2(struct qemu_arguments *a, const char *option, const char *value) {
    add(a, option);
    add(a, value);
}

static uint64_t image_bytes(const struct qemu_config *config) {
    struct stat s;
    return config->image != NULL && stat(config->image, &s) == 0 ? (uint64_t)s.st_size : 0;
}

/* No firmware but what starts the kernel; no device that is not named below. */
static void add_machine(struct qemu_arguments *a, const struct qemu_config *config) {
    const char *accel = getenv("MOTE_QEMU_ACCEL");
    bool micro = strcmp(config->machine, "microvm") == 0;
    snprintf(a->accel, sizeof a->accel, "%s", accel != NULL && accel[0] != 0 ? accel : "tcg");
    snprintf(a->machine, sizeof a->machine, "%s%s", config->machine,
             micro ? ",acpi=off,pic=off,x-option-roms=off" : "");
    uint64_t bytes =
        config->memory + config->memory / TABLE_SHARE + KERNEL_BYTES + image_bytes(config);
    snprintf(a->memory, sizeof a->memory, "%" PRIu64 "k",
             (bytes + PAGE - 1) / PAGE * (PAGE / 1024));
    add2(a, "-accel", a->accel);
    add2(a, "-M", a->machine);
    add2(a, "-m", a->memory);
    add(a, "-nodefaults");
    add(a, "-no-user-config");
    add(a, "-no-reboot");
    add2(a, "-display", "none");
    if (micro)
        add2(a, "-global", "virtio-mmio.force-legacy=false");
    else
        add2(a, "-bios", "qboot.rom");
}

/* Standard input and output are two ports: QEMU drops what is written to one whose
 * input has ended. What the kernel says before it has a console goes to the serial
 * port. */
static void add_devices(struct qemu_arguments *a, bool micro) {
    add2(a, "-chardev", "stdio,id=stdin,signal=off");
    add2(a, "-chardev", "file,id=stdout,path=/dev/stdout,append=on");
    add2(a, "-chardev", "file,id=stderr,path=/dev/stderr,append=on");
    add2(a, "-chardev", "file,id=early,path=/dev/stderr,append=on");
    add2(a, "-chardev", "file,id=status,path=/dev/fd/3,append=on");
    add2(a, "-device",
         micro ? "virtio-serial-device,max_ports=4" : "virtio-serial-pci,max_ports=4");
    add2(a, "-device", "virtserialport,nr=1,name=mote.0,chardev=stdin");
    add2(a, "-device", "virtserialport,nr=2,name=mote.1,chardev=stdout");
    add2(a, "-device", "virtserialport,nr=3,name=mote.2,chardev=stderr");
    add2(a, "-device", micro ? "virtio-rng-device" : "virtio-rng-pci");
    add2(a, "-serial", "chardev:early");
    add2(a, "-device", "isa-debugcon,iobase=" STATUS_PORT ",chardev=status");
    add2(a, "-device", "isa-debug-exit,iobase=" EXIT_PORT ",iosize=1");
}

int qemu_arguments_make(struct qemu_arguments *a, const struct qemu_config *config) {
    memset(a, 0, sizeof *a);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (asprintf(&a->append,
                 "%s memory=%" PRIu64 " wall_us=%lld status_port=" STATUS_PORT
                 " exit_port=" EXIT_PORT,
                 config->command_line, config->memory,
                 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000) < 0) {
        a->append = NULL;
        fprintf(stderr, "mote: %s: no memory for the command line\n", config->name);
        return EX_OSERR;
    }
    add(a, QEMU_PROGRAM);
    add_machine(a, config);
    add2(a, "-kernel", config->program);
    if (config->image != NULL)
        add2(a, "-initrd", config->image);
    add2(a, "-append", a->append);
    add_devices(a, strcmp(config->machine, "microvm") == 0);
    return 0;
}

void qemu_arguments_free(struct qemu_arguments *a) {
    free(a->append);
    a->append = NULL;
}

static bool is_plain(const char *text) {
    return text[0] != 0 && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_=,./:@%+")] == 0;
}

static void print_argument(const char *text) {
    if (is_plain(text)) {
        fputs(text, stderr);
        return;
    }
    fputc('\'', stderr);
    for (const char *c = text; *c != 0; c++)
        fputs(*c == '\'' ? "'\\''" : (char[]){*c, 0}, stderr);
    fputc('\'', stderr);
}

/* An image that is open here under a number has a name that lasts. */
static void print_path(const char *path) {
    char *lasting = strncmp(path, "/proc/", 6) == 0 ? realpath(path, NULL) : NULL;
    print_argument(lasting != NULL ? lasting : path);
    free(lasting);
}

void qemu_arguments_print(const struct qemu_arguments *a) {
    for (unsigned i = 0; i < a->count; i++) {
        fputs(i > 0 ? " " : "", stderr);
        if (i > 0 && strcmp(a->v[i - 1], "-initrd") == 0)
            print_path(a->v[i]);
        else
            print_argument(a->v[i]);
    }
    fprintf(stderr, " %d>/dev/null\n", QEMU_STATUS_FD);
}
