/*
 * asm_code.c - the assembler of asm_image.h: words separated by blanks, the
 * same source for both bytecode sets, in the shortest form there is.
 *
 *   temps N                 temporaries beside the arguments (first, if at all)
 *   primitive N             next, if at all; errorTemp T after it: the failure's code
 *   large                   the method needs a large frame
 *   self true false nil thisContext   int N   char N
 *   temp N  popTemp N  storeTemp N    ivar N ...  var NAME ...   (variables by name)
 *   ivarX N  popIvarX N  storeIvarX N the long forms, which see contexts
 *   lit X                   #selector, 'string', @object, integer, or %CLASS
 *   remote I V  popRemote I V  storeRemote I V    element I of the array in temp V
 *   array N  fill N  dup  pop
 *   send S  xsend S         xsend: never by a special selector's bytecode
 *   super S  directedSuper S          (the latter Sista only; class on the stack)
 *   LABEL:  jump L  jumpTrue L  jumpFalse L  sjump L  sjumpTrue L  sjumpFalse L
 *                           the latter three: one byte (V3 has no short sjumpTrue)
 *   return returnSelf returnTrue returnFalse returnNil  blockReturn
 *   block ARGS COPIED LOCALS ... end  copied values are on the stack; blockX has
 *                           a fourth number, Sista's flags (64 no outer context,
 *                           128 receiver on the stack)
 *   bytes N,N,...           as they are
 */
#include "asm_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MAX_CODE = 8192, MAX_LABELS = 32, MAX_LITERALS = 600, WORD = 128 };

struct frame_literals {
    oop list[MAX_LITERALS];
    unsigned count;
};

struct label {
    char name[WORD];
    unsigned at;
};

/* A method, or a block. */
struct unit {
    struct asm_image *a;
    const char *source;
    struct frame_literals *literals;
    uint8_t code[MAX_CODE];
    unsigned size, temps, args;
    bool primitive, large;
    struct label labels[MAX_LABELS], jumps[MAX_LABELS * 2];
    unsigned label_count, jump_count;
    oop inner[MAX_LABELS]; /* compiled blocks whose outer code this will be */
    unsigned inner_count;
};

unsigned asm_arguments(const char *selector) {
    if (!((selector[0] | 32) >= 'a' && (selector[0] | 32) <= 'z'))
        return 1;
    unsigned n = 0;
    for (; *selector != 0; selector++)
        n += *selector == ':';
    return n;
}

/* ---- Reading ------------------------------------------------------------------------ */

static bool next_word(struct unit *u, char word[WORD]) {
    while (*u->source == ' ')
        u->source++;
    size_t n = strcspn(u->source, " ");
    assert_true(n < WORD);
    memcpy(word, u->source, n);
    word[n] = 0;
    u->source += n;
    return n != 0;
}

static int64_t number(struct unit *u) {
    char word[WORD], *end;
    assert_true(next_word(u, word));
    int64_t v = strtoll(word, &end, 0);
    if (*end != 0)
        fail_msg("a number is wanted, not %s", word);
    return v;
}

static void byte(struct unit *u, int64_t v) {
    assert_true(u->size < MAX_CODE && v >= 0 && v < 256);
    u->code[u->size++] = (uint8_t)v;
}

static void bytes2(struct unit *u, int64_t a, int64_t b) {
    byte(u, a);
    byte(u, b);
}

static void bytes3(struct unit *u, int64_t a, int64_t b, int64_t c) {
    bytes2(u, a, b);
    byte(u, c);
}

static int64_t literal(struct unit *u, oop o) {
    struct frame_literals *l = u->literals;
    for (unsigned i = 0; i < l->count; i++)
        if (l->list[i] == o)
            return i;
    assert_true(l->count < MAX_LITERALS);
    l->list[l->count] = o;
    return l->count++;
}

static oop literal_named(struct asm_image *a, const char *word) {
    switch (word[0]) {
    case '#':
        return asm_symbol(a, word + 1);
    case '@':
        return asm_object(a, word + 1);
    case '%':
        return asm_class(a, word + 1);
    case '\'':
        return asm_bytes(a, "ByteString", word + 1, strlen(word) - 2);
    default:
        return smallint(strtoll(word, NULL, 0));
    }
}

