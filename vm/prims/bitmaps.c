/*
 * bitmaps.c - MiscPrimitivePlugin's run-length coding of bitmaps and its sample
 * conversion. The code is that of Bitmap>>compress:toByteArray: in the image: a
 * count of words, then runs, each headed by its word count times four plus
 * 1 (one byte, repeated in each word), 2 (one word repeated) or 3 (words as
 * they are); numbers take one, two or five bytes. Source: MiscPrimitivePlugin.
 */
#include "values.h"

struct output {
    uint8_t *bytes;
    uint64_t size, at; /* at > size: it did not fit */
};

static void put_byte(struct output *o, uint64_t byte) {
    if (o->at < o->size)
        o->bytes[o->at] = (uint8_t)byte;
    o->at++;
}

static void put_word(struct output *o, uint32_t word) {
    for (int shift = 24; shift >= 0; shift -= 8)
        put_byte(o, word >> shift);
}

static void put_number(struct output *o, uint64_t n) {
    if (n <= 223) {
        put_byte(o, n);
    } else if (n <= 7935) {
        put_byte(o, n / 256 + 224);
        put_byte(o, n % 256);
    } else {
        put_byte(o, 255);
        put_word(o, (uint32_t)n);
    }
}

static bool is_one_byte(uint32_t word) {
    return word == (word & 0xff) * UINT32_C(0x01010101);
}

static void compress(const uint32_t *words, uint64_t size, struct output *o) {
    put_number(o, size);
    uint64_t k = 0;
    while (k < size) {
        uint32_t word = words[k];
        uint64_t end = k + 1; /* of the run of equal words */
        while (end < size && words[end] == word)
            end++;
        if (is_one_byte(word)) {
            put_number(o, (end - k) * 4 + 1);
            put_byte(o, word & 0xff);
        } else if (end - k > 1) {
            put_number(o, (end - k) * 4 + 2);
            put_word(o, word);
        } else { /* up to where two equal words begin */
            while (end < size && (end + 1 == size || words[end] != words[end + 1]))
                end++;
            put_number(o, (end - k) * 4 + 3);
            for (uint64_t i = k; i < end; i++)
                put_word(o, words[i]);
        }
        k = end;
    }
}

static bool is_words(oop o) {
    return is_object(o) && (format_of(o) & ~1u) == FORMAT_32;
}

/* bitmap compress: bm toByteArray: ba -> the number of bytes */
static int compress_to_byte_array(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 1)
        return PRIM_BAD_ARGUMENT;
    oop bm = from_last(argv, argc, 1), ba = from_last(argv, argc, 0);
    if (!is_words(bm) || !is_bytes(ba))
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(ba))
        return PRIM_NO_MODIFICATION;
    uint64_t size = num_bytes(bm) / 4;
    if (num_bytes(ba) < size * 4 + 7 + size / 1984 * 3)
        return PRIM_UNSUPPORTED;
    struct output o = {object_bytes(ba), num_bytes(ba), 0};
    compress((const uint32_t *)(const void *)object_bytes(bm), size, &o);
    if (o.at > o.size)
        return PRIM_UNSUPPORTED;
    argv[0] = smallint((int64_t)o.at);
    return PRIM_OK;
}

struct input {
    const uint8_t *bytes;
    uint64_t size, at;
    bool short_of; /* read beyond the end */
};

static uint32_t get_byte(struct input *in) {
    if (in->at >= in->size) {
        in->short_of = true;
        return 0;
    }
    return in->bytes[in->at++];
}

static uint32_t get_word(struct input *in) {
    uint32_t word = 0;
    for (int i = 0; i < 4; i++)
        word = word << 8 | get_byte(in);
    return word;
}

static uint32_t get_number(struct input *in) {
    uint32_t n = get_byte(in);
    if (n <= 223)
        return n;
    return n == 255 ? get_word(in) : (n - 224) * 256 + get_byte(in);
}

/* False for a run that does not fit or data that end within a run. */
static bool decompress(struct input *in, uint32_t *words, uint64_t size) {
    uint64_t k = 0;
    while (in->at < in->size) {
        uint32_t n = get_number(in), count = n >> 2, code = n & 3;
        if (in->short_of || count > size - k)
            return false;
        uint32_t word = 0;
        if (code == 1)
            word = get_byte(in) * UINT32_C(0x01010101);
        if (code == 2)
            word = get_word(in);
        for (uint32_t i = 0; code != 0 && i < count; i++)
            words[k++] = code == 3 ? get_word(in) : word;
        if (in->short_of)
            return false;
    }
    return true;
}

/* bitmap decompress: bm fromByteArray: ba at: index */
static int decompress_from_byte_array(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 2)
        return PRIM_BAD_ARGUMENT;
    oop bm = from_last(argv, argc, 2), ba = from_last(argv, argc, 1);
    oop index = from_last(argv, argc, 0);
    if (is_object(bm) && is_immutable(bm))
        return PRIM_NO_MODIFICATION;
    if (!is_words(bm) || !is_bytes(ba) || !is_smallint(index) || smallint_value(index) < 1)
        return PRIM_BAD_ARGUMENT;
    struct input in = {object_bytes(ba), num_bytes(ba), (uint64_t)smallint_value(index) - 1, false};
    if (!decompress(&in, (uint32_t *)(void *)object_bytes(bm), num_bytes(bm) / 4))
        return PRIM_BAD_INDEX;
    return PRIM_OK;
}

/* convert8bitSignedFrom: aByteArray to16Bit: aSoundBuffer */
static int convert_8_bit_signed(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 1)
        return PRIM_BAD_ARGUMENT;
    oop from = from_last(argv, argc, 1), to = from_last(argv, argc, 0);
    if (!is_bytes(from))
        return PRIM_BAD_ARGUMENT;
    if (is_object(to) && is_immutable(to))
        return PRIM_NO_MODIFICATION;
    if (is_immediate(to) || !is_bits_format(format_of(to)) || num_bytes(to) / 2 < num_bytes(from))
        return PRIM_BAD_ARGUMENT;
    for (uint64_t i = 0; i < num_bytes(from); i++) {
        uint16_t sample = (uint16_t)(object_bytes(from)[i] << 8);
        memcpy(object_bytes(to) + 2 * i, &sample, sizeof sample);
    }
    return PRIM_OK;
}

#define MODULE "MiscPrimitivePlugin"
const struct named_prim named_bitmaps[] = {
    {MODULE, "primitiveCompressToByteArray", compress_to_byte_array},
    {MODULE, "primitiveDecompressFromByteArray", decompress_from_byte_array},
    {MODULE, "primitiveConvert8BitSigned", convert_8_bit_signed},
    {NULL, NULL, NULL},
};
