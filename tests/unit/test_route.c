/*
 * The table of HOOKS.md section 4, row by row and shell by shell, and the lines
 * that only look as if they were on it.
 */
#include "core/route.h"

#include "tests/tap.h"

#define Z (1u << SHELL_ZSH)
#define B (1u << SHELL_BASH)
#define F (1u << SHELL_FISH)
#define ALL (Z | B | F)

static const char *const users[] = { "deploy", "gh", NULL };

static struct route_query
query(const char *line, enum route_shell shell)
{
	return (struct route_query){ .typed = line,
		.cwd = "/w/proj/sub",
		.root = "/w/proj",
		.home = "/home/u",
		.oldpwd = "/w/old",
		.shell = shell,
		.host_commands = users };
}

/* The line becomes the name of the test: on one line, without a comment. */
static void
check(const struct route_query *q, enum route want, const char *what)
{
	static const char *const names[] = { "guest", "host", "leave" };
	static const char *const shells[] = { "zsh", "bash", "fish" };
	cleanup(buf) struct buf dir = BUF_INIT;
	cleanup(buf) struct buf name = BUF_INIT;
	enum route got = route(q, &dir);

	buf_addf(&name, "%s, %s: %s", shells[q->shell], names[want], what);
	for (size_t i = 0; i < name.len; i++)
		if (strchr("\n\r#\\", name.s[i]))
			name.s[i] = '_';
	tap_report(got == want, __FILE__, __LINE__, name.s);
	if (got != want)
		printf("# got %s\n", names[got]);
}

/* The shells in which the line is the host's; in the others it is not. */
static const struct {
	const char *line;
	unsigned host;
} lines[] = {
	/* @host REST: whatever REST is */
	{ "@host", ALL },
	{ "@host make; rm -rf x | tee $(y)", ALL },
	{ " @host make", ALL },
	{ "@hostx make", 0 },
	{ "echo @host make", 0 },
	{ "@host\tmake", 0 },
	/* history into a filter */
	{ "history | grep git", ALL },
	{ "history 20 | grep -i 'a.*b' | tail -3", ALL },
	{ "history|less", ALL },
	{ "history | grep x > f", 0 },
	{ "history | grep $x", 0 },
	{ "history | grep x; touch y", 0 },
	{ "history | xargs rm", 0 },
	{ "history | cat | sh", 0 },
	{ "history || make", 0 },
	{ "history |", 0 },
	{ "history x | cat", 0 },
	{ "historyx | cat", 0 },
	{ "history | grep *", 0 },
	{ "history | grep '*' [a]", 0 },
	{ "history | grep \\'*\\'", 0 },
	{ "history | sort -rn -k2 | uniq -c | less -R", ALL },
	{ "history | sort -o f", 0 },
	{ "history | sort -ro f", 0 },
	{ "history | sort --output f", 0 },
	{ "history | sort --compress-program x", 0 },
	{ "history | sort '-o' f", 0 },
	{ "history | sort -'o' f", 0 },
	{ "history | uniq - f", 0 },
	{ "history | cat | uniq - f | cat", 0 },
	{ "history | less -o f", 0 },
	{ "history | less -kf", 0 },
	{ "history | less +!x", 0 },
	/* a separator, wherever it stands */
	{ "cd sub; make", 0 },
	{ "cd sub && make", 0 },
	{ "cd 'a;b'", 0 },
	{ "cd \"a|b\"", 0 },
	{ "cd a\\&b", 0 },
	{ "cd `x`", 0 },
	{ "cd $(x)", 0 },
	{ "cd (x)", 0 },
	{ "cd <(x)", 0 },
	{ "cd {a,b}", 0 },
	{ "cd x > y", 0 },
	{ "cd x\nmake", 0 },
	{ "cd x\\\n", 0 },
	{ "clear; make", 0 },
	{ "exit & make", 0 },
	/* one simple command that moves the shell or ends it */
	{ "cd", ALL },
	{ "cd sub", ALL },
	{ "  cd\tsub", ALL },
	{ "cd 'a b' # here", ALL },
	{ "cd ../..", ALL },
	{ "cd -", ALL },
	{ "chdir x", Z },
	{ "pushd x", ALL },
	{ "popd", ALL },
	{ "dirs -v", ALL },
	{ "prevd", F },
	{ "nextd 2", F },
	{ "cdh", F },
	{ "dirh", F },
	{ "z proj", ALL },
	{ "zi", ALL },
	{ "j x", ALL },
	{ "machine status", ALL },
	{ "exit", ALL },
	{ "exit 3", ALL },
	{ "logout", Z | B },
	{ "bye", Z },
	{ "clear", ALL },
	{ "history", ALL },
	{ "history 20", ALL },
	{ "history -c", ALL },
	{ "history -w f", F },
	{ "history -a", F },
	{ "history -r f", F },
	{ "history -n", F },
	{ "history -s x", F },
	{ "history -p x", F },
	{ "history -W f", F },
	{ "history -cw f", F },
	{ "deploy now", ALL },
	{ "gh", ALL },
	/* not quite the words */
	{ "cdx", 0 },
	{ "c'd' x", 0 },
	{ "\\cd x", 0 },
	{ "'cd' x", 0 },
	{ "FOO=1 cd x", 0 },
	{ "command cd x", 0 },
	{ "builtin cd x", 0 },
	{ "time cd x", 0 },
	{ "! cd x", 0 },
	{ "cd\rx", 0 },
	{ "deploys", 0 },
	{ "make", 0 },
	{ "", 0 },
	{ "   ", 0 },
	/* jobs, while the host shell has none */
	{ "fg", 0 },
	{ "jobs", 0 },
	{ "kill %1", 0 },
};

