#include "git/objects.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include <git2.h>
#include <git2/sys/odb_backend.h>

#define LOOSE_MAX (64 << 20) /* bytes of a file that holds one object */
#define WINDOW_SIZE ((size_t)(4u << 20))
#define MAPPED_MAX ((size_t)(128u << 20))
#define OPEN_PACKS_MAX ((size_t)64)
#define PACK_OBJECTS_MAX ((size_t)(64u << 20))
#define CACHE_MAX ((ssize_t)(32 << 20))

/*
 * Since 1.6 the library can be told the home directory. In 1.5 the empty
 * search paths alone see to it.
 */
#if defined(LIBGIT2_VERSION_NUMBER) || LIBGIT2_VER_MAJOR > 1 || \
    LIBGIT2_VER_MINOR >= 6
#define SET_HOMEDIR(path) git_libgit2_opts(GIT_OPT_SET_HOMEDIR, path)
#else
#define SET_HOMEDIR(path) 0
#endif

struct objects {
	git_odb *odb;
};

CLEANUP_DEFINE(odb_object, git_odb_object *, git_odb_object_free(*p));
CLEANUP_DEFINE(git_signature, git_signature *, git_signature_free(*p));

static int
fail(struct err *e, const char *what)
{
	const git_error *ge = git_error_last();

	return err_set(e, ERR_BACKEND, "%s: %s", what,
	    ge && ge->message ? ge->message : "no reason given");
}

int
objects_init(struct err *e)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_PROGRAMDATA,
		GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_GLOBAL };

	if (git_libgit2_init() < 0)
		return fail(e, "libgit2");
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], ""))
			return fail(e, "libgit2");
	if (SET_HOMEDIR("") ||
	    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1) ||
	    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1) ||
	    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, WINDOW_SIZE) ||
	    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, MAPPED_MAX) ||
	    git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, OPEN_PACKS_MAX) ||
	    git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, PACK_OBJECTS_MAX) ||
	    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, CACHE_MAX))
		return fail(e, "libgit2");
	return 0;
}

struct objects *
objects_open(int dirfd, struct err *e)
{
	cleanup(objects) struct objects *o = xcalloc(1, sizeof(*o));
	git_odb_backend *loose, *packed;

	/* Relative to it: nobody can put another directory under the name. */
	if (fchdir(dirfd)) {
		err_sys(e, "cannot enter .git/objects");
		return NULL;
	}
	/* A backend belongs to the database once it has been added. */
	if (git_odb_new(&o->odb) ||
	    git_odb_backend_loose(&loose, ".", 0, 0, 0, 0) ||
	    git_odb_add_backend(o->odb, loose, 1) ||
	    git_odb_backend_pack(&packed, ".") ||
	    git_odb_add_backend(o->odb, packed, 2)) {
		fail(e, "cannot open .git/objects");
		return NULL;
	}
	return STEAL(o);
}

void
objects_free(struct objects *o)
{
	if (!o)
		return;
	git_odb_free(o->odb);
	free(o);
}

/* The library would wait for the writer of a FIFO, and follow a link. */
static int
check_loose(const struct id *id, struct err *e)
{
	char path[ID_HEX + 2];
	char hex[ID_HEX + 1];
	struct stat st;

	id_to_hex(id, hex);
	(void)snprintf(path, sizeof(path), "%.2s/%s", hex, hex + 2);
	if (lstat(path, &st))
		return 0; /* it is in a pack, or nowhere */
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG,
		    ".git/objects/%s is not a regular file", path);
	if (st.st_size > LOOSE_MAX)
		return err_set(e, ERR_CONFIG,
		    ".git/objects/%s is larger than "
		    "%d MiB",
		    path, LOOSE_MAX >> 20);
	return 0;
}

int
objects_read(struct objects *o, const struct id *id, enum object_kind kind,
    size_t max, struct buf *content, struct err *e)
{
	static const git_object_t types[] = {
		[OBJECT_COMMIT] = GIT_OBJECT_COMMIT,
		[OBJECT_TREE] = GIT_OBJECT_TREE,
		[OBJECT_BLOB] = GIT_OBJECT_BLOB,
	};
	cleanup(odb_object) git_odb_object *object = NULL;
	git_object_t type;
	git_oid oid;
	size_t len;
	int rc;

	memcpy(oid.id, id->raw, ID_SIZE);
	if (check_loose(id, e))
		return -1;
	/* What is too large is not even unpacked. */
	rc = git_odb_read_header(&len, &type, o->odb, &oid);
	if (rc == 0 && (type != types[kind] || len > max))
		return err_set(e, ERR_CONFIG,
		    "an object is of the wrong kind or too large");
	if (rc == 0)
		rc = git_odb_read(&object, o->odb, &oid);
	if (rc == GIT_ENOTFOUND) {
		errno = ENOENT;
		return err_sys(e, "the repository lacks an object");
	}
	if (rc)
		return fail(e, "cannot read an object");
	if (git_odb_object_type(object) != types[kind])
		return err_set(e, ERR_CONFIG, "an object has changed its kind");
	buf_release(content);
	buf_add(
	    content, git_odb_object_data(object), git_odb_object_size(object));
	return 0;
}

int
objects_blob_id(struct id *id, const char *data, size_t len, struct err *e)
{
	git_oid oid;

	if (git_odb_hash(&oid, data, len, GIT_OBJECT_BLOB))
		return fail(e, "cannot hash the file");
	memcpy(id->raw, oid.id, ID_SIZE);
	return 0;
}

int
signature_parse(struct signature *s, const char *text, struct err *e)
{
	cleanup(git_signature) git_signature *gs = NULL;

	*s = (struct signature){ .name = NULL };
	if (git_signature_from_buffer(&gs, text))
		return fail(e, "a commit has no readable author");
	s->name = xstrdup(gs->name);
	s->email = xstrdup(gs->email);
	s->time = gs->when.time;
	s->offset = gs->when.offset;
	return 0;
}

void
signature_release(struct signature *s)
{
	free(s->name);
	free(s->email);
	*s = (struct signature){ .name = NULL };
}

bool
id_same(const struct id *a, const struct id *b)
{
	return memcmp(a->raw, b->raw, ID_SIZE) == 0;
}

static const char digits[] = "0123456789abcdef";

static int
digit(char c)
{
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

bool
id_from_hex(struct id *id, const char *hex)
{
	for (size_t i = 0; i < ID_SIZE; i++) {
		int high = digit(hex[2 * i]);
		int low = high < 0 ? -1 : digit(hex[2 * i + 1]);

		if (low < 0)
			return false;
		id->raw[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void
id_to_hex(const struct id *id, char hex[ID_HEX + 1])
{
	for (size_t i = 0; i < ID_SIZE; i++) {
		hex[2 * i] = digits[id->raw[i] >> 4];
		hex[2 * i + 1] = digits[id->raw[i] & 15];
	}
	hex[ID_HEX] = '\0';
}
