/* image_check.c - `mote image check IMAGE`: list all that is wrong with it. */
#include "image_file.h"
#include "complain.h"
#include "image_verbs.h"
#include "json.h"
#include "progress.h"
#include "../../vm/image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 100

struct listing {
    const char *path;
    bool json;
    uint64_t count;
};

static void list(void *arg, const struct image_error *problem) {
    struct listing *l = arg;
    if (!l->json) {
        printf("%s: %s\n", l->path, problem->text);
    } else {
        printf("%s\n    {\"offset\": ", l->count == 0 ? "" : ",");
        if (problem->offset == UINT64_MAX)
            printf("null");
        else
            printf("%llu", (unsigned long long)problem->offset);
        printf(", \"text\": ");
        json_string(stdout, problem->text);
        printf("}");
    }
    l->count++;
}

static int check(const char *path, const struct image_file *file, bool json, uint64_t limit) {
    struct listing listing = {path, json, 0};
    if (json) {
        printf("{\n  \"file\": ");
        json_string(stdout, path);
        printf(",\n  \"listed\": [");
    }
    progress_begin("checking the image");
    uint64_t problems = image_check(file->bytes, file->size, limit, list, &listing);
    progress_end();
    if (json)
        printf("%s],\n  \"problems\": %llu\n}\n", listing.count == 0 ? "" : "\n  ",
               (unsigned long long)problems);
    else if (problems == 0)
        printf("%s: no problems\n", path);
    else
        printf("%s: %llu problem%s%s\n", path, (unsigned long long)problems,
               problems == 1 ? "" : "s", listing.count < problems ? " (--limit N lists more)" : "");
    return problems == 0 ? 0 : EXIT_BAD_IMAGE;
}

int image_verb_check(int argc, char **argv) {
    const char *path = NULL;
    bool json = false;
    uint64_t limit = DEFAULT_LIMIT;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc) {
            char *end;
            limit = strtoull(argv[++i], &end, 10);
            if (*end != 0 || end == argv[i] || argv[i][0] == '-')
                return image_usage("check: no number", argv[i]);
        } else if (argv[i][0] == '-' && argv[i][1] != 0) {
            return image_usage("check: unknown option", argv[i]);
        } else if (path == NULL) {
            path = argv[i];
        } else {
            return image_usage("check: one image only", argv[i]);
        }
    }
    if (path == NULL)
        return image_usage("check: which image?", NULL);
    struct image_file file;
    char line[4352];
    int status = image_file_read(path, &file, line, sizeof line);
    if (status != 0) {
        complain("%s", line);
        return status;
    }
    status = check(path, &file, json, limit);
    image_file_free(&file);
    return status;
}
