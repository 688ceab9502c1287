/* image_info.c - `mote image info IMAGE`: what an image file holds. */
#include "image_file.h"
#include "complain.h"
#include "image_verbs.h"
#include "json.h"
#include "progress.h"
#include "../../vm/image/image.h"

#include <stdio.h>
#include <string.h>

#define SHORT_LIST 40u

typedef unsigned long long ull;

static uint32_t listed_segments(const struct image_info *info) {
    const uint32_t room = sizeof info->segments / sizeof info->segments[0];
    return info->segment_count < room ? info->segment_count : room;
}

static void print_text(const char *path, const struct image_info *info, bool all) {
    const struct image_header *h = &info->header;
    printf("%s\n", path);
    printf("  format            %u (64-bit Spur%s)%s\n", h->format,
           h->format == IMAGE_FORMAT_SISTA ? ", Sista methods allowed" : "",
           info->canonical ? ", canonical" : "");
    printf("  header            %u bytes\n", h->header_size);
    printf("  data              %llu bytes at 0x%llx\n", (ull)h->data_size, (ull)h->base);
    printf("  special objects   0x%llx\n", (ull)h->special_objects);
    printf("  last hash         %llu\n", (ull)h->last_hash);
    printf("  flags             0x%llx\n", (ull)h->flags);
    printf("  window            %llu x %llu\n", (ull)(h->window_size >> 16),
           (ull)(h->window_size & 0xffff));
    printf("  extra memory      %u\n", h->extra_memory);
    printf("  eden              %u\n", h->eden_bytes);
    printf("  stack pages       %u\n", h->stack_pages);
    printf("  code size         %u\n", h->code_size);
    printf("  semaphores        %u\n", h->semaphores);
    printf("  free old space    %llu\n", (ull)h->free_old_space);
    printf("  segments          %u\n", info->segment_count);
    for (uint32_t i = 0; i < listed_segments(info); i++)
        printf("    %3u  offset 0x%llx, %llu bytes at 0x%llx\n", i,
               (ull)info->segments[i].file_offset, (ull)info->segments[i].bytes,
               (ull)info->segments[i].base);
    printf("  objects           %llu (%llu bytes), free %llu bytes\n", (ull)info->objects,
           (ull)info->object_bytes, (ull)info->free_bytes);
    printf("  classes           %llu\n", (ull)info->classes);
    printf("  methods           %llu V3PlusClosures, %llu Sista V1; %llu other compiled code\n",
           (ull)info->v3_methods, (ull)info->sista_methods, (ull)info->other_code);
    printf("  pinned, immutable %llu, %llu\n\n", (ull)info->pinned, (ull)info->immutable);
    printf("  %8s  %10s  %12s  %s\n", "index", "instances", "bytes", "class");
    for (uint64_t i = 0; i < info->count_size && (all || i < SHORT_LIST); i++)
        printf("  %8u  %10llu  %12llu  %s\n", info->counts[i].class_index,
               (ull)info->counts[i].instances, (ull)info->counts[i].bytes, info->counts[i].name);
    if (!all && info->count_size > SHORT_LIST)
        printf("  and %llu more classes (--all)\n", (ull)(info->count_size - SHORT_LIST));
}

static void print_json(const char *path, const struct image_info *info) {
    const struct image_header *h = &info->header;
    printf("{\n  \"file\": ");
    json_string(stdout, path);
    printf(",\n  \"canonical\": %s,\n", info->canonical ? "true" : "false");
    printf(
        "  \"header\": {\"format\": %u, \"headerSize\": %u, \"dataSize\": %llu, \"base\": %llu,\n"
        "    \"specialObjects\": %llu, \"lastHash\": %llu, \"windowSize\": %llu, \"flags\": %llu,\n"
        "    \"extraMemory\": %u, \"edenBytes\": %u, \"stackPages\": %u, \"codeSize\": %u,\n"
        "    \"semaphores\": %u, \"firstSegmentSize\": %llu, \"freeOldSpace\": %llu},\n",
        h->format, h->header_size, (ull)h->data_size, (ull)h->base, (ull)h->special_objects,
        (ull)h->last_hash, (ull)h->window_size, (ull)h->flags, h->extra_memory, h->eden_bytes,
        h->stack_pages, h->code_size, h->semaphores, (ull)h->first_segment_size,
        (ull)h->free_old_space);
    printf("  \"segmentCount\": %u,\n  \"segments\": [", info->segment_count);
    for (uint32_t i = 0; i < listed_segments(info); i++)
        printf("%s{\"fileOffset\": %llu, \"bytes\": %llu, \"base\": %llu}", i == 0 ? "" : ", ",
               (ull)info->segments[i].file_offset, (ull)info->segments[i].bytes,
               (ull)info->segments[i].base);
    printf("],\n  \"objects\": %llu,\n  \"objectBytes\": %llu,\n  \"freeBytes\": %llu,\n"
           "  \"classes\": %llu,\n  \"pinned\": %llu,\n  \"immutable\": %llu,\n"
           "  \"v3Methods\": %llu,\n  \"sistaMethods\": %llu,\n  \"otherCode\": %llu,\n",
           (ull)info->objects, (ull)info->object_bytes, (ull)info->free_bytes, (ull)info->classes,
           (ull)info->pinned, (ull)info->immutable, (ull)info->v3_methods, (ull)info->sista_methods,
           (ull)info->other_code);
    printf("  \"counts\": [");
    for (uint64_t i = 0; i < info->count_size; i++) {
        printf("%s\n    {\"class\": ", i == 0 ? "" : ",");
        json_string(stdout, info->counts[i].name);
        printf(", \"index\": %u, \"instances\": %llu, \"bytes\": %llu}",
               info->counts[i].class_index, (ull)info->counts[i].instances,
               (ull)info->counts[i].bytes);
    }
    printf("\n  ]\n}\n");
}

int image_verb_info(int argc, char **argv) {
    const char *path = NULL;
    bool json = false, all = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--all") == 0)
            all = true;
        else if (argv[i][0] == '-' && argv[i][1] != 0)
            return image_usage("info: unknown option", argv[i]);
        else if (path == NULL)
            path = argv[i];
        else
            return image_usage("info: one image only", argv[i]);
    }
    if (path == NULL)
        return image_usage("info: which image?", NULL);
    struct image_file file;
    char line[4352];
    int status = image_file_read(path, &file, line, sizeof line);
    if (status != 0) {
        complain("%s", line);
        return status;
    }
    struct image_info info;
    struct image_error error;
    progress_begin("reading the image");
    bool sound = image_info_read(file.bytes, file.size, &info, &error);
    progress_end();
    if (!sound) {
        complain("%s: %s", path, error.text);
        status = EXIT_BAD_IMAGE;
    } else {
        if (json)
            print_json(path, &info);
        else
            print_text(path, &info, all);
        image_info_free(&info);
    }
    image_file_free(&file);
    return status;
}
