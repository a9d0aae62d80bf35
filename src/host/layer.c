#include "host/layer.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/os.h"

#define TEXT "text"
#define TEXT_MAX (16u << 20) /* the scripts of a snapshot, and some */
#define COLLISIONS_MAX 8
#define NEW ".new"
#define LOCK ".lock"

static const char letters[] = {
	[KIND_BASE] = 'b', [KIND_GOLDEN] = 'g', [KIND_PROJECT] = 'p'
};

static int
open_layers(const struct paths *p, struct err *e)
{
	cleanup(str) char *dir = path_join(p->data, "layers");

	return fs_private_dir(dir, e);
}

enum layer_kind
layer_kind_of(const char *name)
{
	return name[0] == 'b'	? KIND_BASE
	       : name[0] == 'g' ? KIND_GOLDEN
				: KIND_PROJECT;
}

bool
layer_is_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 2 + HASH_XXH128_HEX && len <= LAYER_NAME_MAX &&
	       memchr(letters, name[0], sizeof(letters)) && name[1] == '-' &&
	       strspn(name + 2, "0123456789abcdef") >= HASH_XXH128_HEX &&
	       strspn(name + 2, "0123456789abcdef-") == len - 2;
}

char *
layer_path(const struct layer *l, const char *file)
{
	return path_join(l->dir, file);
}

/* Is it made from exactly this? A layer without its text is none. */
static bool
same_text(const struct layer *l, const struct buf *text)
{
	cleanup(str) char *path = layer_path(l, TEXT);
	cleanup(str) char *is = NULL;
	struct err ignored = ERR_INIT;
	size_t len;

	return !fs_read(AT_FDCWD, path, TEXT_MAX, &is, &len, &ignored) &&
	       len == text->len && memcmp(is, text->s, len) == 0;
}

static void
set_dir(struct layer *l, const struct paths *p)
{
	cleanup(str) char *layers = path_join(p->data, "layers");

	free(l->dir);
	l->dir = path_join(layers, l->name);
}

int
layer_find(struct layer *l, const struct paths *p, enum layer_kind kind,
    const struct buf *text, struct err *e)
{
	char hex[HASH_XXH128_HEX + 1];
	struct stat st;

	*l = (struct layer){ .name = "" };
	if (text->len > TEXT_MAX)
		return err_set(e, ERR_CONFIG,
		    "the scripts of the Machinefile are too long");
	hash_xxh128(text->s, text->len, hex);
	for (int i = 0; i < COLLISIONS_MAX; i++) {
		(void)snprintf(l->name, sizeof(l->name),
		    i ? "%c-%s-%d" : "%c-%s", letters[kind], hex, i);
		set_dir(l, p);
		if (lstat(l->dir, &st))
			return errno == ENOENT
				   ? 0
				   : err_sys(e, "cannot look at %s", l->dir);
		if (same_text(l, text)) {
			l->exists = true;
			return layer_record_read(&l->record, l->dir, e);
		}
	}
	return err_set(e, ERR_CONFIG, "too many layers share the name %s", hex);
}

int
layer_open(
    struct layer *l, const struct paths *p, const char *name, struct err *e)
{
	*l = (struct layer){ .name = "" };
	if (!layer_is_name(name))
		return err_set(e, ERR_CONFIG, "%s is not a layer", name);
	memcpy(l->name, name, strlen(name) + 1);
	set_dir(l, p);
	l->exists = true;
	return layer_record_read(&l->record, l->dir, e);
}

void
layer_release(struct layer *l)
{
	free(l->dir);
	layer_record_release(&l->record);
	*l = (struct layer){ .name = "" };
}

/* The directory of layers, and in *name l's with a suffix. */
static int
beside(const struct layer *l, const char *suffix, char name[64], struct err *e)
{
	cleanup(str) char *layers = xstrdup(l->dir);

	*strrchr(layers, '/') = '\0';
	(void)snprintf(name, 64, "%s%s", l->name, suffix);
	return fs_private_dir(layers, e);
}

int
layer_lock(const struct layer *l, struct err *e)
{
	char name[64];
	cleanup(fd) int layers = beside(l, LOCK, name, e);

	return layers < 0 ? -1 : fs_lock(layers, name, LOCK_TRY, e);
}

int
layer_hold(struct layer *l, struct err *e)
{
	char name[64];
	cleanup(fd) int layers = beside(l, LOCK, name, e);
	int held = layers < 0 ? -1 : fs_lock(layers, name, LOCK_SHARE, e);
	struct stat st;

	/* Who removes it has the lock to himself, so now it is known. */
	if (held >= 0)
		l->exists = lstat(l->dir, &st) == 0;
	return held;
}

int
layer_wait(const struct layer *l, int timeout_ms, struct err *e)
{
	char name[64];
	cleanup(fd) int layers = beside(l, LOCK, name, e);

	return layers < 0 ? -1 : fs_lock_wait_free(layers, name, timeout_ms, e);
}

char *
layer_begin(const struct layer *l, struct err *e)
{
	char name[64];
	cleanup(fd) int layers = beside(l, NEW, name, e);
	cleanup(fd) int dir = -1;
	cleanup(buf) struct buf path = BUF_INIT;

	if (layers < 0 || fs_remove_tree(layers, name, e))
		return NULL;
	dir = fs_private_subdir(layers, name, true, e);
	if (dir < 0)
		return NULL;
	buf_addf(&path, "%s%s", l->dir, NEW);
	return xstrdup(path.s);
}

