/*
 * table.c - which function a primitive number or a module and name stand for.
 * Asked once for each method that is translated, so a plain search is enough.
 */
#include "tables.h"

static const struct numbered_prim *const numbered_tables[] = {
    prims_integer, prims_integer64, prims_float,    prims_strings, prims_words,
    prims_misc,    prims_time,      prims_object,   prims_reflect, prims_system,
    prims_control, prims_process,   prims_platform,
};

static const struct named_prim *const named_tables[] = {
    named_large,           named_misc,       named_bitmaps,
    named_integer64,       named_float_math, named_float_array,
    named_float64_array,   named_uuid,       named_dsa,
    named_locale,          named_time,       named_file,
    named_file_attributes, named_platform,   named_resolver,
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct numbered_prim *find_number(unsigned number) {
    for (size_t i = 0; i < COUNT(numbered_tables); i++)
        for (const struct numbered_prim *p = numbered_tables[i]; p->fn; p++)
            if (p->number == number)
                return p;
    return NULL;
}

prim_fn *prim_numbered(unsigned number) {
    const struct numbered_prim *p = find_number(number);
    return p ? p->fn : NULL;
}

const char *prim_number_name(unsigned number) {
    const struct numbered_prim *p = find_number(number);
    return p ? p->name : NULL;
}

static bool is_named(const char *name, const char *chars, size_t size) {
    return strlen(name) == size && memcmp(name, chars, size) == 0;
}

prim_fn *prim_named(const char *module, size_t module_size, const char *name, size_t name_size) {
    for (size_t i = 0; i < COUNT(named_tables); i++)
        for (const struct named_prim *p = named_tables[i]; p->fn; p++)
            if (is_named(p->name, name, name_size) && is_named(p->module, module, module_size))
                return p->fn;
    return NULL;
}