/* ---- Sista's prefixes ------------------------------------------------------------------- */

static void extend_a(struct unit *u, int64_t v) {
    if (v > 255)
        bytes2(u, 224, v >> 8);
    if (v != 0)
        bytes2(u, 224, v & 255);
}

static void extend_b(struct unit *u, int64_t v) {
    if (v > 127 || v < -128)
        bytes2(u, 225, v >> 8 & 255);
    if (v != 0)
        bytes2(u, 225, v & 255);
}

/* ---- Variables ------------------------------------------------------------------------------ */

enum variable { IVAR, TEMP, LITERAL, VARIABLE };

static void push_variable(struct unit *u, enum variable kind, int64_t i) {
    static const uint8_t v3_base[4] = {0, 16, 32, 64}, v3_short[4] = {16, 16, 32, 32};
    static const uint8_t base[4] = {0, 64, 32, 16}, shorts[4] = {16, 12, 32, 16};
    static const uint8_t longs[4] = {226, 229, 228, 227}, v3_double[4] = {2, 0, 3, 4};
    if (u->a->sista) {
        if (i < shorts[kind]) {
            byte(u, base[kind] + i);
        } else {
            extend_a(u, i >> 8);
            bytes2(u, longs[kind], i & 255);
        }
    } else if (i < v3_short[kind]) {
        byte(u, v3_base[kind] + i);
    } else if (i < 64) {
        bytes2(u, 128, (int64_t)kind << 6 | i);
    } else {
        bytes3(u, 132, v3_double[kind] << 5, i);
    }
}

static void store_variable(struct unit *u, enum variable kind, int64_t i, bool pops) {
    static const uint8_t pop_long[4] = {240, 242, 0, 241}, store_long[4] = {243, 245, 0, 244};
    if (u->a->sista) {
        if (pops && i < 8 && kind != VARIABLE) {
            byte(u, (kind == IVAR ? 200 : 208) + i);
        } else {
            extend_a(u, i >> 8);
            bytes2(u, pops ? pop_long[kind] : store_long[kind], i & 255);
        }
    } else if (pops && i < 8 && kind != VARIABLE) {
        byte(u, (kind == IVAR ? 96 : 104) + i);
    } else if (i < 64) {
        bytes2(u, pops ? 130 : 129, (int64_t)kind << 6 | i);
    } else if (kind == IVAR) {
        bytes3(u, 132, (pops ? 6 : 5) << 5, i);
    } else { /* the one double extended store of variables does not pop */
        bytes3(u, 132, 7 << 5, i);
        if (pops)
            byte(u, 135);
    }
}

/* The forms that compilers use where the receiver may be a context. */
static void wide_ivar(struct unit *u, unsigned operation, int64_t i) {
    static const uint8_t sista[3] = {226, 243, 240}, v3[3] = {2, 5, 6};
    if (u->a->sista)
        bytes2(u, sista[operation], i);
    else
        bytes3(u, 132, v3[operation] << 5, i);
}

static void push_integer(struct unit *u, int64_t v) {
    if (u->a->sista) {
        if (v == 0 || v == 1) {
            byte(u, 80 + v);
        } else if (v >= -32768 && v <= 32767) {
            extend_b(u, v >> 8);
            bytes2(u, 232, v & 255);
        } else {
            push_variable(u, LITERAL, literal(u, smallint(v)));
        }
    } else if (v >= -1 && v <= 2) {
        byte(u, 117 + v);
    } else {
        push_variable(u, LITERAL, literal(u, smallint(v)));
    }
}

/* ---- Sends ------------------------------------------------------------------------------------
 */

