#include "cmd/cmd.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/msg.h"

/*
 * What a file here says of the project by its name. Nothing is opened: a
 * project that nobody has approved yet is hostile.
 */
static const struct hint {
	const char *file, *tool;
	const char *made; /* the directory that its tool fills, or NULL */
} hints[] = {
	{ "package.json", "node", "node_modules" },
	{ "package-lock.json", "node", "node_modules" },
	{ "pnpm-lock.yaml", "node", "node_modules" },
	{ "yarn.lock", "node", "node_modules" },
	{ "pyproject.toml", "python", ".venv" },
	{ "requirements.txt", "python", ".venv" },
	{ "Pipfile", "python", ".venv" },
	{ "setup.py", "python", ".venv" },
	{ "go.mod", "go", NULL },
	{ "Cargo.toml", "rust", "target" },
	{ "compose.yaml", "docker", NULL },
	{ "compose.yml", "docker", NULL },
	{ "docker-compose.yaml", "docker", NULL },
	{ "docker-compose.yml", "docker", NULL },
	{ "Dockerfile", "docker", NULL },
	{ "Containerfile", "docker", NULL },
};

static const char head[] =
    "# The virtual machine of this project: see Machinefile(5), or type\n"
    "# `machine help machinefile`. Commit this file; each user approves it\n"
    "# with `machine allow`.\n"
    "image: debian-13\n"
    "\n";
static const char no_tools[] = "# Put into the image by recipes.\n"
			       "# tools: [node, git, docker, claude-code]\n";
static const char private_why[] =
    "workspace:\n"
    "  # On the VM's own disk: what is built there and what is built on the\n"
    "  # host do not mix, and neither sees the other's.\n";
static const char devcontainer[] =
    "# There is a .devcontainer here, which machine does not read: what it\n"
    "# installs belongs in tools, packages and provision, its ports in ports.\n"
    "\n";
/* The keys that people use; all of it is the default. */
static const char tail[] =
    "# packages: [jq]\n"
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
    "#   - run: echo 'set -o vi' >>~/.bashrc\n";

static bool
is_file(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

/* What is there already must be a directory to be hidden by one. */
static bool
can_be_private(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT;
	return S_ISDIR(st.st_mode);
}

/* Append a word to a list, unless it is there. */
static void
add_word(struct buf *list, const char *word)
{
	const size_t n = strlen(word);

	for (const char *p = list->s; (p = strstr(p, word)); p += n)
		if ((p == list->s || p[-1] == ' ') &&
		    (p[n] == ',' || p[n] == '\0'))
			return;
	buf_addf(list, "%s%s", list->len ? ", " : "", word);
}

static void
compose(int dir, struct buf *out)
{
	cleanup(buf) struct buf tools = BUF_INIT;
	cleanup(buf) struct buf files = BUF_INIT;
	cleanup(buf) struct buf made = BUF_INIT;
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		const struct hint *h = &hints[i];

		if (!is_file(dir, h->file))
			continue;
		add_word(&tools, h->tool);
		add_word(&files, h->file);
		if (h->made && can_be_private(dir, h->made))
			add_word(&made, h->made);
	}
	buf_adds(out, head);
	if (tools.len)
		buf_addf(out,
		    "# Because of %s.\n"
		    "# To have a certain version write {TOOL: \"1.2\"}.\n"
		    "tools: [%s]\n",
		    files.s, tools.s);
	else
		buf_adds(out, no_tools);
	buf_adds(out, "\n");
	if (made.len)
		buf_addf(out, "%s  private: [%s]\n\n", private_why, made.s);
	if (fstatat(dir, ".devcontainer", &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    is_file(dir, ".devcontainer.json"))
		buf_adds(out, devcontainer);
	buf_adds(out, tail);
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
	compose(dir, &text);
	if (fs_replace(dir, MACHINEFILE_NAME, text.s, text.len, 0644, e))
		return -1;
	msg_note("wrote %s/%s: look at it, then type: machine allow", here,
	    MACHINEFILE_NAME);
	return 0;
}
