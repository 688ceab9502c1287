/* The tables of the primitives about the platform and the VM itself. */
#include "environment.h"
#include "tables.h"

const struct numbered_prim prims_platform[] = {
    {121, environment_prim_image_name, "imageName"},
    {142, environment_prim_vm_path, "vmPath"},
    {149, environment_prim_attribute, "getSystemAttribute"},
    {254, parameters_prim_at, "vmParameterAt"},
    {0, NULL, NULL},
};

const struct named_prim named_platform[] = {
    {"", "primitiveGetCurrentWorkingDirectory", environment_prim_cwd},
    {"", "primitiveGetenv", environment_prim_getenv},
    {"", "primitiveInterpreterSourceVersion", environment_prim_source_version},
    {"", "primitiveDisablePowerManager", environment_prim_disable_power_manager},
    {"", "primitiveGetLogDirectory", environment_prim_log_directory},
    {"", "primitiveSetLogDirectory", environment_prim_set_log_directory},
    {"", "primitiveBytecodeSetsAvailable", parameters_prim_bytecode_sets},
    {"", "primitiveMultipleBytecodeSetsActive", parameters_prim_multiple_sets},
    {"", "primitiveImageFormatVersion", parameters_prim_image_format},
    {"", "primitiveIsBigEnder", parameters_prim_is_big_endian},
    {"SecurityPlugin", "primitiveCanWriteImage", security_prim_can_write_image},
    {"SecurityPlugin", "primitiveDisableImageWrite", security_prim_disable_image_write},
    {"SecurityPlugin", "primitiveGetSecureUserDirectory", security_prim_secure_directory},
    {"SecurityPlugin", "primitiveGetUntrustedUserDirectory", security_prim_untrusted_directory},
    {NULL, NULL, NULL},
};