static void send(struct unit *u, const char *selector, bool may_be_special) {
    int special = may_be_special ? asm_special(selector) : -1;
    if (special >= 0) {
        byte(u, (u->a->sista ? 96 : 176) + special);
        return;
    }
    int64_t i = literal(u, asm_symbol(u->a, selector)), n = asm_arguments(selector);
    if (i < 16 && n < 3) {
        byte(u, (u->a->sista ? 128 : 208) + 16 * n + i);
    } else if (u->a->sista) {
        extend_a(u, i >> 5);
        extend_b(u, n >> 3);
        bytes2(u, 234, (i & 31) << 3 | (n & 7));
    } else if (i < 32 && n < 8) {
        bytes2(u, 131, n << 5 | i);
    } else if (i < 64 && n < 4) {
        bytes2(u, 134, n << 6 | i);
    } else {
        bytes3(u, 132, n, i);
    }
}

static void super_send(struct unit *u, const char *selector, bool directed) {
    int64_t i = literal(u, asm_symbol(u->a, selector)), n = asm_arguments(selector);
    if (u->a->sista) {
        extend_a(u, i >> 5);
        extend_b(u, (n >> 3) + (directed ? 64 : 0));
        bytes2(u, 235, (i & 31) << 3 | (n & 7));
    } else if (i < 32 && n < 8) {
        bytes2(u, 133, n << 5 | i);
    } else {
        bytes3(u, 132, 1 << 5 | n, i);
    }
}

/* ---- Jumps -------------------------------------------------------------------------------------
 */

enum jump { JUMP, JUMP_TRUE, JUMP_FALSE };

static void jump(struct unit *u, enum jump kind, bool is_short) {
    static const uint8_t shorts[3] = {176, 184, 192}, v3_shorts[3] = {144, 0, 152};
    static const uint8_t longs[3] = {237, 238, 239}, v3_longs[3] = {164, 168, 172};
    struct label *j = &u->jumps[u->jump_count++];
    assert_true(u->jump_count < MAX_LABELS * 2 && next_word(u, j->name));
    if (!u->a->sista && kind == JUMP_TRUE)
        is_short = false;
    if (is_short) {
        byte(u, u->a->sista ? shorts[kind] : v3_shorts[kind]);
    } else if (u->a->sista) {
        bytes2(u, 225, 0);
        bytes2(u, longs[kind], 0);
    } else {
        bytes2(u, v3_longs[kind], 0);
    }
    j->at = u->size;
}

static void resolve(struct unit *u, const struct label *j) {
    unsigned i = 0;
    while (i < u->label_count && strcmp(u->labels[i].name, j->name) != 0)
        i++;
    if (i == u->label_count)
        fail_msg("no label %s", j->name);
    int distance = (int)u->labels[i].at - (int)j->at;
    uint8_t *end = u->code + j->at;
    if (end[-1] != 0) { /* short ones have no operand */
        assert_in_range(distance, 1, 8);
        end[-1] = (uint8_t)(end[-1] + distance - 1);
        return;
    }
    end[-1] = (uint8_t)(distance & 255);
    uint8_t *high = u->a->sista ? end - 3 : end - 2;
    *high = (uint8_t)(*high + (distance >> 8));
}

/* ---- Blocks
 * -------------------------------------------------------------------------------------- */

static void assemble(struct unit *u);

static oop finish_code(struct unit *u, const char *class, oop selector, oop last) {
    struct tiny *t = &u->a->t;
    struct frame_literals *l = u->literals;
    l->list[l->count++] = selector;
    l->list[l->count++] = last;
    int64_t header = (int64_t)l->count | (int64_t)u->primitive << 16 | (int64_t)u->large << 17 |
                     (int64_t)u->temps << 18 | (int64_t)u->args << 24;
    if (u->a->sista)
        header |= SMALLINT_MIN;
    oop o = tiny_code(t, header_hash(tiny_words(t, asm_class(u->a, class))[0]), header, u->code,
                      u->size);
    for (unsigned i = 0; i < l->count; i++)
        tiny_put(t, o, 1 + i, l->list[i]);
    for (unsigned i = 0; i < u->inner_count; i++) { /* the last literal: their outer code */
        int64_t inner = smallint_value(tiny_words(t, u->inner[i])[1]);
        tiny_put(t, u->inner[i], method_header_literals(inner), o);
    }
    return o;
}

