/*
 * fuzz_args.c - any bytes as a mote's command line: what is parsed stays inside
 * the kernel's own copy, and counts stay within their tables.
 */
#include "../../kernel/args.c"

#include <stdlib.h>

static void require(bool condition) {
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct platform p;
    size_t where = SIZE_MAX, length = 0;
    char *text = malloc(size + 1); /* of exactly this size: a sanitizer sees more */
    if (text == NULL)
        abort();
    if (size != 0)
        memcpy(text, data, size);
    text = realloc(text, size == 0 ? 1 : size);
    memset(&p, 0, sizeof p);
    int status = args_parse(&p, text, size, &where);
    require(status == 0 || status == PLATFORM_EINVAL);
    require(where <= size);
    require(p.argc <= KERNEL_ARGS && p.envc <= KERNEL_ENV);
    for (unsigned i = 0; i < p.argc; i++)
        length += strlen(p.argv[i]) + 1;
    for (unsigned i = 0; i < p.envc; i++) {
        require(strchr(p.env[i], '=') != NULL && p.env[i][0] != '=');
        length += strlen(p.env[i]) + 1;
        char name[64] = "";
        size_t n = (size_t)(strchr(p.env[i], '=') - p.env[i]);
        if (n < sizeof name) {
            memcpy(name, p.env[i], n);
            require(platform_getenv(&p, name) != NULL);
        }
    }
    require(length <= size);
    require(platform_argv(&p, p.argc) == NULL);
    require(p.utc_offset >= -86400 && p.utc_offset <= 86400);
    for (unsigned i = 0; i < 3; i++)
        require(p.kind[i] >= PLATFORM_KIND_NONE && p.kind[i] <= PLATFORM_KIND_FILE);
    free(text);
    return 0;
}
