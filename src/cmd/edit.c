#include "cmd/cmd.h"

#include "base/proc.h"

/* $VISUAL or $EDITOR as others read it: a program and words, no shell. */
static void
editor_words(struct argv *argv)
{
	const char *names[] = { "VISUAL", "EDITOR" };
	const char *editor = NULL;

	for (size_t i = 0; !editor && i < ARRAY_LEN(names); i++) {
		editor = getenv(names[i]);
		if (editor && !editor[strspn(editor, " ")])
			editor = NULL;
	}
	for (const char *p = editor ? editor : "vi"; *p;) {
		size_t n = strcspn(p, " ");

		if (n)
			argv_pushf(argv, "%.*s", (int)n, p);
		p += n + (p[n] == ' ');
	}
}

int
edit_machinefile(const struct ctx *cx, struct err *e)
{
	extern char **environ;
	cleanup(argv) struct argv argv = ARGV_INIT;
	cleanup(str) char *dirs = path_dirs(&cx->paths);
	cleanup(str) char *program = NULL;
	struct proc p = { .envp = (const char *const *)environ };
	int status;

	editor_words(&argv);
	program = argv.v[0][0] == '/' ? xstrdup(argv.v[0])
				      : path_find(dirs, argv.v[0]);
	if (!program)
		return err_set(e, ERR_CONFIG,
		    "the editor %s is not on PATH: set EDITOR", argv.v[0]);
	argv_pushf(&argv, "%s/%s", cx->project.root, MACHINEFILE_NAME);
	p.path = program;
	p.argv = argv_const(&argv);
	if (proc_run(&p, &status, e))
		return -1;
	return status ? err_set(e, ERR_CONFIG,
			    "the editor ended with status %d: nothing is "
			    "allowed",
			    status)
		      : 0;
}
