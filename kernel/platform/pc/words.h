/*
 * words.h - words of the command line that are the machine's, not the program's
 * (kernel/args.c leaves them alone).
 */
#ifndef MOTE_PC_WORDS_H
#define MOTE_PC_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* virtio_mmio.device=SIZE@ADDRESS:IRQ[:ID] */
struct mmio_word {
    uint64_t bytes, address; /* do not wrap; bytes is not 0 */
    unsigned irq;            /* at most 255 */
};

/* The next such word from *at on, which moves behind it; those that cannot be
 * are passed over. */
bool words_next_mmio(const char **at, struct mmio_word *word);
/* The number of the word NAME=NUMBER; false: no such word. */
bool words_number(const char *line, const char *name, uint64_t *value);

#endif
