#include "base/base.h"

#include <fcntl.h>

#include "core/reading.h"
#include "host/qemuimg.h"
#include "host/volume.h"
#include "tests/tap.h"

#define START "{\"version\":1,\"project\":\"/p\",\"name\":\"a\","

/* volume.json: each way to be no record of ours, and what is said of it. */
static const struct {
	const char *text, *want;
} records[] = {
	{ START "\"size\":1,\"created\":0}", "" },
	{ START "\"size\":1,\"created\":0,\"more\":[]}", "" },
	{ "", "volume.json: not valid JSON: line 1: '[' or '{' expected near "
	      "end of file" },
	{ "[]", "volume.json is of another version of machine" },
	{ "{\"version\":2}", "volume.json is of another version of machine" },
	{ "{\"version\":\"1\"}",
	    "volume.json is of another version of machine" },
	{ "{\"version\":1}", "volume.json is not complete" },
	{ START "\"size\":1}", "volume.json is not complete" },
	{ START "\"created\":1}", "volume.json is not complete" },
	{ START "\"size\":0,\"created\":0}", "volume.json is not complete" },
	{ START "\"size\":-1,\"created\":0}", "volume.json is not complete" },
	{ START "\"size\":\"1\",\"created\":0}",
	    "volume.json is not complete" },
	{ "{\"version\":1,\"project\":\"p\",\"name\":\"a\",\"size\":1,"
	  "\"created\":0}",
	    "volume.json is not complete" },
	{ "{\"version\":1,\"project\":\"/p\",\"name\":\"\",\"size\":1,"
	  "\"created\":0}",
	    "volume.json is not complete" },
};

static void
test_records(void)
{
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		cleanup(volume_record) struct volume_record r = { .size = 0 };
		struct err e = ERR_INIT;
		int rc = volume_record_parse(
		    &r, records[i].text, strlen(records[i].text), &e);

		CHECK(rc == (*records[i].want ? -1 : 0));
		CHECK_STR(e.msg, records[i].want);
		if (!rc) {
			CHECK_STR(r.root, "/p");
			CHECK_STR(r.name, "a");
			CHECK(r.size == 1);
		}
	}
}

static void
test_qcow2(void)
{
	unsigned char h[104] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 3 };
	char path[] = "/tmp/machine-test-XXXXXX";
	cleanup(fd) int fd = mkstemp(path);
	struct qcow2 q;

	CHECK(fd >= 0 && unlink(path) == 0);
	CHECK(!qcow2_read(&q, fd));
	h[24] = 1;
	h[31] = 2;
	CHECK(pwrite(fd, h, sizeof(h), 0) == sizeof(h));
	CHECK(qcow2_read(&q, fd) && !q.backed);
	CHECK(q.size == ((UINT64_C(1) << 56) | 2));
	h[8] = 1;
	CHECK(pwrite(fd, h, sizeof(h), 0) == sizeof(h));
	CHECK(qcow2_read(&q, fd) && q.backed && !q.outside);
	h[79] = 4; /* docs/interop/qcow2.txt: an external data file */
	CHECK(pwrite(fd, h, sizeof(h), 0) == sizeof(h));
	CHECK(qcow2_read(&q, fd) && q.outside);
	h[7] = 2; /* version 2 has no such field */
	CHECK(pwrite(fd, h, sizeof(h), 0) == sizeof(h));
	CHECK(qcow2_read(&q, fd) && !q.outside);
	CHECK(ftruncate(fd, 79) == 0 && !qcow2_read(&q, fd));
	h[3] = 0;
	CHECK(pwrite(fd, h, sizeof(h), 0) == sizeof(h));
	CHECK(!qcow2_read(&q, fd));
}

static void
test_sizes(void)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} sizes[] = { { 0, "0B" }, { 1023, "1023B" }, { 1024, "1.0KiB" },
		{ 4096, "4.0KiB" }, { 10239, "9.9KiB" }, { 10240, "10KiB" },
		{ 1048575, "1023KiB" }, { 1048576, "1.0MiB" },
		{ UINT64_C(10) << 30, "10GiB" },
		{ UINT64_C(3) << 39, "1.5TiB" },
		{ UINT64_C(1) << 60, "1048576TiB" },
		{ UINT64_MAX, "1677721TiB" } };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		CHECK_STR(size_about(sizes[i].bytes).s, sizes[i].want);
}

/* What the guest is told is what was decided, and it can be written. */
static void
test_bootconf(void)
{
	static const struct limits limits = { .cpus = 2,
		.memory = UINT64_C(4) << 30 };
	cleanup(arena) struct arena *a = arena_new();
	cleanup(bootconf) struct bootconf c = BOOTCONF_INIT;
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf out = BUF_INIT;
	struct diags d = { .count = 0 };
	struct err e = ERR_INIT;
	struct storage s;
	cleanup(machinefile) struct machinefile *mf = NULL;

	buf_adds(&text, "tools: [claude-code]\nworkspace: {private: [a b/c]}\n"
			"volumes:\n");
	for (int i = 0; i < MACHINEFILE_VOLUMES_MAX; i++)
		buf_addf(&text, " n%c: /v%d\n", 'a' + i, i);
	mf = machinefile_parse(text.s, text.len, &limits, &d);
	CHECK(mf && !storage_make(&s, mf, "/p q", "12", a, &e));
	volume_bootconf(&s, &c);
	CHECK(bootconf_write(&c, &out, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK_STR(strstr(out.s, "volume vdr"),
	    "volume vdr /var/lib/machine/volumes/private\n"
	    "volume vds /var/lib/machine/volumes/agents\n"
	    "bind /var/lib/machine/volumes/private a%20b,c /p%20q/a%20b/c\n"
	    "bind /var/lib/machine/volumes/agents claude-code ~/.claude\n");
	CHECK(strstr(out.s, "machine 1\nvolume vdb /v0\n") == out.s);
}

int
main(void)
{
	test_records();
	test_qcow2();
	test_sizes();
	test_bootconf();
	return tap_end();
}
