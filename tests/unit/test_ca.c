#include "host/ca.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/os.h"
#include "core/pem.h"
#include "tests/tap.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"
/* INTEGER 5 and INTEGER 6 in a SEQUENCE: all that is looked at. */
#define FIVE BEGIN "MAMCAQU=\n" END
#define SIX BEGIN "MAMCAQY=\n" END

static void
test_pem(void)
{
	static const struct {
		const char *text;
		enum pem first;
		const char *out;
	} rows[] = {
		{ "", PEM_END, "" },
		{ "nothing of it\n", PEM_END, "" },
		{ FIVE, PEM_CERTIFICATE, FIVE },
		{ "Subject: x\n" FIVE "more", PEM_CERTIFICATE, FIVE },
		{ "-----BEGIN CERTIFICATE-----\r\nMA MC\tAQ\nU=\r\n" END,
		    PEM_CERTIFICATE, FIVE },
		/* A key beside it stays where it is. */
		{ "-----BEGIN PRIVATE KEY-----\nMAMCAQY=\n"
		  "-----END PRIVATE KEY-----\n" FIVE,
		    PEM_CERTIFICATE, FIVE },
		{ "-----BEGIN PRIVATE KEY-----\nMAMCAQY=\n"
		  "-----END PRIVATE KEY-----\n",
		    PEM_END, "" },
		{ BEGIN "MAMCAQU=\n", PEM_BAD, "" },
		{ BEGIN "MAMCAQU=\n-----END CERTIFICATE----\n", PEM_BAD, "" },
		{ BEGIN END, PEM_BAD, "" },
		{ BEGIN "MAMCAQU\n" END, PEM_BAD, "" },
		{ BEGIN "MAMCAQ=U\n" END, PEM_BAD, "" },
		{ BEGIN "MAMCA===\n" END, PEM_BAD, "" },
		{ BEGIN "MAMC!QU=\n" END, PEM_BAD, "" },
		/* another tag; too short; too long; a length of no bytes */
		{ BEGIN "MQMCAQU=\n" END, PEM_BAD, "" },
		{ BEGIN "MAICAQU=\n" END, PEM_BAD, "" },
		{ BEGIN "MAQCAQU=\n" END, PEM_BAD, "" },
		{ BEGIN "MIACAQU=\n" END, PEM_BAD, "" },
		{ BEGIN "MAMCAQU=\n" BEGIN "MAMCAQU=\n" END, PEM_BAD, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf out = BUF_INIT;
		const char *at = rows[i].text;

		printf("# row %zu\n", i);
		CHECK(pem_next(&at, at + strlen(at), &out) == rows[i].first);
		CHECK_STR(out.s, rows[i].out);
	}
}

static void
test_long(void)
{
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf out = BUF_INIT;
	const char *at;

	/* 300 bytes: 30 82 01 28, and 296 of zeros. */
	buf_adds(&text, BEGIN "MIIBKAAA");
	for (size_t i = 8; i < 400; i++)
		buf_adds(&text, "A");
	buf_adds(&text, END);
	at = text.s;
	CHECK(pem_next(&at, text.s + text.len, &out) == PEM_CERTIFICATE);
	CHECK(*at == '\n' && at[1] == '\0');
	/* Lines of 64, so that its spelling makes no other image of it. */
	CHECK(out.s[sizeof(BEGIN) - 1 + 64] == '\n');
	CHECK(out.len == sizeof(BEGIN) - 1 + 400 + 7 + sizeof(END) - 1);

	buf_release(&text);
	text = (struct buf)BUF_INIT;
	buf_adds(&text, BEGIN);
	for (size_t i = 0; i <= PEM_MAX; i++)
		buf_adds(&text, "A");
	buf_adds(&text, "\n" END FIVE);
	at = text.s;
	CHECK(pem_next(&at, text.s + text.len, &out) == PEM_BAD);
	CHECK(pem_next(&at, text.s + text.len, &out) == PEM_CERTIFICATE);
	CHECK_STR(out.s, FIVE);
	CHECK(pem_next(&at, text.s + text.len, &out) == PEM_END);
}

static void
put(const char *dir, const char *name, const char *text)
{
	struct err e = ERR_INIT;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fs_replace(fd, name, text, strlen(text), 0644, &e) == 0);
	fd_close(fd);
}

