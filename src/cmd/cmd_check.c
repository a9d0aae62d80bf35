#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "core/schema.h"
#include "host/settings.h"

static void
print(const struct json *j)
{
	cleanup(buf) struct buf text = BUF_INIT;

	json_write(&text, j, true);
	(void)fwrite(text.s, 1, text.len, stdout);
}

static int
print_schema(void)
{
	cleanup(json) struct json *j = schema_json();

	print(j);
	return 0;
}

/* For editors; in the order of the file, as many as there are in *d. */
static void
print_complaints(const char *path, bool valid, const struct diags *d)
{
	cleanup(json) struct json *j = json_new_object();
	struct json *list = json_new_array();

	json_set_int(j, "version", 1);
	/* JSON has no way to name a file whose name is not UTF-8. */
	if (utf8_valid(path, strlen(path)))
		json_set_str(j, "file", path);
	else
		json_set_null(j, "file");
	json_set_bool(j, "valid", valid);
	for (size_t i = 0; i < d->count && i < DIAG_MAX; i++) {
		struct json *one = json_new_object();

		json_set_int(one, "line", d->at[i].line);
		json_set_int(one, "column", d->at[i].column);
		json_set_str(one, "message", d->at[i].text);
		json_add(list, one);
	}
	json_set(j, "complaints", list);
	print(j);
}

/* What is no reason to refuse the file, and worth to be known. */
static void
remark(const char *path, const struct machinefile *mf)
{
	cleanup(buf) struct buf names = BUF_INIT;
	const char *secret = machinefile_secret(mf);

	if (machinefile_unbuilt(mf, &names))
		msg_note("%s: not yet built, so a machine with it does not "
			 "start: %s",
		    path, names.s);
	if (secret)
		msg_note("%s: env: the value of \"%s\" looks like a password "
			 "or token: everybody who has the file has it; name "
			 "the variable in pass_env instead",
		    path, secret);
}

static int
check(struct ctx *cx, const char *path, bool json, struct err *e)
{
	cleanup(machinefile) struct machinefile *mf = NULL;
	cleanup(str) char *text = NULL;
	struct diags d = { .count = 0 };
	size_t len;

	if (fs_read(AT_FDCWD, path, MACHINEFILE_MAX, &text, &len, e))
		return -1;
	mf = machinefile_parse(text, len, &cx->limits, &d);
	if (json) {
		print_complaints(path, mf, &d);
		return !mf;
	}
	if (!mf) {
		settings_complain(e, path, &d);
		/* Each complaint is a line that editors understand. */
		msg_plain("%s", e->msg);
		return 1;
	}
	msg_note("%s is valid", path);
	remark(path, mf);
	return 0;
}

int
cmd_check(struct ctx *cx, int argc, char **argv, struct err *e)
{
	bool json = false;

	if (argc == 2 && strcmp(argv[1], "--schema") == 0)
		return print_schema();
	if (argc > 1 && strcmp(argv[1], "--json") == 0) {
		json = true;
		argc--;
		argv++;
	}
	if (argc > 2 || (argc == 2 && strncmp(argv[1], "--", 2) == 0))
		return usage("check", e);
	return check(cx, argc == 2 ? argv[1] : MACHINEFILE_NAME, json, e);
}
