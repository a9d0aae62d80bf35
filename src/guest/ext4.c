#include "guest/ext4.h"

/* The superblock begins at byte 1024; fields are little endian. */
#define SUPER 1024
#define MAGIC 0xef53
#define STATE_CLEAN 1
#define STATE_ERRORS 2
#define COMPAT_JOURNAL 0x4
#define INCOMPAT_64BIT 0x80

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static uint32_t
le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

enum ext4_kind
ext4_look(const uint8_t *head, size_t len, struct ext4 *fs)
{
	const uint8_t *super = head + SUPER;
	uint32_t log;

	*fs = (struct ext4){ .blocks = 0 };
	if (len < EXT4_HEAD_LEAST)
		return EXT4_OTHER;
	log = le32(super + 0x18);
	if (le16(super + 0x38) != MAGIC || log > 6)
		return is_zero(head, len) ? EXT4_BLANK : EXT4_OTHER;
	memcpy(fs->uuid, super + 0x68, sizeof(fs->uuid));
	memcpy(fs->label, super + 0x78, 16);
	fs->block_size = (uint32_t)1024 << log;
	fs->blocks = le32(super + 0x4);
	if (le32(super + 0x60) & INCOMPAT_64BIT)
		fs->blocks |= (uint64_t)le32(super + 0x150) << 32;
	/* With a journal, mounting puts right what a crash has left. */
	fs->clean = (le16(super + 0x3a) & STATE_CLEAN) ||
		    (le32(super + 0x5c) & COMPAT_JOURNAL);
	fs->errors = le16(super + 0x3a) & STATE_ERRORS;
	return EXT4_IS;
}

bool
ext4_has_uuid(const struct ext4 *fs, const char *text)
{
	char own[37], *to = own;

	for (size_t i = 0; i < sizeof(fs->uuid); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		(void)snprintf(to, 3, "%02x", fs->uuid[i]);
		to += 2;
	}
	for (to = own; *to && *text; to++, text++) {
		char ch = *text >= 'A' && *text <= 'F'
			      ? (char)(*text - 'A' + 'a')
			      : *text;

		if (ch != *to)
			return false;
	}
	return !*to && !*text;
}
