/*
 * format.h - 64-bit Spur object format: tags, header fields, object formats,
 * class index puns, special objects. Pure definitions and inlines over words;
 * nothing here knows a heap.
 *
 * Source: VMMaker's SpurMemoryManager and Spur64BitMemoryManager (header
 * layout, formats), SpurMemoryManagementConstants (class indices).
 *
 * An oop is either an immediate (low three bits non-zero) or the address of an
 * object's 64-bit header. Objects are 8-byte aligned, take at least 16 bytes
 * (header and one slot) and are preceded by an overflow word when they have
 * 255 slots or more.
 *
 * Errors: none of these functions checks its argument; hostile words are
 * checked by vm/image/check before they get here.
 */
#ifndef MOTE_OBJECT_FORMAT_H
#define MOTE_OBJECT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t oop;

/* ---- Immediates ---------------------------------------------------------- */

#define TAG_BITS 3
#define TAG_MASK UINT64_C(7)
#define TAG_OBJECT UINT64_C(0)
#define TAG_SMALLINT UINT64_C(1)
#define TAG_CHARACTER UINT64_C(2)
#define TAG_SMALLFLOAT UINT64_C(4)

#define SMALLINT_MAX ((INT64_C(1) << 60) - 1)
#define SMALLINT_MIN (-(INT64_C(1) << 60))
#define CHARACTER_MAX ((UINT64_C(1) << 30) - 1)

static inline bool is_immediate(oop o) {
    return (o & TAG_MASK) != 0;
}
static inline bool is_object(oop o) {
    return (o & TAG_MASK) == 0;
}
static inline bool is_smallint(oop o) {
    return (o & TAG_MASK) == TAG_SMALLINT;
}
static inline bool is_character(oop o) {
    return (o & TAG_MASK) == TAG_CHARACTER;
}
static inline bool is_smallfloat(oop o) {
    return (o & TAG_MASK) == TAG_SMALLFLOAT;
}
static inline bool are_smallints(oop a, oop b) {
    return ((a & TAG_MASK) == TAG_SMALLINT) & ((b & TAG_MASK) == TAG_SMALLINT);
}
static inline int64_t smallint_value(oop o) {
    return (int64_t)o >> TAG_BITS;
}
static inline oop smallint(int64_t v) {
    return ((uint64_t)v << TAG_BITS) | TAG_SMALLINT;
}
static inline bool fits_smallint(int64_t v) {
    return v >= SMALLINT_MIN && v <= SMALLINT_MAX;
}
static inline uint32_t character_value(oop o) {
    return (uint32_t)(o >> TAG_BITS);
}
static inline oop character(uint32_t v) {
    return ((uint64_t)v << TAG_BITS) | TAG_CHARACTER;
}

/* SmallFloat64: exponent (reduced by 896 so that it fits 8 bits), 52 bits of
 * mantissa, sign, tag. Both zeros are all zero but for sign and tag.
 * Rotating by four brings sign and tag, s100, to the top: there the tag stands
 * for an exponent of 1024, which is 128 more than what was taken off. */
#define SMALLFLOAT_BIAS (UINT64_C(128) << 52)
#define SMALLFLOAT_ZEROS 16u /* oops below this are zeros */

/* False when the exponent needs more than 8 bits: infinities, NaN, the very large
 * and the very small. */
