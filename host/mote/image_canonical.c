/* image_canonical.c - `mote image canonical IMAGE -o FILE`. */
#include "image_file.h"
#include "complain.h"
#include "image_verbs.h"
#include "progress.h"
#include "../../vm/image/image.h"

#include <stdio.h>
#include <string.h>

static int rewrite(const char *path, const struct image_file *file, const char *output) {
    char line[4352];
    struct image_output out;
    struct image_error error;
    int status = image_output_begin(&out, output, line, sizeof line);
    if (status == 0) {
        progress_begin("rewriting the image");
        bool done =
            image_canonicalize(file->bytes, file->size, true, image_output_write, &out, &error);
        progress_end();
        if (done) {
            status = image_output_commit(&out, 0, line, sizeof line);
        } else {
            image_output_abort(&out);
            bool output_failed = strncmp(error.text, "output:", 7) == 0;
            snprintf(line, sizeof line, "%s: %s", output_failed ? output : path, error.text);
            status = output_failed ? EXIT_CANNOT_WRITE : EXIT_BAD_IMAGE;
        }
    }
    if (status != 0)
        complain("%s", line);
    return status;
}

int image_verb_canonical(int argc, char **argv) {
    const char *path = NULL, *output = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            output = argv[++i];
        else if (argv[i][0] == '-' && argv[i][1] != 0)
            return image_usage("canonical: unknown option", argv[i]);
        else if (path == NULL)
            path = argv[i];
        else
            return image_usage("canonical: one image only", argv[i]);
    }
    if (path == NULL || output == NULL)
        return image_usage("canonical: IMAGE and -o FILE are needed", NULL);
    struct image_file file;
    char line[4352];
    int status = image_file_read(path, &file, line, sizeof line);
    if (status != 0) {
        complain("%s", line);
        return status;
    }
    status = rewrite(path, &file, output);
    image_file_free(&file);
    return status;
}
