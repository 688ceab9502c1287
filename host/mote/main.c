/* The mote command: one verb a file (verbs.h). */
#include "verbs.h"
#include "complain.h"
#include "mote/version.h"

#include <stdio.h>
#include <string.h>

enum { EX_USAGE = 64 };

static const char help[] =
    "usage: mote VERB [ARGUMENT...]\n"
    "\n"
    "  run IMAGE [ARGS...]           run a Smalltalk image\n"
    "  image info IMAGE              what is in an image file\n"
    "  image check IMAGE             verify every object of an image file\n"
    "  image canonical IMAGE -o FILE rewrite an image file so that it is mapped\n"
    "\n"
    "  --help, --version             this text; the version\n"
    "\n"
    "`mote run --help` lists options and exit statuses; so does mote(1).\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"run", verb_run},
    {"image", verb_image},
};

int main(int argc, char **argv) {
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0 || strcmp(verb, "help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (strcmp(verb, "--version") == 0) {
        puts("mote " MOTE_VERSION);
        return 0;
    }
    for (unsigned i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verb, verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    if (argc > 1)
        complain("%s: no such verb", verb);
    fputs(help, stderr);
    return EX_USAGE;
}
