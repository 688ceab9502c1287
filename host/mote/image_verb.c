/* image_verb.c - `mote image`: choose the part. */
#include "image_file.h"
#include "image_verbs.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: mote image info IMAGE [--json] [--all]\n"
                            "       mote image check IMAGE [--json] [--limit N]\n"
                            "       mote image canonical IMAGE -o FILE\n";

int image_usage(const char *complaint, const char *detail) {
    if (complaint != NULL)
        fprintf(stderr, "mote: image: %s%s%s\n", complaint, detail != NULL ? ": " : "",
                detail != NULL ? detail : "");
    fputs(usage, stderr);
    return EXIT_USAGE;
}

int verb_image(int argc, char **argv) {
    if (argc < 2)
        return image_usage("say what to do", NULL);
    if (strcmp(argv[1], "info") == 0)
        return image_verb_info(argc - 1, argv + 1);
    if (strcmp(argv[1], "check") == 0)
        return image_verb_check(argc - 1, argv + 1);
    if (strcmp(argv[1], "canonical") == 0)
        return image_verb_canonical(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    return image_usage("unknown", argv[1]);
}
