#include "base/base.h"

#include "tests/tap.h"
#include "wire/bootconf.h"

static const struct {
	const char *text, *why;
} rows[] = {
	{ "machine 1\n", "" },
	{ "machine 1\nvolume vdb /data\nvolume vdc /a%20b%25%7F\n"
	  "bind /data x/y /home/u/p/node_modules\nports 16\ndelay 1500\n",
	    "" },
	{ "", "machine.conf: empty" },
	{ "machine 1", "machine.conf:1: cut off" },
	{ "machine 2\n", "machine.conf:1: not of version 1" },
	{ "machine 1\nmachine 1\n",
	    "machine.conf:2: machine in the wrong place" },
	{ "ports 1\n", "machine.conf:1: ports in the wrong place" },
	{ "machine 1\n\n", "machine.conf:2: not understood" },
	{ "machine 1\nports  1\n", "machine.conf:2: not understood" },
	{ "machine 1\nports 1 \n", "machine.conf:2: not understood" },
	{ "machine 1\nports 1 2\n", "machine.conf:2: not understood" },
	{ "machine 1\nports\n", "machine.conf:2: not understood" },
	{ "machine 1\nlights on\n", "machine.conf:2: not understood" },
	{ "machine 1\na b c d e\n", "machine.conf:2: not understood" },
	{ "machine 1\nports 0\n", "machine.conf:2: ports is not from 1 to 30" },
	{ "machine 1\nports 31\n",
	    "machine.conf:2: ports is not from 1 to 30" },
	{ "machine 1\nports 01\n",
	    "machine.conf:2: ports is not from 1 to 30" },
	{ "machine 1\nports -1\n",
	    "machine.conf:2: ports is not from 1 to 30" },
	{ "machine 1\ndelay 60001\n",
	    "machine.conf:2: delay is not from 1 to 60000" },
	{ "machine 1\ndelay 1\nports 1\n",
	    "machine.conf:3: ports in the wrong place" },
	{ "machine 1\nports 1\nports 1\n",
	    "machine.conf:3: ports in the wrong place" },
	{ "machine 1\nvolume vda /data\n",
	    "machine.conf:2: vda is not one of vdb to vdz" },
	{ "machine 1\nvolume vdb1 /data\n",
	    "machine.conf:2: vdb1 is not one of vdb to vdz" },
	{ "machine 1\nvolume vdb data\n",
	    "machine.conf:2: data is not a directory's full path" },
	{ "machine 1\nvolume vdb /\n",
	    "machine.conf:2: / is not a directory's full path" },
	{ "machine 1\nvolume vdb /a//b\n",
	    "machine.conf:2: /a//b is not a directory's full path" },
	{ "machine 1\nvolume vdb /a/../b\n",
	    "machine.conf:2: /a/../b is not a directory's full path" },
	{ "machine 1\nvolume vdb /a/\n",
	    "machine.conf:2: /a/ is not a directory's full path" },
	{ "machine 1\nvolume vdb /a\nvolume vdb /b\n",
	    "machine.conf:3: vdb has two directories" },
	{ "machine 1\nvolume vdb /a\nvolume vdc /a\n",
	    "machine.conf:3: /a has two volumes" },
	{ "machine 1\nvolume vdb /a%2Fb\n", "machine.conf:2: not understood" },
	{ "machine 1\nvolume vdb /a%0ab\n", "machine.conf:2: not understood" },
	{ "machine 1\nvolume vdb /a%00b\n", "machine.conf:2: not understood" },
	{ "machine 1\nvolume vdb /a%2\n", "machine.conf:2: not understood" },
	{ "machine 1\nvolume vdb /a\tb\n", "machine.conf:2: not understood" },
	{ "machine 1\nbind /a b /c\n", "machine.conf:2: no volume is at /a" },
	{ "machine 1\nvolume vdb /a\nbind /a /b /c\n",
	    "machine.conf:3: /b is not a relative path" },
	{ "machine 1\nvolume vdb /a\nbind /a ../b /c\n",
	    "machine.conf:3: ../b is not a relative path" },
	{ "machine 1\nvolume vdb /a\nbind /a b c\n",
	    "machine.conf:3: c is not a directory's full path" },
	{ "machine 1\nvolume vdb /a\nbind /a b ~/.c\nbind /a b ~/d/e\n", "" },
	{ "machine 1\nvolume vdb /a\nbind /a b ~\n",
	    "machine.conf:3: ~ is not a directory's full path" },
	{ "machine 1\nvolume vdb /a\nbind /a b ~/\n",
	    "machine.conf:3: ~/ is not a directory's full path" },
	{ "machine 1\nvolume vdb /a\nbind /a b ~/../root\n",
	    "machine.conf:3: ~/../root is not a directory's full path" },
	{ "machine 1\nvolume vdb /a\nbind /a b ~u/c\n",
	    "machine.conf:3: ~u/c is not a directory's full path" },
	{ "machine 1\nvolume vdb ~/a\n",
	    "machine.conf:2: ~/a is not a directory's full path" },
	{ "machine 1\nvolume vdb /a\nbind /a b /c\nbind /a d /c\n",
	    "machine.conf:4: /c is bound twice" },
};

