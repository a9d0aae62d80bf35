#include "cmd/cmd.h"

#include "base/fs.h"
#include "host/hook.h"

int
cmd_hook(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf out = BUF_INIT;
	cleanup(str) char *roots = trust_roots_path(&cx->paths);
	cleanup(fd) int run = -1;

	if (argc != 2)
		return usage("hook", e);
	/* The hook writes its results there. */
	run = fs_private_dir(cx->paths.run, e);
	if (run < 0)
		return -1;
	if (!hook_render(&out, argv[1], cx->self, roots, cx->paths.run))
		return usage("hook", e);
	(void)fwrite(out.s, 1, out.len, stdout);
	return 0;
}
