#include "host/vm_work.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"

#define LOCK ".lock"

int
vm_discard_build(const struct lima *l, const char *name, int log, struct err *e)
{
	cleanup(str) char *run = path_join(l->paths->run, name);

	/* The instance last: by it the rest is found. */
	return lima_clear(l, name, log, e) ||
		       fs_remove_tree(AT_FDCWD, run, e) ||
		       lima_discard(l, name, e)
		   ? -1
		   : 0;
}

/*
 * The VM that a layer was being made in, if its maker, who would hold this
 * lock, has died. One that still runs is for somebody who has limactl.
 */
static void
sweep_one(const struct lima *l, int layers, const char *lock, const char *layer)
{
	char name[3 + HASH_XXH64_HEX];
	struct err ignored = ERR_INIT;
	cleanup(str) char *dir = NULL;
	cleanup(fd) int held = -1;
	struct lima_instance now;
	struct stat st;

	vm_build_name(layer, name);
	dir = path_join(l->home, name);
	if (lstat(dir, &st))
		return;
	held = fs_lock(layers, lock, LOCK_TRY, &ignored);
	lima_look(l, name, &now);
	if (held < 0 || ((now.agent || now.driver) && !l->limactl))
		return;
	(void)!vm_discard_build(l, name, -1, &ignored);
}

int
vm_sweep(const struct lima *l, struct err *e)
{
	cleanup(str) char *layers = path_join(l->paths->data, "layers");
	DIR *d;

	if (layer_sweep(l->paths, e))
		return -1;
	d = opendir(layers);
	if (!d)
		return err_sys(e, "cannot list %s", layers);
	for (struct dirent *ent; (ent = readdir(d));) {
		cleanup(str) char *layer = xstrdup(ent->d_name);
		char *dot = strrchr(layer, '.');

		if (!dot || strcmp(dot, LOCK) != 0)
			continue;
		*dot = '\0';
		if (layer_is_name(layer))
			sweep_one(l, dirfd(d), ent->d_name, layer);
	}
	(void)closedir(d);
	return 0;
}
