#include "base/base.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/fs.h"
#include "base/proc.h"
#include "base/utf8.h"
#include "host/paths.h"
#include "host/repo.h"
#include "tests/tap.h"

#define HEX "0123456789abcdef0123456789abcdef01234567"
#define READ "{\"version\":1,\"repository\":true,\"commit\":\"" HEX "\","
#define CHANGED                                                         \
	"\"changed\":{\"commit\":\"" HEX "\",\"name\":\"A\",\"email\":" \
	"\"a@b\",\"time\":0,\"offset\":-90}"
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A256 A50 A50 A50 A50 A50 "aaaaaa"

#define STRANGE "machine-git gave an answer that is not understood: "

/* Every answer that is not exactly what is agreed, and what is said of it. */
static const struct {
	const char *answer, *want;
} refused[] = {
	{ "", "machine-git: not valid JSON: line 1: '[' or '{' expected near "
	      "end of file" },
	{ "[]", STRANGE "version" },
	{ "{}", STRANGE "version" },
	{ "{\"version\":\"1\"}", STRANGE "version" },
	{ "{\"version\":2,\"repository\":false}", STRANGE "version" },
	{ "{\"version\":1.0,\"repository\":false}", STRANGE "version" },
	{ "{\"version\":1}", STRANGE "repository" },
	{ "{\"version\":1,\"repository\":0}", STRANGE "repository" },
	{ "{\"version\":1,\"error\":\"why\"}", "why" },
	{ "{\"version\":1,\"error\":\"\"}", STRANGE "error" },
	{ "{\"version\":1,\"error\":7}", STRANGE "error" },
	{ "{\"version\":1,\"error\":\"why\",\"repository\":true}", "why" },
	{ READ "\"state\":\"clean\"", "machine-git: not valid JSON: line 1: "
				      "'}' expected near end of file" },
	{ READ "\"state\":\"clean\"} {}", "machine-git: not valid JSON: line "
					  "1: end of file expected near '{'" },
	{ READ "\"x\":0}", STRANGE "state" },
	{ READ "\"state\":\"CLEAN\"}", STRANGE "state" },
	{ READ "\"state\":\"clean\",\"branch\":null}", STRANGE "branch" },
	{ READ "\"state\":\"clean\",\"branch\":\"" A256 "\"}",
	    STRANGE "branch" },
	{ READ "\"state\":\"clean\",\"changed\":null}", STRANGE "time" },
	{ READ "\"state\":\"clean\",\"changed\":[]}", STRANGE "time" },
	{ READ "\"state\":\"untracked\"," CHANGED "}", STRANGE "changed" },
	{ "{\"version\":1,\"repository\":true,\"state\":\"untracked\"}",
	    STRANGE "commit" },
	{ "{\"version\":1,\"repository\":true,\"branch\":\"b\","
	  "\"state\":\"clean\"}",
	    STRANGE "state" },
};

/* As JSON: neither 40 lower-case digits nor left out. */
static const char *const bad_commits[] = { "\"0123\"", "\"" HEX "0\"",
	"\"0123456789abcdef0123456789abcdef0123456G\"",
	"\"0123456789ABCDEF0123456789abcdef01234567\"", "\"\"", "1", "null" };

/* The one object in an answer that has several members. */
static const struct {
	const char *changed, *want;
} refused_changes[] = {
	{ "{}", STRANGE "time" },
	{ "{\"commit\":\"" HEX "\",\"name\":\"A\",\"time\":0,\"offset\":0}",
	    STRANGE "changed" },
	{ "{\"commit\":\"" HEX "\",\"email\":\"A\",\"time\":0,\"offset\":0}",
	    STRANGE "changed" },
	{ "{\"name\":\"A\",\"email\":\"\",\"time\":0,\"offset\":0}",
	    STRANGE "changed" },
	{ "{\"commit\":\"" HEX "\",\"name\":1}", STRANGE "name" },
	{ "{\"commit\":\"" HEX "\",\"name\":\"" A256 "\"}", STRANGE "name" },
	{ "{\"commit\":\"" HEX "\",\"name\":\"\",\"email\":\"" A256 "\"}",
	    STRANGE "email" },
	{ "{\"commit\":\"" HEX "\",\"name\":\"\",\"email\":{}}",
	    STRANGE "email" },
	{ "{\"time\":-1,\"offset\":0}", STRANGE "time" },
	{ "{\"time\":253402300800,\"offset\":0}", STRANGE "time" },
	{ "{\"time\":1e3,\"offset\":0}", STRANGE "time" },
	{ "{\"time\":0,\"offset\":1441}", STRANGE "offset" },
	{ "{\"time\":0,\"offset\":-1441}", STRANGE "offset" },
};

