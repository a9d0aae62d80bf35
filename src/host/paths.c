#include "host/paths.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <pwd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/os.h"

char *
path_join(const char *dir, const char *name)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
	return buf_detach(&b);
}

bool
path_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

static const char *
absolute_env(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] == '/' ? v : NULL;
}

/* $VAR/machine, or ~/DEFAULT/machine. */
static char *
xdg(const char *var, const char *home, const char *otherwise)
{
	const char *base = absolute_env(var);
	cleanup(str) char *dir = base ? xstrdup(base)
				      : path_join(home, otherwise);

	return path_join(dir, "machine");
}

int
paths_init(struct paths *p, struct err *e)
{
	const char *all = absolute_env("MACHINE_HOME");
	const char *home = absolute_env("HOME");
	const char *run = absolute_env("XDG_RUNTIME_DIR");
	struct stat st;
	const struct passwd *pw = home ? NULL : getpwuid(geteuid());

	if (!home && pw && pw->pw_dir && pw->pw_dir[0] == '/')
		home = pw->pw_dir;
	if (!home)
		return err_set(e, ERR_CONFIG,
		    "HOME is not set: it must be an absolute path");
	*p = (struct paths){ .home = xstrdup(home) };
	if (all) {
		p->config = path_join(all, "config");
		p->data = path_join(all, "data");
		p->state = path_join(all, "state");
		p->run = path_join(all, "run");
		return 0;
	}
	p->config = xdg("XDG_CONFIG_HOME", home, ".config");
	p->data = xdg("XDG_DATA_HOME", home, ".local/share");
	p->state = xdg("XDG_STATE_HOME", home, ".local/state");
	/* After su(1) it names the directory of somebody else. */
	if (run && stat(run, &st) == 0 && st.st_uid == geteuid())
		p->run = path_join(run, "machine");
	else
		p->run = path_join(p->state, "run");
	return 0;
}

void
paths_release(struct paths *p)
{
	free(p->home);
	free(p->config);
	free(p->data);
	free(p->state);
	free(p->run);
	*p = (struct paths){ 0 };
}

bool
path_runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* Is this directory in a project? A guest can write programs into it. */
static bool
in_a_project(const char *dir, const char *roots)
{
	cleanup(str) char *real = realpath(dir, NULL);

	for (const char *p = roots; real && p && *p;) {
		cleanup(buf) struct buf root = BUF_INIT;
		size_t n = strcspn(p, "\n");

		buf_add(&root, p, n);
		if (n && path_within(real, root.s))
			return true;
		p += n + (p[n] == '\n');
	}
	return false;
}

char *
path_dirs(const struct paths *paths)
{
	cleanup(str) char *file = path_join(paths->state, "roots");
	cleanup(str) char *roots = NULL;
	const char *path = getenv("PATH");
	struct buf dirs = BUF_INIT;
	struct err none = ERR_INIT;
	size_t len;

	if (fs_read(AT_FDCWD, file, 1u << 20, &roots, &len, &none))
		roots = NULL; /* there is no project yet */
	for (const char *p = path ? path : ""; *p;) {
		cleanup(buf) struct buf dir = BUF_INIT;
		size_t n = strcspn(p, ":");

		buf_add(&dir, p, n);
		if (*p == '/' && !in_a_project(dir.s, roots))
			buf_addf(&dirs, "%s%s", dirs.len ? ":" : "", dir.s);
		p += n + (p[n] == ':');
	}
	return buf_detach(&dirs);
}

char *
path_find(const char *dirs, const char *name)
{
	for (const char *p = dirs; *p;) {
		size_t n = strcspn(p, ":");
		cleanup(buf) struct buf path = BUF_INIT;

		buf_addf(&path, "%.*s/%s", (int)n, p, name);
		if (path_runnable(path.s))
			return buf_detach(&path);
		p += n + (p[n] == ':');
	}
	return NULL;
}

char *
path_beside(const char *self, const char *name)
{
	static const char *const places[] = { "", "../libexec/machine/" };
	cleanup(str) char *dir = realpath(self, NULL);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (slash)
		slash[slash == dir] = '\0';
	for (size_t i = 0; slash && i < ARRAY_LEN(places); i++) {
		cleanup(buf) struct buf path = BUF_INIT;

		buf_addf(&path, "%s/%s%s", dir, places[i], name);
		if (path_runnable(path.s))
			return xstrdup(path.s);
	}
	return NULL;
}

char *
path_self(const char *argv0)
{
	const char *path = getenv("PATH");
	struct buf self = BUF_INIT;
	char cwd[4096];

	if (argv0[0] == '/')
		return xstrdup(argv0);
	if (strchr(argv0, '/') && getcwd(cwd, sizeof(cwd)))
		return path_join(cwd, argv0);
	for (const char *p = path ? path : ""; *p && argv0[0];) {
		size_t n = strcspn(p, ":");
		cleanup(buf) struct buf b = BUF_INIT;

		buf_addf(&b, "%.*s/%s", (int)n, p, argv0);
		if (*p == '/' && access(b.s, X_OK) == 0)
			return buf_detach(&b);
		p += n + (p[n] == ':');
	}
	/* Never a bare name: it would be looked for in the project. */
	if (!os_self(&self))
		buf_adds(&self, "/nonexistent/machine");
	return buf_detach(&self);
}

char *
paths_private(const struct paths *p, const char *path)
{
	cleanup(str) char *ssh = path_join(p->home, ".ssh");
	const char *const ours[] = { p->config, p->data, p->state, p->run,
		ssh };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		/* Both as they are named and as they are. */
		cleanup(str) char *real = realpath(ours[i], NULL);

		if (path_within(path, ours[i]) || path_within(ours[i], path) ||
		    (real &&
			(path_within(path, real) || path_within(real, path))))
			return xstrdup(ours[i]);
	}
	return NULL;
}
