#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/msg.h"
#include "core/lockfile.h"
#include "host/snapshot.h"

/* The image that this Machinefile means here and today. */
static int
resolve(struct ctx *cx, struct arena *arena, struct image *image, struct err *e)
{
	cleanup(machinefile) struct machinefile *mf = NULL;
	cleanup(snapshot) struct snapshot s = { .n = 0 };

	if (trust_candidate(&cx->project, &cx->limits, &s, &mf, e) ||
	    ctx_vm(cx, e) || lima_find(&cx->vm.lima, cx->config, cx->self, e))
		return -1;
	return lima_image(&cx->vm.lima, cx->config, mf, arena, image, e);
}

int
cmd_lock(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(arena) struct arena *arena = arena_new();
	cleanup(fd) int dir = -1;
	cleanup(str) char *old = NULL;
	cleanup(buf) struct buf text = BUF_INIT;
	struct image image;
	size_t len = 0;

	(void)argv;
	if (argc != 1)
		return usage("lock", e);
	if (resolve(cx, arena, &image, e))
		return -1;
	if (!image.digest)
		return err_set(e, ERR_CONFIG,
		    "the image %s is a local file of yours without a digest: "
		    "there is nothing to pin for others",
		    image.alias);
	dir = open(cx->project.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "cannot open %s", cx->project.root);
	if (fs_read(dir, SNAPSHOT_LOCK, LOCKFILE_MAX, &old, &len, e) &&
	    e->sys != ENOENT)
		return -1;
	if (lockfile_write(&text, old, len, &image, e) ||
	    fs_replace(dir, SNAPSHOT_LOCK, text.s, text.len, 0644, e))
		return -1;
	msg_note("%s/%s pins %s to %s: it is part of what is approved, so "
		 "type: machine allow",
	    cx->project.root, SNAPSHOT_LOCK, image.alias, image.digest);
	return 0;
}
