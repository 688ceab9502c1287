/* The command line of `mote run`. */
#include "run_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char help[] =
    "usage: mote run [OPTION...] IMAGE [ARGS...]\n"
    "\n"
    "Run a 64-bit Spur image (Pharo, Squeak, Cuis). It sees ARGS as its own.\n"
    "\n"
    "  -m SIZE             object memory limit, e.g. 512M or 2G\n"
    "  -v                  say on which platform the image runs, and whether it is\n"
    "                      mapped as it is or from the cache\n"
    "  --on hosted         where to run it: in this process (the only place so far)\n"
    "  --no-cache          do not keep a canonical copy of a foreign image\n"
    "  --count-primitives  at the end, list the primitives called and missing\n"
    "  --help              this text\n"
    "\n"
    "Environment: MOTE_GC_STRESS=N collects garbage at every Nth allocation and\n"
    "verifies the object memory after each collection.\n"
    "\n"
    "SIGINT and SIGTERM stop the image and print its stack; SIGUSR1 prints the\n"
    "stacks of all its processes and lets it go on.\n"
    "\n"
    "Exit status: the image's own, or\n"
    "  64  wrong use of this command\n"
    "  65  not an image, or a damaged one\n"
    "  66  the image cannot be read\n"
    "  70  the object memory is damaged, or no process of the image can run\n"
    "  71  out of memory\n"
    "  130 interrupted\n";

static bool complain(int *status, const char *format, ...) {
    va_list arguments;
    fputs("mote: run: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\nusage: mote run [-m SIZE] [-v] [--on hosted] [--no-cache] [--count-primitives] "
          "IMAGE [ARGS...]\n",
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

static bool read_environment(struct run_options *out, int *status) {
    const char *stress = getenv("MOTE_GC_STRESS");
    if (stress == NULL || *stress == 0)
        return true;
    char *end;
    out->gc_stress = strtoull(stress, &end, 10);
    if (*stress < '0' || *stress > '9' || *end != 0)
        return complain(status, "MOTE_GC_STRESS=%s is no number", stress);
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
        } else if (strcmp(option, "-m") == 0) {
            if (++i == argc || !read_size(argv[i], &out->max_bytes))
                return complain(status, "-m needs a size such as 512M");
        } else if (strcmp(option, "--on") == 0) {
            if (++i == argc)
                return complain(status, "--on needs the name of a platform: hosted");
            if (strcmp(argv[i], "hosted") != 0)
                return complain(status, "no platform '%s': hosted is the only one", argv[i]);
        } else {
            return complain(status, "no option '%s'", option);
        }
    }
    if (i >= argc)
        return complain(status, "which image?");
    out->image = argv[i];
    out->image_argc = (unsigned)(argc - i - 1);
    out->image_argv = argv + i + 1;
    return read_environment(out, status);
}
