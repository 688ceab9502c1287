/*
 * image_input.h - how the image fuzz targets get image files from fuzz input.
 *
 * Every valid image has 40 KB of class table at least, most of it nil: byte
 * mutations of whole files hardly ever meet anything. So input that begins
 * with 'P' or 'S' is a list of changes to a small synthetic image (in one piece,
 * or spread over segments); any other input is the file itself.
 *
 * A change is eight bytes: kind, which word (three bytes), operand (four).
 */
#ifndef MOTE_FUZZ_IMAGE_INPUT_H
#define MOTE_FUZZ_IMAGE_INPUT_H

#include "../unit/tiny_image.c"

/* The words behind the class table are where the objects lie. */
#define FIRST_WORDS 0x1478u

static uint64_t *choose_word(uint8_t *file, size_t size, const uint8_t *change) {
    uint64_t index = change[1] | (uint64_t)change[2] << 8 | (uint64_t)change[3] << 16;
    uint64_t words = size / 8;
    index = index >> 23 ? index % words : FIRST_WORDS + index % (words - FIRST_WORDS);
    return (uint64_t *)(void *)(file + index * 8);
}

static void change_word(uint8_t *file, size_t size, const uint8_t *change) {
    uint64_t *word = choose_word(file, size, change), operand = 0;
    memcpy(&operand, change + 4, 4);
    switch (change[0] & 7) {
    case 0:
        *word = operand;
        break;
    case 1:
        *word = smallint((int64_t)(int32_t)operand);
        break;
    case 2:
        *word ^= UINT64_C(1) << (operand & 63);
        break;
    case 3:
        *word += (uint64_t)(int64_t)(int32_t)operand;
        break;
    case 4:
        memcpy(word, file + operand % (size / 8) * 8, 8);
        break; /* another word */
    case 5:
        *word = TINY_BASE + operand % (size / 8) * 8;
        break; /* some address */
    case 6:
        ((uint8_t *)word)[operand & 7] = (uint8_t)(operand >> 8);
        break; /* a byte */
    default:   /* bytecodes, four at a time */
        memcpy((uint8_t *)word + (change[0] >> 7) * 4, &operand, 4);
    }
}

/* The caller frees. */
static uint8_t *image_from_input(const uint8_t *data, size_t size, size_t *out_size) {
    if (size != 0 && (data[0] == 'P' || data[0] == 'S')) {
        struct tiny t;
        tiny_standard(&t, data[0] == 'S');
        uint8_t *file = tiny_finish(&t, out_size);
        tiny_free(&t);
        for (size_t at = 1; at + 8 <= size; at += 8)
            change_word(file, *out_size, data + at);
        return file;
    }
    uint8_t *file = malloc(size == 0 ? 1 : size);
    if (file == NULL)
        abort();
    if (size != 0)
        memcpy(file, data, size);
    *out_size = size;
    return file;
}

#endif
