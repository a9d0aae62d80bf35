#include "host/layer_use.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "host/qemuimg.h"
#include "host/state.h"

#define SECTOR 512 /* of st_blocks */

/* The layer that a disk stands on, as its header says; "" if on none. */
static void
parent_of(const char *disk, char name[LAYER_NAME_MAX + 1])
{
	cleanup(fd) int fd = open(disk, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup(str) char *path = fd < 0 ? NULL : qcow2_backing(fd);
	char *slash = path ? strrchr(path, '/') : NULL;
	const char *last;

	name[0] = '\0';
	if (!slash)
		return;
	*slash = '\0'; /* .../layers/NAME/disk.qcow2 */
	last = strrchr(path, '/');
	last = last ? last + 1 : path;
	if (layer_is_name(last))
		memcpy(name, last, strlen(last) + 1);
}

static void
measure(struct layer_use *use)
{
	DIR *d = opendir(use->layer.dir);
	struct qcow2 q;

	if (!d)
		return;
	for (struct dirent *ent; (ent = readdir(d));) {
		cleanup(fd) int fd = openat(dirfd(d), ent->d_name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
			continue;
		use->on_disk += (uint64_t)st.st_blocks * SECTOR;
		if (strcmp(ent->d_name, "disk.qcow2") == 0)
			use->apparent = qcow2_read(&q, fd)
					    ? q.size
					    : (uint64_t)st.st_size;
	}
	(void)closedir(d);
}

static void
add_layer(struct layer_uses *u, const struct lima *l, const char *dir,
    const char *name)
{
	cleanup(str) char *path = path_join(dir, name);
	cleanup(str) char *disk = path_join(path, "disk.qcow2");
	struct err ignored = ERR_INIT;
	struct layer_use *use;

	u->v = xreallocarray(u->v, u->n + 1, sizeof(*u->v));
	use = &u->v[u->n++];
	*use = (struct layer_use){ .layer = { .name = "" } };
	if (layer_open(&use->layer, l->paths, name, &ignored)) {
		use->damaged = true;
		layer_release(&use->layer);
		memcpy(use->layer.name, name, strlen(name) + 1);
		use->layer.dir = xstrdup(path);
	}
	parent_of(disk, use->parent);
	if (!use->parent[0])
		memcpy(
		    use->parent, use->layer.record.parent, sizeof(use->parent));
	measure(use);
}

static int
compare(const void *a, const void *b)
{
	const struct layer_use *x = a, *y = b;

	return strcmp(x->layer.name, y->layer.name);
}

/* Also those that layer_each() would pass over. */
static int
list_layers(struct layer_uses *u, const struct lima *l, struct err *e)
{
	cleanup(str) char *dir = path_join(l->paths->data, "layers");
	DIR *d = opendir(dir);

	if (!d)
		return errno == ENOENT
			   ? 0
			   : err_sys(e, "cannot list the layers in %s", dir);
	for (struct dirent *ent; (ent = readdir(d));)
		if (layer_is_name(ent->d_name))
			add_layer(u, l, dir, ent->d_name);
	for (size_t i = 0; i < u->n; i++) {
		cleanup(buf) struct buf lock = BUF_INIT;

		buf_addf(&lock, "%s.lock", u->v[i].layer.name);
		u->v[i].building = fs_lock_held(dirfd(d), lock.s);
	}
	(void)closedir(d);
	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), compare);
	return 0;
}

struct layer_use *
layer_uses_find(const struct layer_uses *u, const char *name)
{
	for (size_t i = 0; i < u->n; i++)
		if (strcmp(u->v[i].layer.name, name) == 0)
			return &u->v[i];
	return NULL;
}

/* Also what is not there any more. */
static struct layer_use *
below(const struct layer_uses *u, const struct layer_use *use)
{
	return use->parent[0] ? layer_uses_find(u, use->parent) : NULL;
}

static void
join(struct layer_uses *u)
{
	for (size_t i = 0; i < u->n; i++) {
		struct layer_use *use = &u->v[i];
		struct layer_use *parent = below(u, use);

		if (parent)
			parent->children++;
		else if (layer_kind_of(use->layer.name) != KIND_BASE)
			use->damaged = true;
		/* At most base, golden and project. */
		for (int n = 0; use->building && parent && n < 3; n++) {
			parent->building = true;
			parent = below(u, parent);
		}
	}
}

static bool
has_root(const struct layer_use *use, const char *root)
{
	for (size_t i = 0; i < use->roots.n; i++)
		if (strcmp(use->roots.v[i], root) == 0)
			return true;
	return false;
}

/* `root` (NULL: of no project) uses this layer, and what it stands on. */
static void
add_use(struct layer_uses *u, const char *name, const char *root, bool live)
{
	struct layer_use *use = name ? layer_uses_find(u, name) : NULL;

	for (int n = 0; use && n < 3; n++) {
		if (root && !has_root(use, root))
			argv_push(&use->roots, root);
		use->live |= live;
		use = below(u, use);
	}
}

static void
remember(char **slot, const char *root)
{
	if (!*slot)
		*slot = xstrdup(root);
}

struct looking {
	struct layer_uses *uses;
	const struct lima *lima;
};