static void
test_lines(void)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		for (int sh = SHELL_ZSH; sh <= SHELL_FISH; sh++) {
			struct route_query q = query(
			    lines[i].line, (enum route_shell)sh);

			check(&q,
			    lines[i].host >> sh & 1 ? ROUTE_HOST : ROUTE_GUEST,
			    lines[i].line);
		}
}

/* Only while the host shell has jobs of its own. */
static const struct {
	const char *line;
	enum route want;
} job_lines[] = {
	{ "fg", ROUTE_HOST },
	{ "bg %2", ROUTE_HOST },
	{ "jobs -l", ROUTE_HOST },
	{ "disown", ROUTE_HOST },
	{ "wait", ROUTE_HOST },
	{ "kill -9 %1", ROUTE_HOST },
	{ "kill 123", ROUTE_GUEST },
	{ "kill %1 *", ROUTE_GUEST },
	{ "jobs -x touch f", ROUTE_GUEST },
	{ "jobs; make", ROUTE_GUEST },
	{ "fg | cat", ROUTE_GUEST },
	{ "fgx", ROUTE_GUEST },
	{ "make", ROUTE_GUEST },
};

static void
test_jobs(void)
{
	for (size_t i = 0; i < ARRAY_LEN(job_lines); i++)
		for (int sh = SHELL_ZSH; sh <= SHELL_FISH; sh++) {
			struct route_query q = query(
			    job_lines[i].line, (enum route_shell)sh);

			q.jobs = true;
			check(&q, job_lines[i].want, job_lines[i].line);
		}
}

/* `cd DIR && REST`: `dir` is where it leads, or NULL if that is not outside. */
static const struct {
	const char *line, *dir;
	unsigned shells;
} leaving[] = {
	{ "cd ../.. && make", "/w/proj/sub/../..", ALL },
	{ "cd ../..; make", "/w/proj/sub/../..", ALL },
	{ "cd ../..\nmake", "/w/proj/sub/../..", ALL },
	{ " cd  /tmp  &&  make | tee x", "/tmp", ALL },
	{ "cd /tmp; and make", "/tmp", ALL },
	{ "cd && make", "/home/u", ALL },
	{ "cd; make", "/home/u", ALL },
	{ "cd ~ && make", "/home/u", ALL },
	{ "cd ~/x && make", "/home/u/x", ALL },
	{ "cd - && make", "/w/old", Z | B },
	{ "cd /w/project2 && make", "/w/project2", ALL },
	{ "pushd /tmp && make", "/tmp", ALL },
	{ "cd .. && make", NULL, ALL },
	{ "cd /w/proj && make", NULL, ALL },
	{ "cd ../../proj/x && make", NULL, ALL },
	{ "cd ../.. || make", NULL, ALL },
	{ "cd ../.. | make", NULL, ALL },
	{ "cd ../.. & make", NULL, ALL },
	{ "cd ../.. > x; make", NULL, ALL },
	{ "cd $X && make", NULL, ALL },
	{ "cd '../..' && make", NULL, ALL },
	{ "cd ../../* && make", NULL, ALL },
	{ "cd ../../a b && make", NULL, ALL },
	{ "cdx ../.. && make", NULL, ALL },
	{ "z ../.. && make", NULL, ALL },
	{ "popd && make", NULL, ALL },
	{ "pushd && make", NULL, ALL },
	{ "pushd - && make", NULL, ALL },
	/* options, the directory stack, other homes, patterns of zsh */
	{ "cd -/../../.. && make", NULL, ALL },
	{ "cd -P && make", NULL, ALL },
	{ "cd +1/../../../.. && make", NULL, ALL },
	{ "cd ~root/../../../../.. && make", NULL, ALL },
	{ "cd ../../a~b && make", NULL, ALL },
};