static void
check_refused(const char *answer, size_t len, const char *want)
{
	struct provenance p;
	struct err e = ERR_INIT;

	CHECK(provenance_parse(&p, answer, len, &e) == -1);
	CHECK_STR(e.msg, want);
	CHECK(!p.repository && !p.commit[0] && !p.changed_known);
}

static void
test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		check_refused(refused[i].answer, strlen(refused[i].answer),
		    refused[i].want);
	for (size_t i = 0; i < ARRAY_LEN(refused_changes); i++) {
		cleanup(buf) struct buf b = BUF_INIT;

		buf_addf(&b, READ "\"state\":\"clean\",\"changed\":%s}",
		    refused_changes[i].changed);
		check_refused(b.s, b.len, refused_changes[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_commits); i++) {
		cleanup(buf) struct buf b = BUF_INIT;

		buf_addf(&b,
		    "{\"version\":1,\"repository\":true,\"commit\":%s,"
		    "\"state\":\"clean\"}",
		    bad_commits[i]);
		check_refused(b.s, b.len, STRANGE "commit");
	}
	/* Never a half: NUL, ill-formed UTF-8, a key twice, much too deep. */
	for (int i = 0; i < 4; i++) {
		static const char *const parts[] = { "\\u0000", "\xff",
			"\",\"state\":\"clean\",\"branch\":\"", NULL };
		cleanup(buf) struct buf b = BUF_INIT;
		struct provenance p;
		struct err e = ERR_INIT;

		buf_addf(&b, READ "\"state\":\"clean\",\"branch\":\"%s\"",
		    parts[i] ? parts[i] : "");
		for (int n = 0; !parts[i] && n < 100000; n++)
			buf_adds(&b, n ? "[" : ",\"x\":[");
		CHECK(provenance_parse(&p, b.s, b.len, &e) == -1);
		CHECK(strncmp(e.msg, "machine-git: not valid JSON", 27) == 0);
	}
}

static void
test_accepted(void)
{
	static const char none[] = "{\"version\":1,\"repository\":false,"
				   "\"commit\":\"" HEX "\"}";
	static const char empty[] = "{\"version\":1,\"repository\":true,"
				    "\"branch\":\"main\",\"state\":"
				    "\"untracked\",\"more\":1}";
	static const char full[] = READ "\"branch\":\"\\u001b[2J\",\"state\":"
					"\"modified\"," CHANGED "}";
	struct provenance p;
	struct err e = ERR_INIT;

	CHECK(provenance_parse(&p, none, strlen(none), &e) == 0 &&
	      !p.repository && !p.commit[0]);
	CHECK(provenance_parse(&p, empty, strlen(empty), &e) == 0);
	CHECK(p.repository && !p.commit[0] && p.state == REPO_UNTRACKED);
	CHECK_STR(p.branch, "main");
	CHECK(provenance_parse(&p, full, strlen(full), &e) == 0);
	CHECK(p.repository && p.state == REPO_MODIFIED && p.changed_known);
	CHECK_STR(p.branch, "\033[2J");
	CHECK_STR(p.commit, HEX);
	CHECK_STR(p.changed, HEX);
	CHECK(strcmp(p.name, "A") == 0 && strcmp(p.email, "a@b") == 0);
	CHECK(p.time == 0 && p.offset == -90);
}

static const struct {
	const char *answer, *want; /* lines, or what is said */
	int rc;
} diffs[] = {
	{ "{\"version\":1,\"lines\":[],\"truncated\":false}", "", 0 },
	{ "{\"version\":1,\"lines\":[\"@@\",\" a\",\"-b\",\"+\\r\",\"\\\\ No\"]"
	  ",\"truncated\":true}",
	    "@@\n a\n-b\n+\r\n\\ No\n", 0 },
	{ "{\"version\":1,\"lines\":{},\"truncated\":false}", STRANGE "lines",
	    -1 },
	{ "{\"version\":1,\"lines\":null,\"truncated\":false}", STRANGE "lines",
	    -1 },
	{ "{\"version\":1,\"lines\":[\"\"],\"truncated\":false}",
	    STRANGE "lines", -1 },
	{ "{\"version\":1,\"lines\":[\"+a\",1],\"truncated\":false}",
	    STRANGE "lines", -1 },
	{ "{\"version\":1,\"lines\":[\"abc\"],\"truncated\":false}",
	    STRANGE "lines", -1 },
	{ "{\"version\":1,\"lines\":[\"+a\\n b\"],\"truncated\":false}",
	    STRANGE "lines", -1 },
	{ "{\"version\":1,\"lines\":[\"+a\"]}", STRANGE "truncated", -1 },
	{ "{\"version\":1,\"lines\":[\"+a\"],\"truncated\":0}",
	    STRANGE "truncated", -1 },
	{ "{\"version\":1,\"error\":\"no\"}", "no", -1 },
};

