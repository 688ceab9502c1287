/* A tender alone, without the command around it: any ELF file with any file as
 * its image, which `mote run` would not put together.
 *   tend run --on kvm|process [-m BYTES] [--image FILE [--save]] FILE.elf ARGUMENT */
#include "../../host/tender/tender.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

int main(int argc, char **argv) {
    const struct tender_door *door = &tender_process;
    struct tender_config config = {.image = -1, .memory = UINT64_C(1) << 30};
    char text[PATH_MAX + 256], image[PATH_MAX];
    int i = 2;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--save") == 0)
            config.save_path = image;
        else if (++i == argc)
            return EX_USAGE;
        else if (strcmp(argv[i - 1], "--on") == 0)
            door = strcmp(argv[i], "kvm") == 0 ? &tender_kvm : &tender_process;
        else if (strcmp(argv[i - 1], "-m") == 0)
            config.memory = strtoull(argv[i], NULL, 0);
        else if (realpath(argv[i], image) == NULL)
            return EX_NOINPUT;
        else
            config.image = open(image, O_RDONLY | O_CLOEXEC);
    }
    if (i + 2 != argc)
        return EX_USAGE;
    struct stat s;
    if (config.image >= 0 && fstat(config.image, &s) == 0)
        config.image_bytes = (uint64_t)s.st_size;
    snprintf(text, sizeof text, "arg=\"%s\"", argv[i + 1]);
    config.program = config.name = argv[i];
    config.command_line = text;
    return tender_streams() != 0 ? 71 : tender_run(&config, door);
}