static void
written(void)
{
	cleanup(bootconf) struct bootconf c = BOOTCONF_INIT;
	cleanup(bootconf) struct bootconf back = BOOTCONF_INIT;
	cleanup(buf) struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	bootconf_add_volume(&c, "vdb", "/var/lib/machine/volumes/_private");
	bootconf_add_bind(&c, "/var/lib/machine/volumes/_private", "n m",
	    "/home/u/\n%\x7f\xc3\xa4");
	c.ports = 16;
	c.delay_ms = 1500;
	CHECK(bootconf_write(&c, &out, &e) == 0);
	CHECK_STR(out.s, "machine 1\n"
			 "volume vdb /var/lib/machine/volumes/_private\n"
			 "bind /var/lib/machine/volumes/_private n%20m "
			 "/home/u/%0A%25%7F\xc3\xa4\n"
			 "ports 16\ndelay 1500\n");
	CHECK(bootconf_parse(out.s, out.len, &back, &e) == 0);
	CHECK(back.binds_len == 1 && back.volumes_len == 1);
	CHECK_STR(back.binds[0].target, c.binds[0].target);
	CHECK_STR(back.binds[0].subdir, "n m");
	CHECK(back.ports == 16 && back.delay_ms == 1500);

	/* The writer refuses what the parser would. */
	bootconf_add_bind(&c, "/nowhere", "x", "/y");
	CHECK(bootconf_write(&c, &out, &e) == -1);
	CHECK_STR(e.msg, "bind: no volume is at /nowhere");
}

static void
limits(void)
{
	cleanup(bootconf) struct bootconf many = BOOTCONF_INIT;
	cleanup(bootconf) struct bootconf large = BOOTCONF_INIT;
	cleanup(bootconf) struct bootconf unused = BOOTCONF_INIT;
	cleanup(str) char *text = xcalloc(BOOTCONF_MAX + 2, 1);
	cleanup(buf) struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	char device[] = "vd?", at[] = "/?";

	for (char ch = 'b'; ch < 'b' + BOOTCONF_VOLUMES_MAX + 1; ch++) {
		device[2] = at[1] = ch;
		bootconf_add_volume(&many, device, at);
	}
	CHECK(bootconf_write(&many, &out, &e) == -1);
	CHECK_STR(e.msg, "volume: more than 18 volumes");

	bootconf_add_volume(&large, "vdb", "/a");
	for (size_t i = 0; i < BOOTCONF_BINDS_MAX; i++) {
		char target[BOOTCONF_PATH_MAX];

		memset(target, 'x', sizeof(target));
		for (size_t k = 0; k < sizeof(target); k += 200)
			target[k] = '/';
		(void)snprintf(target + sizeof(target) - 8, 8, "%zu", i);
		bootconf_add_bind(&large, "/a", "b", target);
	}
	CHECK(bootconf_write(&large, &out, &e) == -1);
	CHECK_STR(e.msg, "more than 65536 bytes of volumes");

	memset(text, 'x', BOOTCONF_MAX + 1);
	CHECK(bootconf_parse(text, BOOTCONF_MAX + 1, &unused, &e) == -1);
	CHECK_STR(e.msg, "machine.conf: larger than 65536 bytes");
	/* A NUL is no end of the text. */
	CHECK(bootconf_parse("machine 1\n\0\n", 12, &unused, &e) == -1);
	CHECK_STR(e.msg, "machine.conf:2: not understood");
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(bootconf) struct bootconf c = BOOTCONF_INIT;
		cleanup(buf) struct buf again = BUF_INIT;
		struct err e = ERR_INIT;
		int rc = bootconf_parse(
		    rows[i].text, strlen(rows[i].text), &c, &e);

		CHECK(!rc == !rows[i].why[0]);
		CHECK_STR(rc ? e.msg : "", rows[i].why);
		if (rc)
			continue;
		CHECK(bootconf_write(&c, &again, &e) == 0);
		CHECK_STR(again.s, rows[i].text);
	}
	written();
	limits();
	return tap_end();
}
