/*
 * fuzz_pvh.c - what a PVH loader says, any bytes as physical memory: memory that
 * is taken for RAM is whole pages, in order and without overlap, an image is in
 * it, and the command line and the words in it stay inside the copy.
 */
#include "../../kernel/boot/pvh.h"
#include "../../kernel/platform/pc/words.c"

#include <stdlib.h>
#include <string.h>

#define BASE UINT64_C(0x9000)
#define PAGE UINT64_C(4096)

static const uint8_t *physical;
static size_t physical_bytes;

static void require(bool condition) {
    if (!condition)
        abort();
}

static const void *at(uint64_t address, uint64_t bytes) {
    bool inside = address >= BASE && address - BASE <= physical_bytes &&
                  bytes <= physical_bytes - (address - BASE);
    return inside ? physical + (address - BASE) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct pvh_boot boot;
    physical = data;
    physical_bytes = size;
    memset(&boot, 0xa5, sizeof boot);
    if (pvh_read(&boot, BASE, at) != NULL)
        return 0;
    require(boot.ram.count <= PVH_RAM);
    for (size_t i = 0; i < boot.ram.count; i++) {
        const struct span *s = &boot.ram.span[i];
        require(s->from < s->to && s->from % PAGE == 0 && s->to % PAGE == 0);
        require(s->to <= PVH_MEMORY_END && (i == 0 || boot.ram.span[i - 1].to < s->from));
    }
    require(boot.image % PAGE == 0 && boot.image + boot.image_bytes >= boot.image);
    require(boot.command_line_bytes < PVH_COMMAND_LINE &&
            boot.command_line[boot.command_line_bytes] == 0);
    const char *next = boot.command_line;
    struct mmio_word word;
    while (words_next_mmio(&next, &word)) {
        require(next > boot.command_line && next <= boot.command_line + boot.command_line_bytes);
        require(word.bytes != 0 && word.address + word.bytes > word.address && word.irq <= 255);
    }
    uint64_t value;
    words_number(boot.command_line, "status_port", &value);
    return 0;
}