static void
test_diffs(void)
{
	cleanup(buf) struct buf many = BUF_INIT;
	cleanup(buf) struct buf lines = BUF_INIT;
	struct err e = ERR_INIT;
	bool truncated;

	for (size_t i = 0; i < ARRAY_LEN(diffs); i++) {
		cleanup(buf) struct buf got = BUF_INIT;
		int rc = diff_parse(&got, &truncated, diffs[i].answer,
		    strlen(diffs[i].answer), &e);

		CHECK(rc == diffs[i].rc);
		CHECK_STR(rc ? e.msg : got.s, diffs[i].want);
		CHECK(!rc || !got.len);
		CHECK(rc || truncated == (i == 1));
	}
	buf_adds(&many, "{\"version\":1,\"truncated\":false,\"lines\":[");
	for (int i = 0; i < REPO_LINES; i++)
		buf_adds(&many, "\"+\",");
	buf_adds(&many, "\"+\"]}");
	CHECK(diff_parse(&lines, &truncated, many.s, many.len, &e) == -1);
	CHECK_STR(e.msg, STRANGE "lines");
}

/* --- the program ----------------------------------------------------- */

static char dir[] = "/tmp/machine-test-XXXXXX";
static char *self, *program;

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
write_program(const char *path, const char *text)
{
	cleanup(fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* A machine-git that does not do what it should; %s is its path. */
static const struct {
	const char *script, *want;
} bad_programs[] = {
	{ "exec sleep 60", "%s did not answer within 2 s" },
	{ "exec >&-; exec sleep 60", "%s did not answer within 2 s" },
	{ "exec yes '{'", "%s printed more than it should" },
	/* asks for more than there is; asks without reading what it gets */
	{ "while :; do echo; done", "%s printed more than it should" },
	{ "head -c 60000 /dev/zero | tr '\\0' '\\n'",
	    "%s printed more than it should" },
	{ "kill -9 $$", "machine-git ended with status 137" },
	{ "kill -ALRM $$", "machine-git did not answer within 2 s" },
	{ "kill -XCPU $$", "machine-git did not answer within 2 s" },
	{ "echo '{\"version\":1,\"repository\":false}'; exit 2",
	    "machine-git ended with status 2" },
	{ ":", "machine-git: not valid JSON: line 1: '[' or '{' expected near "
	       "end of file" },
	{ "echo '{\"version\":1,\"error\":\"so\"}'; exit 1", "so" },
	/* two names of the environment, and no other descriptor */
	{ "test $(env -u PWD -u SHLVL -u _ -u OLDPWD env | wc -l) = 2 || "
	  "exit 7; test $(ls /dev/fd | wc -l) = 4 || exit 8; exit 9",
	    "machine-git ended with status 9" },
};

static void
test_bad_programs(void)
{
	static char big[300000];
	struct provenance p;
	struct err e = ERR_INIT;

	memset(big, 'x', sizeof(big));
	CHECK(repo_provenance(self, "/", "M", "", 0, &p, &e) == -1);
	CHECK_STR(e.msg, "machine-git is not installed");
	CHECK(repo_provenance("/nonexistent/m", "/", "M", "", 0, &p, &e) == -1);
	CHECK(
	    repo_provenance(self, "/", "M", big, (1 << 20) + 1, &p, &e) == -1);
	CHECK_STR(e.msg, "the text is larger than 1024 KiB");
	for (size_t i = 0; i < ARRAY_LEN(bad_programs); i++) {
		cleanup(buf) struct buf script = BUF_INIT;
		cleanup(buf) struct buf want = BUF_INIT;
		const char *fmt = bad_programs[i].want;
		int64_t began = now_ms();

		buf_addf(&script, "#!/bin/sh\n%s\n", bad_programs[i].script);
		write_program(program, script.s);
		buf_addf(&want, "%s%s", fmt[0] == '%' ? program : "",
		    fmt + (fmt[0] == '%' ? 2 : 0));
		CHECK(repo_provenance(
			  self, "/", "M", big, sizeof(big), &p, &e) == -1);
		CHECK_STR(e.msg, want.s);
		CHECK(now_ms() - began < 2500 && !p.repository);
	}
	CHECK(unlink(program) == 0);
}

static void
test_places(void)
{
	static const char answer[] = "#!/bin/sh\n"
				     "echo '{\"version\":1,\"repository\":"
				     "false}'\n";
	cleanup(str) char *bin = path_join(dir, "bin");
	cleanup(str) char *exec = path_join(dir, "libexec");
	cleanup(str) char *ours = path_join(exec, "machine");
	cleanup(str) char *there = path_join(bin, "machine");
	cleanup(str) char *link = path_join(dir, "link");
	struct provenance p;
	struct err e = ERR_INIT;

	CHECK(mkdir(bin, 0700) == 0 && mkdir(exec, 0700) == 0 &&
	      mkdir(ours, 0700) == 0);
	free(program);
	program = path_join(ours, "machine-git");
	write_program(program, answer);
	write_program(there, "");
	CHECK(repo_provenance(there, "/", "M", "", 0, &p, &e) == 0);
	/* from where we really are, not from where we are called */
	CHECK(symlink(there, link) == 0);
	CHECK(repo_provenance(link, "/", "M", "", 0, &p, &e) == 0);
	CHECK(chmod(program, 0600) == 0);
	CHECK(repo_provenance(there, "/", "M", "", 0, &p, &e) == -1);
	CHECK_STR(e.msg, "machine-git is not installed");
}

/* The real one, beside this test: what goes in comes out, at any size. */
static void
test_real(const char *argv0)
{
	static const char old[] = "a\nb\nc\nd\ne\nf\n\x1b[2J\xff\0\r\n";
	static const char new[] = "a\nb\nc\nd\nE\nf\n\x1b[2J\xff\0\r";
	static const char want[] =
	    "@@ -2,6 +2,6 @@\n b\n c\n d\n-e\n+E\n f\n"
	    "-\x1b[2J\\xff\\x00\r\n+\x1b[2J\\xff\\x00\r\n"
	    "\\ No newline at end of file\n";
	static const size_t sizes[] = { 0, 1, 4090, 4091, 4092, 4096, 8192,
		65536, 256 << 10, 1 << 20 };
	struct err e = ERR_INIT;
	struct provenance p;
	cleanup(buf) struct buf all = BUF_INIT;
	bool truncated = true;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		cleanup(buf) struct buf lines = BUF_INIT;
		cleanup(str) char *text = xcalloc(1, sizes[i] + 1);
		int rc;

		memset(text, 'x', sizes[i]);
		rc = repo_provenance(argv0, "/", "M", text, sizes[i], &p, &e);
		CHECK(rc == 0 && !p.repository);
		rc = repo_diff(argv0, text, sizes[i], text, sizes[i], &lines,
		    &truncated, &e);
		CHECK(rc == 0 && !truncated && lines.len == 0);
		rc = repo_diff(
		    argv0, "", 0, text, sizes[i], &lines, &truncated, &e);
		CHECK(rc == 0 && (truncated || lines.len >= sizes[i]));
		CHECK(truncated == (sizes[i] == 1 << 20));
	}
	CHECK(repo_diff(argv0, old, sizeof(old) - 1, new, sizeof(new) - 1, &all,
		  &truncated, &e) == 0);
	CHECK_STR(all.s, want);
	CHECK(utf8_valid(all.s, all.len) && !truncated);
	for (int i = 1999; i < 2001; i++) {
		cleanup(buf) struct buf lines = BUF_INIT;
		cleanup(buf) struct buf text = BUF_INIT;

		for (int n = 0; n < i; n++)
			buf_adds(&text, "\n");
		CHECK(repo_diff(argv0, "", 0, text.s, text.len, &lines,
			  &truncated, &e) == 0);
		CHECK(truncated == (i == 2000) &&
		      lines.len == strlen("@@ -0,0 +1,1999 @@\n") + 1999 * 2);
	}
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	(void)argc;
	proc_init();
	test_refused();
	test_accepted();
	test_diffs();
	CHECK(mkdtemp(dir) != NULL);
	self = path_join(dir, "machine");
	program = path_join(dir, "machine-git");
	write_program(self, "");
	test_bad_programs();
	test_places();
	test_real(argv[0]);
	CHECK(fs_remove_tree(AT_FDCWD, dir, &e) == 0);
	free(self);
	free(program);
	return tap_end();
}
