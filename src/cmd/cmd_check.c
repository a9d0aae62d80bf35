#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/msg.h"
#include "host/settings.h"

int
cmd_check(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(machinefile) struct machinefile *mf = NULL;
	cleanup(str) char *text = NULL;
	const char *path = argc == 2 ? argv[1] : MACHINEFILE_NAME;
	struct diags d = { .count = 0 };
	size_t len;

	if (argc > 2)
		return usage("check", e);
	if (fs_read(AT_FDCWD, path, MACHINEFILE_MAX, &text, &len, e))
		return -1;
	mf = machinefile_parse(text, len, &cx->limits, &d);
	if (!mf) {
		settings_complain(e, path, &d);
		/* Each complaint is a line that editors understand. */
		msg_plain("%s", e->msg);
		return 1;
	}
	msg_note("%s is valid", path);
	return 0;
}
