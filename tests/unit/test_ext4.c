#include "base/base.h"

#include "guest/ext4.h"
#include "tests/tap.h"

/* A superblock as mke2fs writes it: byte offsets from 1024. */
static uint8_t disk[4096];

static void
fresh(void)
{
	memset(disk, 0, sizeof(disk));
	disk[1024 + 0x4] = 0x00; /* 0x00080000 blocks */
	disk[1024 + 0x6] = 0x08;
	disk[1024 + 0x18] = 2; /* of 4096 bytes */
	disk[1024 + 0x38] = 0x53;
	disk[1024 + 0x39] = 0xef;
	disk[1024 + 0x3a] = 1; /* clean */
	for (uint8_t i = 0; i < 16; i++)
		disk[1024 + 0x68 + i] = (uint8_t)(0xa0 + i);
	memcpy(disk + 1024 + 0x78, "sixteen-letters.and more", 16);
}

int
main(void)
{
	struct ext4 fs;

	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_BLANK);
	/* One byte anywhere, and it is not blank. */
	for (size_t i = 0; i < sizeof(disk); i += 137) {
		disk[i] = 1;
		CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_OTHER);
		disk[i] = 0;
	}
	disk[sizeof(disk) - 1] = 1;
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_OTHER);
	/* What could not be read is not taken for blank. */
	memset(disk, 0, sizeof(disk));
	CHECK(ext4_look(disk, 0, &fs) == EXT4_OTHER);
	CHECK(ext4_look(disk, EXT4_HEAD_LEAST - 1, &fs) == EXT4_OTHER);

	fresh();
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_IS);
	CHECK(fs.blocks == 0x80000 && fs.block_size == 4096);
	CHECK(fs.clean && !fs.errors);
	CHECK_STR(fs.label, "sixteen-letters.");
	CHECK(ext4_has_uuid(&fs, "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"));
	CHECK(ext4_has_uuid(&fs, "A0A1A2A3-A4A5-A6A7-A8A9-AAABACADAEAF"));
	CHECK(!ext4_has_uuid(&fs, "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeae"));
	CHECK(!ext4_has_uuid(&fs, "a0a1a2a3"));
	CHECK(!ext4_has_uuid(&fs, ""));
	CHECK(!ext4_has_uuid(&fs, "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf0"));

	disk[1024 + 0x3a] = 0; /* pulled out, no journal */
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_IS && !fs.clean);
	disk[1024 + 0x5c] = 4; /* with a journal */
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_IS && fs.clean);
	disk[1024 + 0x3a] = 3; /* the kernel has met an error */
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_IS && fs.errors);
	disk[1024 + 0x150] = 1; /* counts only in a 64 bit one */
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_IS);
	CHECK(fs.blocks == 0x80000);
	disk[1024 + 0x60] = 0x80;
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_IS);
	CHECK(fs.blocks == 0x100080000);
	disk[1024 + 0x18] = 7; /* no such size of blocks */
	CHECK(ext4_look(disk, sizeof(disk), &fs) == EXT4_OTHER);
	return tap_end();
}
