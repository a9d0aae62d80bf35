#ifndef GUEST_EXT4_H
#define GUEST_EXT4_H

#include "base/base.h"

/*
 * What the head of a disk says. Decides from bytes; reads nothing itself.
 */
#define EXT4_HEAD ((size_t)1024 * 1024) /* bytes that a blank disk has zero */
#define EXT4_HEAD_LEAST 2048 /* of these, what ext4_look() has to be given */

enum ext4_kind {
	EXT4_BLANK, /* nothing but zeros */
	EXT4_IS, /* ext2, ext3 or ext4 */
	EXT4_OTHER /* something else is on it: never to be formatted */
};

struct ext4 {
	uint8_t uuid[16];
	char label[17];
	uint64_t blocks;
	uint32_t block_size; /* bytes */
	bool clean; /* or a journal says what is to be done */
	bool errors; /* the kernel has met something wrong in it */
};

/* *fs is filled in for EXT4_IS. len is at least EXT4_HEAD_LEAST. */
enum ext4_kind ext4_look(const uint8_t *head, size_t len, struct ext4 *fs);

/* Does root=UUID=TEXT, in any case of letters, mean this one? */
bool ext4_has_uuid(const struct ext4 *fs, const char *text);

#endif
