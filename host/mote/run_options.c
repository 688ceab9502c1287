/* The command line of `mote run`. */
#include "run_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char help[] =
    "usage: mote run [OPTION...] FILE [ARGS...]\n"
    "\n"
    "Run a 64-bit Spur image (Pharo, Squeak, Cuis), or a C program linked with the\n"
    "kernel (an ELF file), as a virtual machine. It sees ARGS as its own.\n"
    "\n"
    "  --on WHERE          where to run it; the best that works here unless said:\n"
    "                        kvm      a virtual machine of its own\n"
    "                        process  a sandboxed process\n"
    "                        hosted   this process, with files and environment\n"
    "                        qemu     a PC in QEMU (emulated: slow)\n"
    "  -m SIZE             memory, e.g. 512M or 2G (kvm, process: 1G unless said,\n"
    "                      qemu: 256M, hosted: three quarters of the machine's);\n"
    "                      the image's own pages are not counted, but on kvm and\n"
    "                      process it may not be larger\n"
    "  -e NAME[=VALUE]     an environment variable for it (VALUE: as it is here)\n"
    "  --machine TYPE      QEMU's machine: microvm (unless said) or q35\n"
    "  -v                  say where it runs, and from which file the image is mapped\n"
    "  --no-cache          do not keep a canonical copy of a foreign image\n"
    "  --count-primitives  at the end, list the primitives called and missing\n"
    "  --help              this text\n"
    "\n"
    "Files: on kvm and process an image can be saved to its own file and sees no\n"
    "others; on qemu it sees none; on hosted all.\n"
    "\n"
    "Environment: MOTE_ON=WHERE instead of --on. MOTE_GC_STRESS=N collects garbage\n"
    "at every Nth allocation and verifies the object memory after each collection.\n"
    "\n"
    "SIGINT and SIGTERM stop the image and print its stack; SIGUSR1 prints the\n"
    "stacks of all its processes and lets it go on.\n"
    "\n"
    "Exit status: the image's own, or\n"
    "  64  wrong use of this command\n"
    "  65  not an image (or ELF file of a mote), or a damaged one\n"
    "  66  the file cannot be read\n"
    "  70  it crashed: the object memory is damaged, a wild access, or no process\n"
    "      of the image can run\n"
    "  71  out of memory, or the host refuses something\n"
    "  130 interrupted\n";

static bool complain(int *status, const char *format, ...) {
    va_list arguments;
    fputs("mote: run: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\nusage: mote run [--on kvm|process|hosted|qemu] [-m SIZE] [-e NAME[=VALUE]]\n"
          "                [--machine microvm|q35] [-v] [--no-cache] [--count-primitives]\n"
          "                FILE [ARGS...]\n",
          stderr);
    *status = EX_USAGE;
    return false;
}

/* 512, 64K, 512M, 2G. */
static bool read_size(const char *text, uint64_t *out) {
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    unsigned shift = 0;
    switch (*end) {
    case 'G':
    case 'g':
        shift += 10; /* fall through */
    case 'M':
    case 'm':
        shift += 10; /* fall through */
    case 'K':
    case 'k':
        shift += 10;
        end++;
        break;
    default:
        break;
    }
    if (*end != 0 || value == 0 || value > UINT64_MAX >> shift)
        return false;
    *out = (uint64_t)value << shift;
    return true;
}

static bool read_on(const char *source, const char *name, struct run_options *out, int *status) {
    static const struct {
        const char *name;
        enum run_on on;
    } places[] = {
        {"kvm", ON_KVM}, {"process", ON_PROCESS}, {"hosted", ON_HOSTED}, {"qemu", ON_QEMU}};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(name, places[i].name) == 0) {
            out->on = places[i].on;
            return true;
        }
    }
    return complain(status, "%s '%s': there are kvm, process, hosted and qemu", source, name);
}

static bool add_environment(const char *setting, struct run_options *out, int *status) {
    if (out->environment_count == RUN_ENVIRONMENT)
        return complain(status, "more than %d -e options", RUN_ENVIRONMENT);
    if (*setting == '=' || *setting == 0)
        return complain(status, "-e '%s' has no name", setting);
    if (strchr(setting, '=') == NULL) {
        const char *value = getenv(setting);
        if (value == NULL)
            return true;
        size_t size = strlen(setting) + strlen(value) + 2;
        char *text = malloc(size); /* lives as long as the process */
        if (text == NULL)
            return complain(status, "no memory for -e %s", setting);
        snprintf(text, size, "%s=%s", setting, value);
        setting = text;
    }
    out->environment[out->environment_count++] = setting;
    return true;
}

static bool read_environment(struct run_options *out, int *status) {
    const char *on = getenv("MOTE_ON"), *stress = getenv("MOTE_GC_STRESS");
    if (out->on == ON_BEST && on != NULL && *on != 0 && !read_on("MOTE_ON", on, out, status))
        return false;
    if (stress == NULL || *stress == 0)
        return true;
    char *end;
    strtoull(stress, &end, 10);
    if (*stress < '0' || *stress > '9' || *end != 0)
        return complain(status, "MOTE_GC_STRESS=%s is no number", stress);
    return add_environment("MOTE_GC_STRESS", out, status);
}

/* Options with a value. */
static bool read_valued(const char *option, const char *value, struct run_options *out,
                        int *status) {
    if (strcmp(option, "-m") == 0)
        return (value != NULL && read_size(value, &out->memory)) ||
               complain(status, "-m needs a size such as 512M");
    if (value == NULL)
        return complain(status, "%s needs a value", option);
    if (strcmp(option, "--on") == 0)
        return read_on("--on", value, out, status);
    if (strcmp(option, "-e") == 0)
        return add_environment(value, out, status);
    if (strcmp(value, "microvm") != 0 && strcmp(value, "q35") != 0)
        return complain(status, "--machine '%s': there are microvm and q35", value);
    out->machine = value;
    return true;
}

bool run_options_read(int argc, char **argv, struct run_options *out, int *status) {
    *out = (struct run_options){0};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *option = argv[i];
        if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
            fputs(help, stdout);
            *status = EX_OK;
            return false;
        }
        if (strcmp(option, "--") == 0) {
            i++;
            break;
        }
        if (strcmp(option, "-v") == 0) {
            out->verbose = true;
        } else if (strcmp(option, "--no-cache") == 0) {
            out->no_cache = true;
        } else if (strcmp(option, "--count-primitives") == 0) {
            out->count_primitives = true;
        } else if (strcmp(option, "-m") == 0 || strcmp(option, "--on") == 0 ||
                   strcmp(option, "-e") == 0 || strcmp(option, "--machine") == 0) {
            i++;
            if (!read_valued(option, i < argc ? argv[i] : NULL, out, status))
                return false;
        } else {
            return complain(status, "no option '%s'", option);
        }
    }
    if (i >= argc)
        return complain(status, "which image?");
    out->file = argv[i];
    out->argc = (unsigned)(argc - i - 1);
    out->argv = argv + i + 1;
    if (!read_environment(out, status))
        return false;
    if (out->machine != NULL && out->on != ON_QEMU)
        return complain(status, "--machine %s is for --on qemu", out->machine);
    return !out->count_primitives || add_environment("MOTE_COUNT_PRIMITIVES=1", out, status);
}
