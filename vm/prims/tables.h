/*
 * tables.h - the primitive tables of all files, one line each. Every table ends
 * with an entry whose fn is NULL. table.c searches them in this order.
 */
#ifndef MOTE_PRIMS_TABLES_H
#define MOTE_PRIMS_TABLES_H

#include "prim.h"

extern const struct numbered_prim prims_integer[];   /* integer.c: 1-18, 159, 575 */
extern const struct numbered_prim prims_integer64[]; /* integer64.c: 20-37 */
extern const struct numbered_prim prims_float[];     /* float.c: 38-59, 541-559 */
extern const struct numbered_prim prims_strings[];   /* strings.c: 63, 64, 105, 145 */
extern const struct numbered_prim prims_words[];     /* words.c: 143, 144, 165, 166, 238, 239 */
extern const struct numbered_prim prims_misc[];      /* misc.c: 156, 158 */
extern const struct numbered_prim prims_time[];      /* time.c: 135, 137, 240, 241, 243-246 */
extern const struct numbered_prim prims_object[];    /* object.c */
extern const struct numbered_prim prims_reflect[];   /* reflect.c */
extern const struct numbered_prim prims_system[];    /* system.c */
extern const struct numbered_prim prims_control[];   /* control.c */
extern const struct numbered_prim prims_process[];   /* process.c */
extern const struct numbered_prim prims_platform[];  /* platform.c */

extern const struct named_prim named_large[];           /* large.c: LargeIntegers */
extern const struct named_prim named_misc[];            /* misc.c: MiscPrimitivePlugin, "" */
extern const struct named_prim named_bitmaps[];         /* bitmaps.c: MiscPrimitivePlugin */
extern const struct named_prim named_integer64[];       /* integer64.c: "" */
extern const struct named_prim named_float_math[];      /* floatmath.c: FloatMathPlugin */
extern const struct named_prim named_float_array[];     /* floatarray.c: FloatArrayPlugin */
extern const struct named_prim named_float64_array[];   /* floatarray.c: Float64ArrayPlugin */
extern const struct named_prim named_uuid[];            /* uuid.c: UUIDPlugin */
extern const struct named_prim named_dsa[];             /* dsa.c: DSAPrims */
extern const struct named_prim named_locale[];          /* locale.c: LocalePlugin */
extern const struct named_prim named_time[];            /* time.c: "" */
extern const struct named_prim named_file[];            /* file.c: FilePlugin */
extern const struct named_prim named_file_attributes[]; /* file_attributes.c */
extern const struct named_prim named_platform[];        /* platform.c: "" and others */
extern const struct named_prim named_resolver[];        /* resolver.c: SocketPlugin */

#endif
