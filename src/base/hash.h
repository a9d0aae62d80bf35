#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/base.h"

/*
 * The only module that knows xxHash and libmd.
 *
 * XXH3 names things and notices that something changed. It is no security
 * boundary: two files with one XXH3 are made in seconds (trust compares bytes).
 * SHA-256 is used only where a person or a script carries the value.
 *
 * Both as lower-case hexadecimal text, most significant digit first (the
 * canonical form of xxHash's doc/xxhash_spec.md), NUL-terminated.
 */
#define HASH_XXH64_HEX 16
#define HASH_XXH128_HEX 32
#define HASH_SHA256_HEX 64

void hash_xxh64(const void *data, size_t len, char hex[HASH_XXH64_HEX + 1]);
void hash_xxh128(const void *data, size_t len, char hex[HASH_XXH128_HEX + 1]);
void hash_sha256(const void *data, size_t len, char hex[HASH_SHA256_HEX + 1]);
/* Of a file from where it is read on, to its end; false if that fails. */
bool hash_sha256_fd(int fd, char hex[HASH_SHA256_HEX + 1]) must_check;

#endif