static void full_block(struct unit *u, struct unit *block, int64_t copied, int64_t flags) {
    oop o = finish_code(block, "CompiledBlock", u->a->t.nil, u->a->t.nil);
    assert_true(u->inner_count < MAX_LABELS);
    u->inner[u->inner_count++] = o;
    int64_t i = literal(u, o);
    extend_a(u, i >> 8);
    bytes3(u, 249, i & 255, copied | flags);
}

static void embedded_block(struct unit *u, const struct unit *block, int64_t copied) {
    bytes2(u, 143, copied << 4 | block->args);
    bytes2(u, block->size >> 8, block->size & 255);
    assert_true(u->size + block->size < MAX_CODE);
    memcpy(u->code + u->size, block->code, block->size);
    u->size += block->size;
}

static void add_block(struct unit *u, bool with_flags) {
    struct unit *block = calloc(1, sizeof *block);
    struct frame_literals *own = calloc(1, sizeof *own);
    assert_true(block != NULL && own != NULL);
    block->a = u->a;
    block->literals = u->a->sista ? own : u->literals;
    block->args = (unsigned)number(u);
    int64_t copied = number(u), locals = number(u), flags = with_flags ? number(u) : 0;
    block->temps = block->args + (unsigned)(copied + locals);
    if (!u->a->sista)
        for (int64_t i = 0; i < locals; i++)
            byte(block, 115); /* V3 makes them by pushing nil */
    block->source = u->source;
    assemble(block);
    u->source = block->source;
    u->large |= block->large && !u->a->sista;
    if (u->a->sista)
        full_block(u, block, copied, flags);
    else
        embedded_block(u, block, copied);
    free(own);
    free(block);
}

/* ---- Words
 * ----------------------------------------------------------------------------------------- */

/* Words without operand: V3's bytecode, Sista's. */
static bool simple(struct unit *u, const char *word) {
    static const struct {
        const char *word;
        uint8_t v3, sista;
    } list[] = {{"self", 112, 76},       {"true", 113, 77},        {"false", 114, 78},
                {"nil", 115, 79},        {"thisContext", 137, 82}, {"dup", 136, 83},
                {"pop", 135, 216},       {"return", 124, 92},      {"returnSelf", 120, 88},
                {"returnTrue", 121, 89}, {"returnFalse", 122, 90}, {"returnNil", 123, 91},
                {"blockReturn", 125, 94}};
    for (unsigned i = 0; i < sizeof list / sizeof list[0]; i++)
        if (strcmp(list[i].word, word) == 0) {
            byte(u, u->a->sista ? list[i].sista : list[i].v3);
            return true;
        }
    return false;
}

/* [pop|store]temp, ivar, var, remote; ivarX. */
static bool variable(struct unit *u, const char *word) {
    static const char *const names[3][5] = {
        {"temp", "ivar", "var", "remote", "ivarX"},
        {"storeTemp", "storeIvar", "storeVar", "storeRemote", "storeIvarX"},
        {"popTemp", "popIvar", "popVar", "popRemote", "popIvarX"}};
    static const uint8_t kinds[3] = {TEMP, IVAR, VARIABLE};
    for (unsigned op = 0; op < 3; op++)
        for (unsigned i = 0; i < 5; i++) {
            if (strcmp(names[op][i], word) != 0)
                continue;
            char name[WORD];
            int64_t index;
            if (i == 2) {
                assert_true(next_word(u, name));
                index = literal(u, asm_global(u->a, name));
            } else {
                index = number(u);
            }
            if (i == 3)
                bytes3(u, (u->a->sista ? 251 : 140) + (int64_t)op, index, number(u));
            else if (i == 4)
                wide_ivar(u, op, index);
            else if (op == 0)
                push_variable(u, kinds[i], index);
            else
                store_variable(u, kinds[i], index, op == 2);
            return true;
        }
    return false;
}