static void
test_leaving(void)
{
	for (size_t i = 0; i < ARRAY_LEN(leaving); i++)
		for (int sh = SHELL_ZSH; sh <= SHELL_FISH; sh++) {
			struct route_query q = query(
			    leaving[i].line, (enum route_shell)sh);
			cleanup(buf) struct buf dir = BUF_INIT;
			bool leave = leaving[i].dir &&
				     leaving[i].shells >> sh & 1;

			check(&q, leave ? ROUTE_LEAVE : ROUTE_GUEST,
			    leaving[i].line);
			if (leave && route(&q, &dir) == ROUTE_LEAVE)
				CHECK_STR(dir.s, leaving[i].dir);
		}
}

/* What the shell makes of the line counts as much as what was typed. */
static void
test_expanded(void)
{
	struct route_query q = query("..", SHELL_ZSH);

	q.expanded = "cd ..";
	check(&q, ROUTE_HOST, "an alias for cd");
	q.expanded = "cd ..; make";
	check(&q, ROUTE_GUEST, "an alias with two commands");
	q.typed = "cd a;b";
	q.expanded = "cd x";
	check(&q, ROUTE_GUEST, "a separator in what was typed");
	q.typed = "cd ../.. && make";
	q.expanded = "z ../.. && make";
	check(&q, ROUTE_GUEST, "cd is an alias for something else");
	q.expanded = "cd ../..\nmake";
	check(&q, ROUTE_LEAVE, "zsh writes ; as a newline");
	q.typed = "deploy now";
	q.expanded = "sh -x deploy now";
	check(&q, ROUTE_HOST, "a word of the user's that is an alias");
	q.expanded = "sh -x deploy now | tee log";
	check(&q, ROUTE_GUEST, "the same with two commands");
	q.typed = "redeploy";
	q.expanded = "sh deploy";
	check(&q, ROUTE_GUEST, "a host word that is not the first");
	q.typed = "h | tail";
	q.expanded = "history | tail";
	check(&q, ROUTE_HOST, "an alias for history");
	q.typed = "h | tail; x";
	check(&q, ROUTE_GUEST, "an alias for history and a separator");
	q.typed = q.expanded = "a";
	q.autocd = true;
	check(&q, ROUTE_HOST, "AUTO_CD");
	q.typed = q.expanded = "a b";
	check(&q, ROUTE_GUEST, "AUTO_CD is for one word");
	q.typed = q.expanded = "a;b";
	check(&q, ROUTE_GUEST, "AUTO_CD and a separator");
	q = query("deploy", SHELL_ZSH);
	q.host_commands = NULL;
	check(&q, ROUTE_GUEST, "no host commands");
	q = query("cd - && x", SHELL_ZSH);
	q.oldpwd = NULL;
	check(&q, ROUTE_GUEST, "no OLDPWD");
	q = query("cd && x", SHELL_ZSH);
	q.home = "relative";
	check(&q, ROUTE_GUEST, "a HOME that is not absolute");
	q.home = NULL;
	check(&q, ROUTE_GUEST, "no HOME");
}

static const struct {
	const char *path, *want;
} paths[] = {
	{ "/", "/" },
	{ "//", "/" },
	{ "/..", "/" },
	{ "/a/..", "/" },
	{ "/a/./b//c/", "/a/b/c" },
	{ "/a/../../b", "/b" },
	{ "/a/b/../c/..", "/a" },
	{ "/...", "/..." },
	{ "/a/..b", "/a/..b" },
};

static void
test_normalize(void)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		cleanup(buf) struct buf b = BUF_INIT;

		buf_adds(&b, paths[i].path);
		route_normalize(&b);
		CHECK_STR(b.s, paths[i].want);
		CHECK(b.len == strlen(b.s));
	}
	CHECK(route_is_under("/a", "/a"));
	CHECK(route_is_under("/a/b", "/a"));
	CHECK(!route_is_under("/ab", "/a"));
	CHECK(!route_is_under("/", "/a"));
}

/* From /w to /w/proj. */
static const struct {
	const char *line, *want;
} rests[] = {
	{ "cd proj && make", "make" },
	{ "cd proj;make; x", "make; x" },
	{ "cd ./proj/ ; and make", "make" },
	{ "cd /w/proj && make", "make" },
	{ "cd .. && cd w/proj && make", "make" },
	{ "cd ~/../../w/proj && make", "make" },
	{ "cd proj;", "" },
	{ "cd proj", NULL },
	{ "cd proj || make", NULL },
	{ "cd other && make", NULL },
	{ "cd other && cd x", NULL },
	{ "cd $P && make", NULL },
	{ "cd - && make", NULL },
	{ "(cd proj; make)", NULL },
	{ "if cd proj; make", NULL },
	{ "make", NULL },
	{ "", NULL },
};

static void
test_rest(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rests); i++)
		CHECK_STR(route_rest(rests[i].line, "/w", "/w/proj", "/home/u"),
		    rests[i].want);
}

int
main(void)
{
	test_lines();
	test_jobs();
	test_leaving();
	test_expanded();
	test_normalize();
	test_rest();
	return tap_end();
}