/* A layer that a power cut could take away again would be worse than none. */
static int
sync_files(int dir, struct err *e)
{
	static const char *const files[] = { "disk.qcow2", "kernel",
		"modules.cpio" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		cleanup(fd) int fd = openat(
		    dir, files[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT && i > 0)
			continue;
		if (fd < 0 || fchmod(fd, 0400) || os_sync(fd))
			return err_sys(e, "cannot store %s", files[i]);
	}
	return 0;
}

int
layer_commit(struct layer *l, struct layer_record *record,
    const struct buf *text, struct err *e)
{
	char name[64];
	cleanup(fd) int layers = beside(l, NEW, name, e);
	cleanup(fd) int dir = layers < 0
				  ? -1
				  : fs_private_subdir(layers, name, false, e);

	if (dir < 0)
		return -1;
	record->made = (int64_t)time(NULL);
	if (sync_files(dir, e) ||
	    fs_replace(dir, TEXT, text->s, text->len, 0600, e) ||
	    layer_record_write(record, dir, e))
		return -1;
	if (renameat(layers, name, layers, l->name))
		return err_sys(e, "cannot store the layer %s", l->name);
	(void)os_sync(layers);
	layer_record_release(&l->record);
	l->record = *record;
	*record = (struct layer_record){ .parent = "" };
	l->exists = true;
	return 0;
}

void
layer_abandon(const struct layer *l)
{
	struct err ignored = ERR_INIT;
	char name[64];
	cleanup(fd) int layers = beside(l, NEW, name, &ignored);

	/* What cannot be removed now is swept by the next builder. */
	if (layers >= 0)
		(void)!fs_remove_tree(layers, name, &ignored);
}

int
layer_demote(struct layer *l, const char *why, struct err *e)
{
	cleanup(fd) int dir = fs_private_subdir(AT_FDCWD, l->dir, false, e);

	if (dir < 0)
		return -1;
	free(l->record.cmdline);
	l->record.cmdline = NULL;
	free(l->record.why);
	l->record.why = xstrdup(why);
	return layer_record_write(&l->record, dir, e);
}

void
layer_touch(const struct layer *l)
{
	(void)utimensat(AT_FDCWD, l->dir, NULL, 0);
}

time_t
layer_last_use(const struct layer *l)
{
	struct stat st;

	return lstat(l->dir, &st) ? 0 : st.st_mtime;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the directory that f wants, sorted; the caller frees. */
static int
list(int fd, bool (*f)(const char *), char ***names, size_t *n, struct err *e)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	*names = NULL;
	*n = 0;
	if (!d) {
		fd_close(copy);
		return err_sys(e, "cannot list the layers");
	}
	for (struct dirent *ent; (ent = readdir(d));)
		if (f(ent->d_name)) {
			*names = xreallocarray(*names, *n + 1, sizeof(**names));
			(*names)[(*n)++] = xstrdup(ent->d_name);
		}
	(void)closedir(d);
	if (*n)
		qsort(*names, *n, sizeof(**names), by_name);
	return 0;
}

static void
free_list(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int
layer_each(const struct paths *p,
    int (*each)(const struct layer *l, void *arg, struct err *e), void *arg,
    struct err *e)
{
	cleanup(fd) int layers = open_layers(p, e);
	char **names;
	size_t n;
	int rc = 0;

	if (layers < 0 || list(layers, layer_is_name, &names, &n, e))
		return -1;
	for (size_t i = 0; !rc && i < n; i++) {
		cleanup(layer) struct layer l = { .name = "" };
		struct err ignored = ERR_INIT;

		/* Another process may just have removed it. */
		if (!layer_open(&l, p, names[i], &ignored))
			rc = each(&l, arg, e);
	}
	free_list(names, n);
	return rc;
}

int
layer_remove(const struct paths *p, const char *name, layer_used_fn *used,
    void *arg, struct err *e)
{
	cleanup(fd) int layers = open_layers(p, e);
	cleanup(fd) int held = -1;
	char gone[64], lock[64];

	(void)snprintf(gone, sizeof(gone), "%s%s", name, NEW);
	(void)snprintf(lock, sizeof(lock), "%s%s", name, LOCK);
	if (layers < 0)
		return -1;
	/* Its file stays: somebody else may be about to lock it. */
	held = fs_lock(layers, lock, LOCK_TRY, e);
	if (held < 0)
		return e->sys == EWOULDBLOCK ? 1 : -1;
	/* First out of sight, at once; then the bytes. */
	if (fs_remove_tree(layers, gone, e))
		return -1;
	if (renameat(layers, name, layers, gone) && errno != ENOENT)
		return err_sys(e, "cannot remove the layer %s", name);
	if (used && used(name, arg))
		return renameat(layers, gone, layers, name)
			   ? err_sys(e, "cannot keep the layer %s", name)
			   : 1;
	return fs_remove_tree(layers, gone, e);
}

static bool
is_new(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(NEW) && strcmp(name + len - strlen(NEW), NEW) == 0;
}

int
layer_sweep(const struct paths *p, struct err *e)
{
	cleanup(fd) int layers = open_layers(p, e);
	char **names;
	size_t n;
	int rc = 0;

	if (layers < 0 || list(layers, is_new, &names, &n, e))
		return -1;
	for (size_t i = 0; !rc && i < n; i++) {
		cleanup(buf) struct buf name = BUF_INIT;
		cleanup(fd) int lock = -1;

		buf_add(&name, names[i], strlen(names[i]) - strlen(NEW));
		buf_adds(&name, LOCK);
		lock = fs_lock(layers, name.s, LOCK_TRY, e);
		if (lock >= 0)
			rc = fs_remove_tree(layers, names[i], e);
		else
			rc = e->sys == EWOULDBLOCK ? 0 : -1;
	}
	free_list(names, n);
	return rc;
}
