/*
 * image.h - image files: header, verification of hostile data, rewriting into
 * the canonical form, saving a running heap. Knows the file format and the
 * object format; knows no interpreter and no host.
 *
 * Canonical form: magic and 128 header bytes as everywhere, padded to
 * IMAGE_CANONICAL_HEADER bytes (the header's own headerSize says so, which
 * every reader honours); one segment; base address HEAP_IMAGE_BASE; pointers
 * valid there; no forwarders, no free chunks, no mark, grey or remembered
 * bits; the bridge (end-of-segment word pair) that other readers expect.
 *
 * Source: VMMaker's SpurImageHeaderStruct, SpurSegmentManager,
 * StackInterpreter>>writeImageFileIO.
 *
 * Errors: functions answer true on success; on failure they fill a struct
 * image_error whose text is one line "PLACE: CAUSE" (place: "header",
 * "offset 0x..." with what lies there). Input may be anything: nothing is read
 * outside the given bytes, no input takes more than time linear in its size.
 */
#ifndef MOTE_IMAGE_IMAGE_H
#define MOTE_IMAGE_IMAGE_H

#include "../object/format.h"

struct heap;

#define IMAGE_HEADER_BYTES 128u
#define IMAGE_CANONICAL_HEADER 4096u
#define IMAGE_BRIDGE_BYTES 16u    /* at the end of each segment; counted in every data size here */
#define IMAGE_FORMAT_V3 68021u    /* 64-bit Spur */
#define IMAGE_FORMAT_SISTA 68533u /* 64-bit Spur whose methods may be Sista */

struct image_error {
    uint64_t offset; /* in the file; UINT64_MAX where there is none */
    char text[200];
};

struct image_header {
    uint32_t format, header_size;
    uint64_t data_size, base, special_objects, last_hash, window_size, flags;
    uint32_t extra_memory, eden_bytes;
    uint16_t stack_pages, code_size, semaphores, unknown;
    uint64_t first_segment_size, free_old_space;
};

/* Decode and check; `file_size` bounds dataSize. Says clearly: empty file, not
 * an image, byte-swapped, 32-bit Spur or pre-Spur image, truncated, no room for
 * the five first objects, special objects out of range. */
bool image_header_read(const uint8_t *bytes, size_t size, uint64_t file_size,
                       struct image_header *out, struct image_error *error);
void image_header_write(const struct image_header *h, uint8_t out[IMAGE_HEADER_BYTES]);
/* Header of a canonical image for its size? (Then it can be mapped as it is.) */
bool image_is_canonical(const struct image_header *h, uint64_t file_size);
/* The quick check of a mapped canonical image at start: first objects, hidden
 * roots, class table's first page, special objects array with the entries the
 * VM needs, scheduler with an active process. `data` is where it is mapped,
 * `base` the address its pointers are valid for. */
bool image_check_roots(const uint8_t *data, uint64_t data_size, const struct image_header *h,
                       struct image_error *error);

/* A sink for output; false stops the writer. */
typedef bool image_write_fn(void *arg, const void *data, size_t size);
typedef void image_problem_fn(void *arg, const struct image_error *problem);

/* The full check of a whole file in memory, canonical or not, segments and
 * bridges included: every object, pointer, class index, class table entry,
 * method header, literal, jump target, stack depth. Calls `problem` for each
 * (at most `limit`), answers how many. */
uint64_t image_check(const uint8_t *file, size_t size, uint64_t limit, image_problem_fn *problem,
                     void *arg);

/* Rewrite a whole file in memory into canonical form. The structure (segments,
 * object extents, pointers, class indices) is verified on the way, so the output
 * is safe to load; `deep` also runs the rest of image_check, but forgives what
 * the VM can live with. Text of the error when the sink failed: "output: ...". */
bool image_canonicalize(const uint8_t *file, size_t size, bool deep, image_write_fn *write,
                        void *arg, struct image_error *error);

/* As above into memory whose pointers are valid at `base` instead of
 * HEAP_IMAGE_BASE, without the header. `out` has room for
 * image_canonical_data_size() bytes, the final bridge included (like dataSize
 * of a canonical file: the objects end IMAGE_BRIDGE_BYTES before). That call
 * checks deeply. */
bool image_canonical_data_size(const uint8_t *file, size_t size, uint64_t *data_size,
                               struct image_error *error);
bool image_canonicalize_to(const uint8_t *file, size_t size, uint64_t base, uint8_t *out,
                           uint64_t data_size, uint64_t *special_objects,
                           struct image_error *error);

/* Move canonical data that is mapped privately at `data` to pointers for
 * `new_base` (second VM in a process, base address taken). */
bool image_relocate(uint8_t *data, uint64_t data_size, uint64_t old_base, uint64_t new_base,
                    uint64_t *special_objects, struct image_error *error);

/* Save: write the live objects of a heap in canonical form. Call right after
 * heap_full_collect, with all frames turned into contexts. Nothing in the heap
 * is written. `h` supplies flags, sizes, format. False when the sink fails or
 * memory for the address table is exhausted. */
bool image_write_heap(struct heap *heap, const struct image_header *h, image_write_fn *write,
                      void *arg, struct image_error *error);

/* Statistics for `mote image info`. */
struct image_class_count {
    char name[64];
    uint32_t class_index;
    uint64_t instances, bytes;
};
struct image_info {
    struct image_header header;
    bool canonical;
    uint32_t segment_count;
    struct {
        uint64_t file_offset, bytes, base;
    } segments[64];
    uint64_t objects, object_bytes, free_bytes, classes, pinned, immutable;
    uint64_t v3_methods, sista_methods, other_code;
    struct image_class_count *counts; /* malloc'ed, by bytes descending */
    uint64_t count_size;
};
bool image_info_read(const uint8_t *file, size_t size, struct image_info *out,
                     struct image_error *error);
void image_info_free(struct image_info *info);

#endif
