#include "host/names.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <time.h>

#include "base/fs.h"
#include "base/proc.h"
#include "host/agent.h"
#include "host/guest.h"

#define TEXT_MAX (1u << 20)
#define CONNECT_MS 5000
#define ANSWER_MS 30000

static int
open_directory(const struct vm *vm)
{
	cleanup(str) char *dir = path_join(vm->paths->run, vm->state.id);

	return open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool
names_due(const struct vm *vm)
{
	cleanup(fd) int dir = open_directory(vm);
	cleanup(fd) int fd = -1;
	struct stat st;
	time_t now = time(NULL);

	if (dir < 0)
		return false;
	if (fstatat(dir, NAMES_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime <= now && now - st.st_mtime < NAMES_SECONDS)
		return false;
	fd = openat(dir, NAMES_FILE,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	return fd >= 0 && futimens(fd, NULL) == 0;
}

void
names_begin(const struct vm *vm, const struct trusted *t)
{
	const char *const argv[] = { vm->self, "_names", trusted_root(t),
		NULL };
	extern char **environ;
	const struct proc p = { .path = vm->self,
		.argv = argv,
		.envp = (const char *const *)environ,
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_NULL },
		.err = { .io = PROC_NULL },
		.detach = true };
	struct err ignored = ERR_INIT;
	pid_t pid;

	(void)!proc_start(&p, &pid, &ignored);
}

static bool
is_plain(const char *s, size_t len)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789_.+-";

	/* strchr() would find the NUL, too. */
	for (size_t i = 0; i < len; i++)
		if (!s[i] || !strchr(good, s[i]))
			return false;
	return len > 0 && len <= NAMES_LEN;
}

void
names_filter(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;

	for (size_t n = 0; text < end && n < NAMES_MAX;) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t rest = (size_t)((nl ? nl : end) - text);

		/* One that was cut off is another name. */
		if (nl && is_plain(text, rest)) {
			buf_add(out, text, rest + 1);
			n++;
		}
		text += rest + 1;
	}
}

int
names_fetch(const struct vm *vm, const struct trusted *t, struct err *e)
{
	static const char *const argv[] = { "/bin/sh", "-c",
		"IFS=:; for d in $PATH; do ls -- \"$d\" 2>/dev/null; done | "
		"sort -u",
		NULL };
	cleanup(str) char *run = path_join(vm->paths->run, vm->state.id);
	cleanup(agent) struct agent_conn a = AGENT_INIT;
	cleanup(argv) struct argv env = ARGV_INIT;
	cleanup(buf) struct buf said = BUF_INIT;
	cleanup(buf) struct buf names = BUF_INIT;
	cleanup(fd) int dir = open_directory(vm);
	struct wire_exec x = { .cwd = "/" };
	int status;

	if (dir < 0)
		return err_sys(e, "cannot open %s", run);
	guest_env(&env, t);
	/* Only read; the type is that of a message that was received. */
	x.argv = (const char **)(uintptr_t)argv;
	x.env = (const char **)(uintptr_t)env.v;
	a.vm = vm->now.driver;
	if (agent_open(&a, run, CONNECT_MS, e) ||
	    agent_capture(&a, &x, TEXT_MAX, ANSWER_MS, &said, &status, e))
		return -1;
	names_filter(&names, said.s, said.len);
	return fs_replace(dir, NAMES_FILE, names.s, names.len, 0600, e);
}