/* What this directory gives: the certificates, or what is wrong. */
static void
collect(const char *dir, const char *want, const char *wrong)
{
	const char *const dirs[] = { "/nonexistent", dir, dir, NULL };
	cleanup(buf) struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	const int rc = ca_collect(dirs, &out, &e);

	CHECK(rc == (wrong ? -1 : 0));
	if (wrong)
		CHECK(strstr(e.msg, wrong) != NULL);
	else
		CHECK_STR(out.s, want);
	if (rc)
		printf("# %s\n", e.msg);
}

static void
test_collect(void)
{
	char dir[] = "/tmp/test_ca.XXXXXX";
	cleanup(buf) struct buf sub = BUF_INIT;
	cleanup(buf) struct buf big = BUF_INIT;
	struct err e = ERR_INIT;

	CHECK(mkdtemp(dir) != NULL);
	collect(dir, "", NULL);
	put(dir, "README", BEGIN "not looked at");
	put(dir, ".hidden.crt", BEGIN "not looked at");
	put(dir, "empty.crt", "");
	collect(dir, "", NULL);
	put(dir, "z.crt", "x\n" FIVE);
	collect(dir, FIVE, NULL);
	/* Each once, in the order of their bytes, from below too, and through
	 * links. */
	buf_addf(&sub, "%s/sub", dir);
	CHECK(mkdir(sub.s, 0755) == 0);
	put(sub.s, "a.pem", SIX FIVE);
	collect(dir, FIVE SIX, NULL);
	put(sub.s, "key.pem",
	    "-----BEGIN PRIVATE KEY-----\nMAMCAQY=\n"
	    "-----END PRIVATE KEY-----\n");
	collect(dir, FIVE SIX, NULL);
	put(sub.s, "cut.crt", BEGIN "MAMCAQU=\n");
	collect(dir, NULL, "sub/cut.crt has a certificate that is cut off");
	for (size_t i = 0; i <= CA_FILE_MAX; i++)
		buf_adds(&big, "\n");
	put(sub.s, "cut.crt", big.s);
	collect(dir, NULL, "is larger than 256 KiB");
	put(sub.s, "cut.crt", "");
	/* A loop of links has an end. */
	buf_adds(&sub, "/up.crt");
	CHECK(symlink("..", sub.s) == 0);
	collect(dir, NULL, "directories in directories");
	CHECK(unlink(sub.s) == 0);
	CHECK(symlink("nowhere", sub.s) == 0);
	collect(dir, FIVE SIX, NULL);
	CHECK(fs_remove_tree(AT_FDCWD, dir, &e) == 0);
}

static void
test_many(void)
{
	char dir[] = "/tmp/test_ca.XXXXXX";
	struct err e = ERR_INIT;

	CHECK(mkdtemp(dir) != NULL);
	/* collect() looks at everything twice */
	for (size_t i = 0; i < CA_FILES_MAX / 2 + 1; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%zu.crt", i);
		put(dir, name, "");
	}
	collect(dir, NULL, "more than 256 files");
	CHECK(fs_remove_tree(AT_FDCWD, dir, &e) == 0);
}

static void
test_step(void)
{
	cleanup(arena) struct arena *a = arena_new();
	const struct step *step = ca_step(FIVE SIX, a);

	CHECK(step->as == STEP_ROOT);
	CHECK(strstr(step->run, " <<'END'\n" FIVE "END\ncertificate ") != NULL);
	CHECK(strstr(step->run, " <<'END'\n" SIX "END\ntrust\n") != NULL);
}

/* Whatever this host has can be read. */
static void
test_host(void)
{
	cleanup(buf) struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	CHECK(ca_text(&out, &e) == 0);
	CHECK(os_ca_dirs() != NULL);
	printf("# %zu bytes\n", out.len);
}

int
main(void)
{
	test_pem();
	test_long();
	test_collect();
	test_many();
	test_step();
	test_host();
	return tap_end();
}
