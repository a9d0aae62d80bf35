#include "guest/agent.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#define PATH_DEFAULT \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENVIRONMENT_MAX (64u << 10)

/* What an identity is made from. Provisioning changes it under us. */
static const char *const sources[] = { "/etc/passwd", "/etc/group",
	"/etc/environment" };

struct cached {
	bool known, none;
	struct stat made_from[ARRAY_LEN(sources)];
	struct identity id;
};

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Remember how the files are; true if they are as they were. */
static bool
unchanged(struct cached *c)
{
	bool same = c->known;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		struct stat st;

		if (stat(sources[i], &st))
			memset(&st, 0, sizeof(st));
		same = same && same_file(&st, &c->made_from[i]);
		c->made_from[i] = st;
	}
	return same;
}

static void
set_env(struct identity *id, const char *name, const char *value)
{
	size_t n = strlen(name), k = 0, size = n + strlen(value) + 2;
	char *s = xcalloc(size, 1);

	(void)snprintf(s, size, "%s=%s", name, value);
	while (id->env && id->env[k] && strncmp(id->env[k], s, n + 1) != 0)
		k++;
	if (id->env && id->env[k]) {
		free(id->env[k]);
	} else {
		id->env = xreallocarray(id->env, k + 2, sizeof(*id->env));
		id->env[k + 1] = NULL;
	}
	id->env[k] = s;
}

/* One line as pam_env reads it: [export] NAME=value, perhaps in quotes. */
static void
environment_line(struct identity *id, char *line)
{
	char *value;
	size_t n;

	line += strspn(line, " \t");
	if (strncmp(line, "export ", 7) == 0)
		line += 7;
	value = strchr(line, '=');
	if (*line == '#' || !value || value == line)
		return;
	*value++ = 0;
	n = strlen(value);
	while (n && strchr(" \t\r", value[n - 1]))
		value[--n] = 0;
	if (n >= 2 && (*value == '"' || *value == '\'') &&
	    value[n - 1] == *value) {
		value[n - 1] = 0;
		value++;
	}
	set_env(id, line, value);
}

static void
read_environment(struct identity *id)
{
	FILE *f = fopen("/etc/environment", "re");
	char line[4096];

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		environment_line(id, line);
	}
	if (f)
		(void)fclose(f);
}

static void
make_env(struct identity *id)
{
	char dir[64];
	struct stat st;

	set_env(id, "PATH", PATH_DEFAULT);
	set_env(id, "LANG", "C.UTF-8");
	read_environment(id);
	set_env(id, "HOME", id->home);
	set_env(id, "USER", id->name);
	set_env(id, "LOGNAME", id->name);
	set_env(id, "SHELL", id->shell);
	(void)snprintf(
	    dir, sizeof(dir), "/run/user/%lu", (unsigned long)id->uid);
	if (stat(dir, &st) == 0 && st.st_uid == id->uid)
		set_env(id, "XDG_RUNTIME_DIR", dir);
}

static void
identity_release(struct identity *id)
{
	free(id->name);
	free(id->home);
	free(id->shell);
	for (char **e = id->env; e && *e; e++)
		free(*e);
	free(id->env);
	*id = (struct identity){ 0 };
}

static bool
identity_read(struct identity *id, const struct passwd *pw)
{
	if (!pw)
		return false;
	id->name = xstrdup(pw->pw_name);
	id->home = xstrdup(*pw->pw_dir ? pw->pw_dir : "/");
	id->shell = xstrdup(*pw->pw_shell ? pw->pw_shell : "/bin/sh");
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	id->ngroups = (int)ARRAY_LEN(id->groups);
	if (getgrouplist(id->name, id->gid, id->groups, &id->ngroups) < 0)
		id->ngroups = (int)ARRAY_LEN(id->groups);
	make_env(id);
	return true;
}

const struct identity *
identity_get(bool as_root)
{
	static struct cached cache[2];
	struct cached *c = &cache[as_root && agent.root];
	struct passwd *pw;
	char dir[64];

	(void)snprintf(
	    dir, sizeof(dir), "/run/user/%lu", (unsigned long)c->id.uid);
	/* The run-time directory comes with the user's first login. */
	if (unchanged(c) && (c->none || env_get(c->id.env, "XDG_RUNTIME_DIR") ||
				access(dir, F_OK)))
		return c->none ? NULL : &c->id;
	identity_release(&c->id);
	if (!agent.root)
		pw = getpwuid(getuid());
	else if (as_root || !agent.user)
		pw = getpwuid(0);
	else
		pw = getpwnam(agent.user);
	c->none = !identity_read(&c->id, pw);
	c->known = true;
	return c->none ? NULL : &c->id;
}

static bool
has_name(const char **env, const char *assignment)
{
	size_t n = strcspn(assignment, "=") + 1;

	for (; env && *env; env++)
		if (strncmp(*env, assignment, n) == 0)
			return true;
	return false;
}

char **
identity_env(const struct identity *id, const char **extra)
{
	size_t n = 0, k = 0;
	char **env;

	while (id->env[n])
		n++;
	while (extra && extra[k])
		k++;
	env = xcalloc(n + k + 1, sizeof(*env));
	n = 0;
	for (char **e = id->env; *e; e++)
		if (!has_name(extra, *e))
			env[n++] = *e;
	if (k)
		memcpy(env + n, extra, k * sizeof(*env));
	return env;
}

const char *
env_get(char **env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

char *
find_program(char **env, const char *name)
{
	const char *path = env_get(env, "PATH");
	char at[4096];

	for (path = path ? path : PATH_DEFAULT; *path;) {
		size_t n = strcspn(path, ":");

		(void)snprintf(at, sizeof(at), "%.*s/%s", (int)n, path, name);
		if (n && n < sizeof(at) && access(at, X_OK) == 0)
			return xstrdup(at);
		path += n + (path[n] == ':');
	}
	return NULL;
}
