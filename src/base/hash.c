#include "base/hash.h"

#include <sys/types.h>

#include <sha2.h>
#include <xxhash.h>

static void
to_hex(const unsigned char *bytes, size_t n, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex = '\0';
}

void
hash_xxh64(const void *data, size_t len, char hex[HASH_XXH64_HEX + 1])
{
	XXH64_canonical_t c;

	XXH64_canonicalFromHash(&c, XXH3_64bits(data, len));
	to_hex(c.digest, sizeof(c.digest), hex);
}

void
hash_xxh128(const void *data, size_t len, char hex[HASH_XXH128_HEX + 1])
{
	XXH128_canonical_t c;

	XXH128_canonicalFromHash(&c, XXH3_128bits(data, len));
	to_hex(c.digest, sizeof(c.digest), hex);
}

void
hash_sha256(const void *data, size_t len, char hex[HASH_SHA256_HEX + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, data, len);
	SHA256Final(digest, &ctx);
	to_hex(digest, sizeof(digest), hex);
}

bool
hash_sha256_fd(int fd, char hex[HASH_SHA256_HEX + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH], part[64 << 10];
	SHA2_CTX ctx;
	ssize_t n;

	SHA256Init(&ctx);
	while ((n = read(fd, part, sizeof(part))) > 0)
		SHA256Update(&ctx, part, (size_t)n);
	SHA256Final(digest, &ctx);
	to_hex(digest, sizeof(digest), hex);
	return n == 0;
}
