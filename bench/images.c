/*
 * images.c - images that only compute, for measuring the doors against each other
 * where there is no other image to run: images DIRECTORY writes sends.image,
 * arrays.image, objects.image and floats.image there. Each computes for about a
 * second and quits with 0, or with 99 when its result is wrong. Assembled as in
 * the unit tests (tests/unit/asm_image.h).
 */
#include "../tests/unit/asm_image.h"

#include <stdio.h>
#include <stdlib.h>

struct method {
    const char *class, *selector, *source;
};
struct program {
    const char *name;
    struct method methods[4];
};

static const struct program programs[] = {
    {"sends",
     {{"SmallInteger", "fib",
       "self int 2 send < jumpFalse more int 1 return "
       "more: self int 1 send - send fib self int 2 send - send fib send + int 1 send + return"},
      {"Test", "compute", "int 38 send fib int 126491971 send = return"}}},
    {"arrays", /* the primes to 8190, four thousand times */
     {{"Test", "primes",
       "temps 4 lit %Array int 8190 send new: popTemp 0 int 2 popTemp 1 int 0 popTemp 3 "
       "outer: temp 1 int 8190 send <= jumpFalse done "
       "temp 0 temp 1 send at: nil send == jumpFalse skip "
       "temp 3 int 1 send + popTemp 3 temp 1 temp 1 send + popTemp 2 "
       "inner: temp 2 int 8190 send <= jumpFalse skip "
       "temp 0 temp 2 true send at:put: pop temp 2 temp 1 send + popTemp 2 jump inner "
       "skip: temp 1 int 1 send + popTemp 1 jump outer "
       "done: temp 3 return"},
      {"Test", "compute",
       "temps 1 int 4000 popTemp 0 "
       "again: self send primes int 1027 send = jumpFalse wrong "
       "temp 0 int 1 send - storeTemp 0 int 0 send > jumpFalse done jump again "
       "done: true return wrong: false return"}}},
    {"objects", /* a tree of 2 MB lives while smaller ones come and go */
     {{"Test", "tree:",
       "temps 1 lit %Array int 2 send new: popTemp 1 temp 0 int 0 send = jumpFalse more "
       "temp 1 return "
       "more: temp 1 int 1 self temp 0 int 1 send - send tree: send at:put: pop "
       "temp 1 int 2 self temp 0 int 1 send - send tree: send at:put: pop temp 1 return"},
      {"Test", "count:",
       "temp 0 nil send == jumpFalse more int 0 return "
       "more: int 1 self temp 0 int 1 send at: send count: send + "
       "self temp 0 int 2 send at: send count: send + return"},
      {"Test", "compute",
       "temps 2 self int 15 send tree: popTemp 0 int 4800 popTemp 1 "
       "again: self self int 12 send tree: send count: int 8191 send = jumpFalse wrong "
       "temp 1 int 1 send - storeTemp 1 int 0 send > jumpFalse done jump again "
       "done: self temp 0 send count: int 65535 send = return wrong: false return"}}},
    {"floats",
     {{"Test", "compute",
       "temps 2 lit @start popTemp 0 int 40000000 popTemp 1 "
       "again: temp 0 lit @factor send * lit @addend send + popTemp 0 "
       "temp 1 int 1 send - storeTemp 1 int 0 send > jumpFalse done jump again "
       "done: temp 0 lit @start send > return"}}},
};

static void write_program(const struct program *p, const char *directory) {
    static struct asm_image image;
    char path[4096];
    size_t size;
    asm_open(&image, true);
    asm_name(&image, "start", asm_float(&image, 0.5));
    asm_name(&image, "factor", asm_float(&image, 0.999));
    asm_name(&image, "addend", asm_float(&image, 0.001));
    for (unsigned i = 0; i < 4 && p->methods[i].class != NULL; i++)
        asm_method(&image, p->methods[i].class, p->methods[i].selector, p->methods[i].source);
    asm_method(&image, "Test", "run",
               "self send compute jumpTrue right self int 99 send quit: pop right: returnSelf");
    uint8_t *file = asm_finish(&image, &size);
    snprintf(path, sizeof path, "%s/%s.image", directory, p->name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(file, 1, size, f) != size || fclose(f) != 0) {
        perror(path);
        exit(73);
    }
    free(file);
    asm_close(&image);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fputs("usage: images DIRECTORY\n", stderr);
        return 64;
    }
    for (unsigned i = 0; i < sizeof programs / sizeof programs[0]; i++)
        write_program(&programs[i], argv[1]);
    return 0;
}
