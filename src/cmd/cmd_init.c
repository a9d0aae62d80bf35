#include "cmd/cmd.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/msg.h"

/* The keys that people use; all of it is the default. */
static const char template[] =
    "# The virtual machine of this project: see Machinefile(5), or type\n"
    "# `machine help machinefile`. Commit this file; each user approves it\n"
    "# with `machine allow`.\n"
    "image: debian-13\n"
    "\n"
    "# cpus: 2\n"
    "# memory: 2GiB\n"
    "# disk: 20GiB\n"
    "\n"
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

int
cmd_init(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(fd) int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(str) char *here = realpath(".", NULL);
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
	if (project_place_ok(here, &cx->paths, e) ||
	    fs_replace(
		dir, MACHINEFILE_NAME, template, strlen(template), 0644, e))
		return -1;
	msg_note("wrote %s/%s: look at it, then type: machine allow", here,
	    MACHINEFILE_NAME);
	return 0;
}