static bool sends_and_jumps(struct unit *u, const char *word) {
    static const char *const jumps[2][3] = {{"jump", "jumpTrue", "jumpFalse"},
                                            {"sjump", "sjumpTrue", "sjumpFalse"}};
    char operand[WORD];
    for (unsigned i = 0; i < 6; i++)
        if (strcmp(jumps[i / 3][i % 3], word) == 0) {
            jump(u, (enum jump)(i % 3), i >= 3);
            return true;
        }
    bool xsend = strcmp(word, "xsend") == 0, directed = strcmp(word, "directedSuper") == 0;
    if (xsend || strcmp(word, "send") == 0) {
        assert_true(next_word(u, operand));
        send(u, operand, !xsend);
        return true;
    }
    if (directed || strcmp(word, "super") == 0) {
        assert_true(next_word(u, operand));
        super_send(u, operand, directed);
        return true;
    }
    return false;
}

static void raw_bytes(struct unit *u) {
    char word[WORD], *at = word;
    assert_true(next_word(u, word));
    for (;;) {
        byte(u, strtoll(at, &at, 0));
        if (*at++ != ',')
            return;
    }
}

static bool other(struct unit *u, const char *word) {
    char operand[WORD];
    if (strcmp(word, "temps") == 0) {
        u->temps += (unsigned)number(u);
    } else if (strcmp(word, "large") == 0) {
        u->large = true;
    } else if (strcmp(word, "primitive") == 0) {
        int64_t n = number(u);
        u->primitive = true;
        bytes3(u, u->a->sista ? 248 : 139, n & 255, n >> 8);
    } else if (strcmp(word, "errorTemp") == 0) {
        store_variable(u, TEMP, number(u), false);
    } else if (strcmp(word, "int") == 0) {
        push_integer(u, number(u));
    } else if (strcmp(word, "char") == 0) {
        int64_t n = number(u);
        if (u->a->sista) {
            extend_b(u, n >> 8);
            bytes2(u, 233, n & 255);
        } else {
            push_variable(u, LITERAL, literal(u, character((uint32_t)n)));
        }
    } else if (strcmp(word, "lit") == 0) {
        assert_true(next_word(u, operand));
        push_variable(u, LITERAL, literal(u, literal_named(u->a, operand)));
    } else if (strcmp(word, "array") == 0) {
        bytes2(u, u->a->sista ? 231 : 138, number(u));
    } else if (strcmp(word, "fill") == 0) {
        bytes2(u, u->a->sista ? 231 : 138, 128 | number(u));
    } else if (strcmp(word, "block") == 0) {
        add_block(u, false);
    } else if (strcmp(word, "blockX") == 0) {
        add_block(u, true);
    } else if (strcmp(word, "bytes") == 0) {
        raw_bytes(u);
    } else {
        return false;
    }
    return true;
}

/* Until the source ends, or the block. */
static void assemble(struct unit *u) {
    char word[WORD];
    while (next_word(u, word) && strcmp(word, "end") != 0) {
        size_t n = strlen(word);
        if (simple(u, word) || variable(u, word) || sends_and_jumps(u, word) || other(u, word))
            continue;
        if (word[n - 1] != ':')
            fail_msg("the assembler knows no %s", word);
        assert_true(u->label_count < MAX_LABELS);
        struct label *l = &u->labels[u->label_count++];
        memcpy(l->name, word, n);
        l->name[n - 1] = 0;
        l->at = u->size;
    }
    for (unsigned i = 0; i < u->jump_count; i++)
        resolve(u, &u->jumps[i]);
}

oop asm_code(struct asm_image *a, const char *class, const char *selector, const char *source) {
    struct unit *u = calloc(1, sizeof *u);
    struct frame_literals *literals = calloc(1, sizeof *literals);
    assert_true(u != NULL && literals != NULL);
    u->a = a;
    u->source = source;
    u->literals = literals;
    u->args = u->temps = asm_arguments(selector);
    assemble(u);
    oop binding = tiny_new(&a->t, TINY_ASSOCIATION, FORMAT_FIXED, 2);
    tiny_put(&a->t, binding, 0, asm_symbol(a, class));
    tiny_put(&a->t, binding, 1, asm_class(a, class));
    oop method = finish_code(u, "CompiledMethod", asm_symbol(a, selector), binding);
    free(literals);
    free(u);
    return method;
}
