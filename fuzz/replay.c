/* Runs a fuzz target over every file of a directory, in builds without a fuzzer. */
#include "base/file.h"
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (!dir) return (void)fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]), 2;
    int count = 0;
    for (const struct dirent *e; (e = readdir(dir));) {
        char path[4096], *text;
        size_t n;
        heft_error err;
        if (e->d_name[0] == '.') continue;
        heft_status st = heft_path_join(path, sizeof path, argv[1], heft_str_of(e->d_name), &err);
        if (!st) st = heft_read_file(path, 1 << 24, &text, &n, &err);
        if (st) return (void)fprintf(stderr, "%s\n", err.text), 1;
        uint8_t *exact = malloc(n); /* no margin, so that a sanitizer sees a read beyond it */
        if (!exact && n) return 1;
        if (n) memcpy(exact, text, n);
        (void)LLVMFuzzerTestOneInput(exact, n);
        free(exact);
        heft_free(text);
        count++;
    }
    (void)closedir(dir);
    (void)printf("%d files\n", count);
    return count ? 0 : 1;
}
