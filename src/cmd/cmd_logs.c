#include "cmd/cmd.h"

#include <errno.h>

#include "base/fs.h"
#include "base/msg.h"

#define LOG_MAX (1u << 20) /* the end of a longer log */

int
cmd_logs(struct ctx *cx, int argc, char **argv, struct err *e)
{
	static const char *const logs[] = { "start", "engine", "provision" };
	bool known = argc == 1;

	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(logs); i++)
		known |= strcmp(argv[1], logs[i]) == 0;
	if (!known)
		return usage("logs", e);
	if (ctx_vm(cx, e))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		cleanup(buf) struct buf name = BUF_INIT;
		cleanup(buf) struct buf safe = BUF_INIT;
		cleanup(str) char *text = NULL;
		size_t len;

		if (argc == 2 && strcmp(argv[1], logs[i]) != 0)
			continue;
		buf_addf(&name, "%s.log", logs[i]);
		if (cx->vm.state.fd < 0 ||
		    fs_tail(cx->vm.state.fd, name.s, LOG_MAX, &text, &len, e)) {
			if (cx->vm.state.fd >= 0 && e->sys != ENOENT)
				return -1;
			msg_note("there is no %s", name.s);
			continue;
		}
		if (argc == 1)
			(void)printf("==> %s <==\n", name.s);
		msg_scrub(&safe, text, len, true);
		(void)fwrite(safe.s, 1, safe.len, stdout);
		(void)fflush(stdout);
	}
	return 0;
}
