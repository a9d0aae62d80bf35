#include "host/vm_work.h"

#include <sys/stat.h>

#include "core/limayaml.h"
#include "core/place.h"

/* An absolute path of what `from` says, by its text. */
static char *
named(const struct work *w, const char *from)
{
	if (from[0] == '/')
		return xstrdup(from);
	if (from[0] == '~')
		return path_join(w->vm->paths->home, from + 2);
	return path_join(trusted_root(w->trusted), from);
}

static int
check(const struct work *w, const struct mount *m, const char *path,
    const char *real, struct err *e)
{
	const char *root = trusted_root(w->trusted);
	cleanup(str) char *home = realpath(w->vm->paths->home, NULL);
	cleanup(str) char *private = paths_private(w->vm->paths, real);
	const char *why = place_host_refused(
	    real, home ? home : w->vm->paths->home);
	struct stat st;

	/* What was approved is the name, so it must be what it says. */
	if (strcmp(path, real) != 0)
		return err_set(e, ERR_CONFIG,
		    "mounts: %s leads to %s: write that, or take the link away",
		    path, real);
	if (!m->outside && !path_within(real, root))
		return err_set(
		    e, ERR_CONFIG, "mounts: %s is not in the project", path);
	if (!why)
		why = limayaml_mount_refused(real, m->to, root, NULL);
	if (private)
		return err_set(e, ERR_CONFIG, "mounts: %s would give the VM %s",
		    real, private);
	if (why)
		return err_set(e, ERR_CONFIG, "mounts: %s: %s", real, why);
	if (stat(real, &st) || !S_ISDIR(st.st_mode))
		return err_set(
		    e, ERR_CONFIG, "mounts: %s is not a directory", real);
	return 0;
}

int
vm_resolve_mounts(struct work *w, struct err *e)
{
	w->mounts = arena_zalloc(
	    w->arena, w->mf->nmounts + 1, sizeof(*w->mounts));
	for (size_t i = 0; i < w->mf->nmounts; i++) {
		const struct mount *m = &w->mf->mounts[i];
		cleanup(str) char *path = named(w, m->from);
		cleanup(str) char *real = realpath(path, NULL);

		if (!real)
			return err_sys(e, "mounts: cannot find %s", path);
		if (check(w, m, path, real, e))
			return -1;
		w->mounts[i] = arena_strndup(w->arena, real, strlen(real));
	}
	return 0;
}
