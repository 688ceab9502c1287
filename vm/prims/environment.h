/* environment.h - the primitives behind the table in platform.c. */
#ifndef MOTE_PRIMS_ENVIRONMENT_H
#define MOTE_PRIMS_ENVIRONMENT_H

#include "prim.h"

/* environment.c */
prim_fn environment_prim_attribute, environment_prim_image_name, environment_prim_vm_path,
    environment_prim_cwd, environment_prim_getenv, environment_prim_source_version,
    environment_prim_disable_power_manager, environment_prim_log_directory,
    environment_prim_set_log_directory;
/* parameters.c */
prim_fn parameters_prim_at, parameters_prim_bytecode_sets, parameters_prim_multiple_sets,
    parameters_prim_image_format, parameters_prim_is_big_endian;
/* security.c */
prim_fn security_prim_can_write_image, security_prim_disable_image_write,
    security_prim_secure_directory, security_prim_untrusted_directory;

#endif
