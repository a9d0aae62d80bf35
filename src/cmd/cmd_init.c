#include "cmd/cmd.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/msg.h"
#include "host/private.h"

/* The keys that people use; all of it is the default. */
static const char head[] =
    "# The virtual machine of this project: see Machinefile(5), or type\n"
    "# `machine help machinefile`. Commit this file; each user approves it\n"
    "# with `machine allow`.\n"
    "image: debian-13\n"
    "\n"
    "# cpus: 2\n"
    "# memory: 2GiB\n"
    "# disk: 20GiB\n"
    "\n";
static const char tail[] =
    "# Forwarded from 127.0.0.1 on the host; nothing else is.\n"
    "# ports: [3000]\n"
    "\n"
    "# env:\n"
    "#   NODE_ENV: development\n"
    "\n"
    "# Run once in the VM, in order.\n"
    "# provision:\n"
    "#   - run: apt-get update && apt-get install -y --no-install-recommends "
    "git\n"
    "#     as: root\n";

/* What builds here, and the directory of it that fits one system only. */
static const struct {
	const char *file, *dir;
} builders[] = {
	{ "package.json", "node_modules" },
	{ "pyproject.toml", ".venv" },
	{ "requirements.txt", ".venv" },
	{ "Cargo.toml", "target" },
	{ "composer.json", "vendor" },
};

static void
add_private(struct buf *out, int dir, const char *here)
{
	const char *dirs[ARRAY_LEN(builders)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(builders); i++) {
		const struct machinefile mf = {
			.private_dirs = &builders[i].dir, .nprivate_dirs = 1
		};
		struct err ignored = ERR_INIT;
		bool twice = n && strcmp(dirs[n - 1], builders[i].dir) == 0;
		struct stat st;

		if (!twice && fstatat(dir, builders[i].file, &st, 0) == 0 &&
		    !private_check(&mf, here, &ignored))
			dirs[n++] = builders[i].dir;
	}
	if (!n)
		return;
	buf_adds(out, "# The VM has its own: native builds do not mix.\n"
		      "workspace:\n  private: [");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i ? ", " : "", dirs[i]);
	buf_adds(out, "]\n\n");
}

int
cmd_init(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(fd) int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(str) char *here = realpath(".", NULL);
	cleanup(buf) struct buf text = BUF_INIT;
	struct stat st;

	(void)argv;
	if (argc != 1)
		return usage("init", e);
	if (dir < 0 || !here)
		return err_sys(e, "cannot tell the current directory");
	if (fstatat(dir, MACHINEFILE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_CONFIG,
		    "there is a Machinefile here already: look at it, then "
		    "type: machine allow");
	if (project_place_ok(here, &cx->paths, e))
		return -1;
	buf_adds(&text, head);
	add_private(&text, dir, here);
	buf_adds(&text, tail);
	if (fs_replace(dir, MACHINEFILE_NAME, text.s, text.len, 0644, e))
		return -1;
	msg_note("wrote %s/%s: look at it, then type: machine allow", here,
	    MACHINEFILE_NAME);
	return 0;
}