static inline bool smallfloat_encode(double d, oop *out) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    uint64_t biased = bits + SMALLFLOAT_BIAS;
    oop o = biased << 4 | biased >> 60;
    if (__builtin_expect((o & TAG_MASK) == TAG_SMALLFLOAT && o >= SMALLFLOAT_ZEROS, 1)) {
        *out = o;
        return true;
    }
    *out = bits >> 63 << TAG_BITS | TAG_SMALLFLOAT;
    return bits << 1 == 0;
}
static inline bool fits_smallfloat(double d) {
    oop o;
    return smallfloat_encode(d, &o);
}
static inline oop smallfloat(double d) { /* one that fits */
    oop o;
    smallfloat_encode(d, &o);
    return o;
}
static inline double smallfloat_value(oop o) {
    uint64_t bits = (o >> 4 | o << 60) - SMALLFLOAT_BIAS;
    if (__builtin_expect(o < SMALLFLOAT_ZEROS, 0))
        bits = o >> TAG_BITS << 63;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* ---- Object headers -------------------------------------------------------
 * bits  0-21 class index      22 unused        23 immutable
 *      24-28 format           29 remembered    30 pinned    31 grey
 *      32-53 identity hash    54 unused        55 marked    56-63 slots
 * A slot count of 255 means that the true count is in the low 56 bits of the
 * word before the header (whose own top byte is 255 too).
 * Mark, grey and remembered bits are never set in old space by this VM: they
 * live in side bitmaps (vm/memory/heap.h); writers clear them. */

#define HDR_CLASS_MASK UINT64_C(0x3fffff)
#define HDR_IMMUTABLE (UINT64_C(1) << 23)
#define HDR_FORMAT_SHIFT 24
#define HDR_FORMAT_MASK (UINT64_C(31) << HDR_FORMAT_SHIFT)
#define HDR_REMEMBERED (UINT64_C(1) << 29)
#define HDR_PINNED (UINT64_C(1) << 30)
#define HDR_GREY (UINT64_C(1) << 31)
#define HDR_HASH_SHIFT 32
#define HASH_MASK UINT64_C(0x3fffff)
#define HDR_HASH_MASK (HASH_MASK << HDR_HASH_SHIFT)
#define HDR_MARKED (UINT64_C(1) << 55)
#define HDR_SLOTS_SHIFT 56
#define HDR_OVERFLOW_SLOTS 255u
#define OVERFLOW_COUNT_MASK ((UINT64_C(1) << 56) - 1)

#define OBJECT_HEADER_BYTES 8u
#define OBJECT_MIN_BYTES 16u

static inline uint64_t *object_words(oop o) {
    return (uint64_t *)(uintptr_t)o;
}
static inline uint64_t header_of(oop o) {
    return *object_words(o);
}
static inline void set_header(oop o, uint64_t h) {
    *object_words(o) = h;
}

static inline uint32_t header_class(uint64_t h) {
    return (uint32_t)(h & HDR_CLASS_MASK);
}
static inline unsigned header_format(uint64_t h) {
    return (unsigned)(h >> HDR_FORMAT_SHIFT) & 31;
}
static inline uint32_t header_hash(uint64_t h) {
    return (uint32_t)(h >> HDR_HASH_SHIFT & HASH_MASK);
}
static inline unsigned header_slots(uint64_t h) {
    return (unsigned)(h >> HDR_SLOTS_SHIFT);
}

static inline uint64_t make_header(uint64_t slots, unsigned format, uint32_t class_index) {
    uint64_t n = slots < HDR_OVERFLOW_SLOTS ? slots : HDR_OVERFLOW_SLOTS;
    return n << HDR_SLOTS_SHIFT | (uint64_t)format << HDR_FORMAT_SHIFT | class_index;
}

static inline uint64_t num_slots(oop o) {
    unsigned n = header_slots(header_of(o));
    return n == HDR_OVERFLOW_SLOTS ? object_words(o)[-1] & OVERFLOW_COUNT_MASK : n;
}
static inline bool has_overflow_header(oop o) {
    return header_slots(header_of(o)) == HDR_OVERFLOW_SLOTS;
}
/* First byte that belongs to the object (its overflow word, or its header). */
static inline uintptr_t object_start(oop o) {
    return has_overflow_header(o) ? o - 8 : o;
}
/* Bytes of an object with that many slots, headers included. */
static inline uint64_t object_bytes_for(uint64_t slots) {
    return (slots < HDR_OVERFLOW_SLOTS ? 8 : 16) + (slots == 0 ? 8 : slots * 8);
}
/* First byte after the object. */
static inline uintptr_t object_end(oop o) {
    uint64_t n = num_slots(o);
    return o + 8 + (n == 0 ? 8 : n * 8);
}
/* The object whose first byte is at `start` (skips an overflow word). */
static inline oop object_at_start(uintptr_t start) {
    return header_slots(*(uint64_t *)start) == HDR_OVERFLOW_SLOTS ? start + 8 : start;
}

/* ---- Formats -------------------------------------------------------------- */

enum object_format {
    FORMAT_EMPTY = 0,     /* no slots */
    FORMAT_FIXED = 1,     /* named slots only */
    FORMAT_ARRAY = 2,     /* indexable pointers only */
    FORMAT_INDEXABLE = 3, /* named and indexable pointers */
    FORMAT_WEAK = 4,      /* named strong, indexable weak pointers */
    FORMAT_EPHEMERON = 5, /* slot 0 is the key */
    FORMAT_FORWARDED = 7, /* slot 0 is the target; class index 8 */
    FORMAT_64 = 9,        /* 64-bit words */
    FORMAT_32 = 10,       /* 10-11: 32-bit words, minus 0-1 */
    FORMAT_16 = 12,       /* 12-15: 16-bit words, minus 0-3 */
    FORMAT_BYTES = 16,    /* 16-23: bytes, minus 0-7 */
    FORMAT_METHOD = 24,   /* 24-31: compiled code: literals then bytes, minus 0-7 */
    FORMAT_LAST_POINTERS = 5,
};

static inline unsigned format_of(oop o) {
    return header_format(header_of(o));
}
static inline bool is_pointers_format(unsigned f) {
    return f <= FORMAT_LAST_POINTERS;
}
static inline bool is_bits_format(unsigned f) {
    return f >= FORMAT_64 && f < FORMAT_METHOD;
}
static inline bool is_bytes_format(unsigned f) {
    return f >= FORMAT_BYTES && f < FORMAT_METHOD;
}
static inline bool is_method_format(unsigned f) {
    return f >= FORMAT_METHOD;
}
static inline bool is_indexable_format(unsigned f) {
    return (f >= FORMAT_ARRAY && f <= FORMAT_WEAK) || f >= FORMAT_64;
}
static inline bool is_immutable(oop o) {
    return (header_of(o) & HDR_IMMUTABLE) != 0;
}
static inline bool is_pinned(oop o) {
    return (header_of(o) & HDR_PINNED) != 0;
}

/* Bytes of indexable data of a bits object or method (8 * slots - padding). */
static inline uint64_t num_bytes(oop o) {
    unsigned f = format_of(o);
    uint64_t bytes = num_slots(o) * 8;
    if (f >= FORMAT_BYTES)
        return bytes - (f & 7);
    if (f >= FORMAT_16)
        return bytes - (f & 3) * 2u;
    if (f >= FORMAT_32)
        return bytes - (f & 1) * 4u;
    return bytes;
}

/* Untyped slot access; the write barrier is heap_store() in vm/memory/heap.h. */
static inline oop fetch_slot(oop o, uint64_t i) {
    return object_words(o)[1 + i];
}
static inline void put_slot(oop o, uint64_t i, oop v) {
    object_words(o)[1 + i] = v;
}
static inline uint8_t *object_bytes(oop o) {
    return (uint8_t *)(uintptr_t)(o + 8);
}

/* ---- Class indices --------------------------------------------------------
 * Indices below 32 are puns: they are never the class of an ordinary object. */

enum class_index {
    CLASS_INDEX_FREE = 0,
    CLASS_INDEX_SMALLINT = 1,
    CLASS_INDEX_CHARACTER = 2,
    CLASS_INDEX_SMALLFLOAT = 4,
    CLASS_INDEX_BRIDGE = 3,
    CLASS_INDEX_FORWARDED = 8,
    CLASS_INDEX_ARRAY_PUN = 16,
    CLASS_INDEX_LAST_PUN = 31,
    CLASS_INDEX_LARGE_NEGATIVE = 32,
    CLASS_INDEX_LARGE_POSITIVE = 33,
    CLASS_INDEX_FLOAT = 34,
    CLASS_INDEX_MESSAGE = 35,
    CLASS_INDEX_CONTEXT = 36,
    CLASS_INDEX_BLOCK_CLOSURE = 37,
    CLASS_INDEX_FULL_BLOCK_CLOSURE = 38,
    CLASS_INDEX_BYTE_ARRAY = 50,
    CLASS_INDEX_ARRAY = 51,
    CLASS_INDEX_BYTE_STRING = 52,
    CLASS_INDEX_BITMAP = 53,
};

#define CLASS_TABLE_PAGE_SHIFT 10
#define CLASS_TABLE_PAGE_SLOTS 1024u
#define CLASS_TABLE_ROOTS 4096u /* pages in the hidden roots object ... */
#define HIDDEN_ROOT_SLOTS 8u    /* ... and extra slots after them */

static inline uint32_t class_index_of(oop o) {
    return is_immediate(o) ? (uint32_t)(o & TAG_MASK) : header_class(header_of(o));
}
static inline bool is_forwarder(oop o) { /* o is an object */
    return header_class(header_of(o)) == CLASS_INDEX_FORWARDED;
}
/* The object itself, at the end of a chain of forwarders. Any oop. */
static inline oop follow(oop o) {
    while (is_object(o) && is_forwarder(o))
        o = fetch_slot(o, 0);
    return o;
}

/* ---- Special objects (slots of the special objects array) ------------------ */

enum special_object {
    SPECIAL_NIL = 0,
    SPECIAL_FALSE = 1,
    SPECIAL_TRUE = 2,
    SPECIAL_SCHEDULER_ASSOCIATION = 3,
    SPECIAL_CLASS_BITMAP = 4,
    SPECIAL_CLASS_SMALLINT = 5,
    SPECIAL_CLASS_BYTE_STRING = 6,
    SPECIAL_CLASS_ARRAY = 7,
    SPECIAL_CLASS_FLOAT = 9,
    SPECIAL_CLASS_CONTEXT = 10,
    SPECIAL_CLASS_POINT = 12,
    SPECIAL_CLASS_LARGE_POSITIVE = 13,
    SPECIAL_CLASS_MESSAGE = 15,
    SPECIAL_CLASS_COMPILED_METHOD = 16,
    SPECIAL_LOW_SPACE_SEMAPHORE = 17,
    SPECIAL_CLASS_SEMAPHORE = 18,
    SPECIAL_CLASS_CHARACTER = 19,
    SPECIAL_DOES_NOT_UNDERSTAND = 20,
    SPECIAL_CANNOT_RETURN = 21,
    SPECIAL_PROCESS_SIGNALING_LOW_SPACE = 22,
    SPECIAL_SELECTORS = 23,
    SPECIAL_MUST_BE_BOOLEAN = 25,
    SPECIAL_CLASS_BYTE_ARRAY = 26,
    SPECIAL_CLASS_PROCESS = 27,
    SPECIAL_COMPACT_CLASSES = 28,
    SPECIAL_TIMER_SEMAPHORE = 29,
    SPECIAL_INTERRUPT_SEMAPHORE = 30,
    SPECIAL_CANNOT_INTERPRET = 34,
    SPECIAL_CLASS_BLOCK_CLOSURE = 36,
    SPECIAL_EXTERNAL_OBJECTS = 38,
    SPECIAL_CLASS_MUTEX = 39,
    SPECIAL_FINALIZATION_SEMAPHORE = 41,
    SPECIAL_CLASS_LARGE_NEGATIVE = 42,
    SPECIAL_CLASS_EXTERNAL_ADDRESS = 43,
    SPECIAL_ABOUT_TO_RETURN = 48,
    SPECIAL_RUN_WITH_IN = 49,
    SPECIAL_ATTEMPT_TO_ASSIGN = 50,
    SPECIAL_PRIM_ERROR_TABLE = 51,
    SPECIAL_CLASS_ALIEN = 52,
    SPECIAL_UNKNOWN_BYTECODE = 57,
    SPECIAL_COUNTER_TRIPPED = 58,
    SPECIAL_SISTA_TRAP = 59,
    SPECIAL_MIN_SLOTS = 52,
};

/* ---- Classes and methods --------------------------------------------------- */

enum class_slot { CLASS_SUPERCLASS = 0, CLASS_METHOD_DICT = 1, CLASS_FORMAT = 2 };

/* A class's format SmallInteger: fixed slots in bits 0-15, instance format in
 * bits 16-20. */
static inline uint32_t class_format_fixed(int64_t f) {
    return (uint32_t)(f & 0xffff);
}
static inline unsigned class_format_spec(int64_t f) {
    return (unsigned)(f >> 16) & 31;
}

/* Method header, the SmallInteger in slot 0 of compiled code:
 * bits 0-14 literals, 16 has primitive, 17 large frame, 18-23 temporaries
 * (arguments included), 24-27 arguments; negative: Sista V1 bytecodes. */
static inline uint32_t method_header_literals(int64_t h) {
    return (uint32_t)(h & 0x7fff);
}
static inline bool method_header_has_primitive(int64_t h) {
    return (h >> 16 & 1) != 0;
}
static inline bool method_header_large_frame(int64_t h) {
    return (h >> 17 & 1) != 0;
}
static inline uint32_t method_header_temps(int64_t h) {
    return (uint32_t)(h >> 18 & 63);
}
static inline uint32_t method_header_args(int64_t h) {
    return (uint32_t)(h >> 24 & 15);
}
static inline bool method_header_is_sista(int64_t h) {
    return h < 0;
}

static inline int64_t method_header(oop method) {
    return smallint_value(fetch_slot(method, 0));
}
static inline oop method_literal(oop method, uint32_t i) {
    return fetch_slot(method, 1 + i);
}
/* Byte offset, from the first byte of the object's data, of the first bytecode. */
static inline uint64_t method_initial_pc(oop method) {
    return (1 + (uint64_t)method_header_literals(method_header(method))) * 8;
}

enum context_slot {
    CONTEXT_SENDER = 0,
    CONTEXT_PC = 1,
    CONTEXT_STACKP = 2,
    CONTEXT_METHOD = 3,
    CONTEXT_CLOSURE = 4,
    CONTEXT_RECEIVER = 5,
    CONTEXT_FIXED = 6,
};
#define CONTEXT_SMALL_SLOTS (CONTEXT_FIXED + 16u)
#define CONTEXT_LARGE_SLOTS (CONTEXT_FIXED + 56u)

/* Both closure classes: V3 closures hold a SmallInteger start pc in slot 1 and
 * find their method through the outer context; full closures hold their
 * compiled block in slot 1 and their receiver in slot 3. */
enum closure_slot {
    CLOSURE_OUTER_CONTEXT = 0,
    CLOSURE_START_PC = 1,
    CLOSURE_NUM_ARGS = 2,
    CLOSURE_FIRST_COPIED = 3,
    FULL_CLOSURE_METHOD = 1,
    FULL_CLOSURE_RECEIVER = 3,
    FULL_CLOSURE_FIRST_COPIED = 4,
};

#endif