static int
look_at_project(struct state *s, const char *root, void *arg, struct err *e)
{
	struct looking *to = arg;
	struct layer_uses *u = to->uses;
	cleanup(record) struct record r = { .image = NULL };
	cleanup(str) char *disk = NULL;
	char name[STATE_ID_MAX + 3], from[LAYER_NAME_MAX + 1];
	const char *top;
	struct lima_instance now;
	struct layer_use *use;
	struct err damage = ERR_INIT;
	bool live;

	(void)e;
	(void)snprintf(name, sizeof(name), "m-%s", s->id);
	lima_look(to->lima, name, &now);
	live = now.agent || now.driver;
	if (!live && access(root, F_OK) && errno == ENOENT)
		return 0;
	if (fs_lock_held(s->fd, "lock"))
		remember(&u->busy, root);
	if (record_load(&r, s, &damage))
		remember(&u->damaged, root);
	disk = lima_file(to->lima, name, "disk");
	parent_of(disk, from);
	top = live && from[0] ? from : r.layer;
	if (top && (use = layer_uses_find(u, top)))
		use->sessions++;
	add_use(u, r.parent, root, false);
	add_use(u, r.layer, root, false);
	add_use(u, top, root, live);
	return 0;
}

/* VMs that layers are made in have no record. */
static int
look_at_builds(struct layer_uses *u, const struct lima *l, struct err *e)
{
	DIR *d = opendir(l->home);

	if (!d)
		return errno == ENOENT ? 0
				       : err_sys(e, "cannot list %s", l->home);
	for (struct dirent *ent; (ent = readdir(d));) {
		cleanup(str) char *disk = lima_file(l, ent->d_name, "disk");
		char from[LAYER_NAME_MAX + 1];
		struct lima_instance now;

		if (strncmp(ent->d_name, "b-", 2) != 0)
			continue;
		parent_of(disk, from);
		lima_look(l, ent->d_name, &now);
		if (now.agent || now.driver)
			add_use(u, from, NULL, true);
	}
	(void)closedir(d);
	return 0;
}

static int
by_root(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
layer_uses_look(struct layer_uses *u, const struct lima *l, struct err *e)
{
	struct looking to = { .uses = u, .lima = l };

	*u = (struct layer_uses){ .n = 0 };
	if (list_layers(u, l, e))
		return -1;
	join(u);
	if (state_each(l->paths, look_at_project, &to, e) ||
	    look_at_builds(u, l, e))
		return -1;
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].roots.n)
			qsort(u->v[i].roots.v, u->v[i].roots.n,
			    sizeof(*u->v[i].roots.v), by_root);
	return 0;
}

void
layer_uses_release(struct layer_uses *u)
{
	for (size_t i = 0; i < u->n; i++) {
		layer_release(&u->v[i].layer);
		argv_release(&u->v[i].roots);
	}
	free(u->v);
	free(u->busy);
	free(u->damaged);
	*u = (struct layer_uses){ .n = 0 };
}

void
layer_uses_doom(struct layer_uses *u, bool all)
{
	for (size_t i = 0; i < u->n; i++) {
		struct layer_use *use = &u->v[i];

		use->doomed = !use->live && !use->building &&
			      (all || use->damaged || !use->roots.n);
	}
	/* What stands on one that goes could not be used any more. */
	for (size_t i = 0; i < u->n; i++) {
		struct layer_use *parent = below(u, &u->v[i]);

		for (int n = 0; parent && n < 3; n++) {
			u->v[i].doomed |= parent->doomed;
			parent = below(u, parent);
		}
	}
}

bool
layer_has_session(const struct lima *l, const char *name)
{
	DIR *d = opendir(l->home);
	bool has = false;

	if (!d)
		return errno != ENOENT; /* in doubt it has */
	for (struct dirent *ent; !has && (ent = readdir(d));) {
		cleanup(str) char *disk = lima_file(l, ent->d_name, "disk");
		char from[LAYER_NAME_MAX + 1];
		struct lima_instance now;

		parent_of(disk, from);
		if (strcmp(from, name) != 0)
			continue;
		lima_look(l, ent->d_name, &now);
		has = now.agent || now.driver;
	}
	(void)closedir(d);
	return has;
}

static bool
used_now(const char *name, void *arg)
{
	const struct looking *to = arg;

	return layer_has_session(to->lima, name);
}

int
layer_uses_remove(struct layer_uses *u, const struct lima *l, struct err *e)
{
	static const enum layer_kind order[] = { KIND_PROJECT, KIND_GOLDEN,
		KIND_BASE };

	struct looking to = { .uses = u, .lima = l };

	for (size_t k = 0; k < ARRAY_LEN(order); k++)
		for (size_t i = 0; i < u->n; i++) {
			struct layer_use *use = &u->v[i];
			struct layer_use *parent = below(u, use);
			int rc;

			if (!use->doomed ||
			    layer_kind_of(use->layer.name) != order[k])
				continue;
			rc = layer_remove(
			    l->paths, use->layer.name, used_now, &to, e);
			if (rc < 0)
				return -1;
			use->doomed = !rc;
			for (int n = 0; rc && parent && n < 3; n++) {
				parent->doomed = false;
				parent = below(u, parent);
			}
		}
	return 0;
}
