#include "guest/init.h"

#include <sys/mount.h>

#include <errno.h>

#include "guest/place.h"
#include "guest/report.h"

/* One thing to be mounted: a directory of the host's, or a volume. */
struct place {
	const char *at;
	const struct cidata_mount *mount;
	const struct bootconf_volume *volume;
};

/* A path sorts before what is below it. */
static int
by_path(const void *a, const void *b)
{
	return strcmp(
	    ((const struct place *)a)->at, ((const struct place *)b)->at);
}

static const struct {
	const char *name;
	unsigned long set, clear;
} flags[] = {
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "nodev", MS_NODEV, 0 },
	{ "noexec", MS_NOEXEC, 0 },
	{ "noatime", MS_NOATIME, 0 },
	/* for mount(8) and systemd, not for the kernel */
	{ "defaults", 0, 0 },
	{ "nofail", 0, 0 },
};

static unsigned long
split_options(const char *options, struct buf *rest)
{
	cleanup(str) char *copy = xstrdup(options);
	unsigned long set = 0;
	char *word, *state = NULL;

	word = strtok_r(copy, ",", &state);
	for (; word; word = strtok_r(NULL, ",", &state)) {
		size_t i = 0;

		while (i < ARRAY_LEN(flags) && strcmp(flags[i].name, word) != 0)
			i++;
		if (i < ARRAY_LEN(flags))
			set = (set & ~flags[i].clear) | flags[i].set;
		else
			buf_addf(rest, "%s%s", rest->len ? "," : "", word);
	}
	return set;
}

static void
mount_shared(const struct cidata_mount *m, const struct account *who)
{
	cleanup(buf) struct buf options = BUF_INIT;
	unsigned long set = split_options(m->options, &options);
	struct err e = ERR_INIT;
	cleanup(fd) int fd = place_open(-1, m->at, who, &e);

	if (fd < 0)
		problem("mount %s", e.msg);
	else if (place_mount(m->tag, fd, m->type, set, options.s) == 0)
		return;
	else if (errno == ENODEV)
		problem("cannot mount %s: the image's kernel has no %s", m->at,
		    m->type);
	else
		problem("cannot mount %s: %s", m->at, strerror(errno));
}

/* An open descriptor of the mounted volume's own root; -1 if it is not. */
static int
mount_volume(const struct bootconf_volume *v, const struct account *who)
{
	struct err e = ERR_INIT;
	cleanup(fd) int fd = place_open(-1, v->at, who, &e);
	int root = -1;

	if (fd >= 0 && !volume_mount(v, who, fd, &e))
		root = place_open(-1, v->at, who, &e);
	if (root < 0)
		problem("volume %s", e.msg);
	return root;
}

static int
by_target(const void *a, const void *b)
{
	const struct bootconf_bind *const *left = a, *const *right = b;

	return strcmp((*left)->target, (*right)->target);
}

/*
 * Only from a mounted volume: what went to the directory below it would be lost
 * with the session's disk.
 */
static void
bind_one(const struct bootconf_bind *b, int volume, const struct account *who)
{
	const bool in_home = b->target[0] == '~';
	cleanup(buf) struct buf target = BUF_INIT;
	struct err e = ERR_INIT;
	cleanup(fd) int from = -1;
	cleanup(fd) int to = -1;

	buf_addf(&target, "%s%s", in_home ? who->home : "",
	    in_home ? b->target + 1 : b->target);
	if (volume < 0) {
		problem(
		    "private directory %s: its volume is not there", b->target);
		return;
	}
	if (in_home && !*who->home) {
		problem("private directory %s: there is no user", b->target);
		return;
	}
	from = place_open(volume, b->subdir, who, &e);
	if (from >= 0)
		to = place_open(-1, target.s, who, &e);
	if (from < 0 || to < 0)
		problem("private directory %s", e.msg);
	else if (place_bind(from, to))
		problem("private directory %s: %s", b->target, strerror(errno));
}

static void
bind_all(
    const struct bootconf *conf, const int *roots, const struct account *who)
{
	const struct bootconf_bind *all[BOOTCONF_BINDS_MAX];
	size_t n = 0;

	for (; n < conf->binds_len; n++)
		all[n] = &conf->binds[n];
	qsort(all, n, sizeof(all[0]), by_target);
	for (size_t i = 0; i < n; i++) {
		size_t v = 0;

		while (strcmp(conf->volumes[v].at, all[i]->volume) != 0)
			v++; /* bootconf_parse() has found it */
		bind_one(all[i], roots[v], who);
	}
}

void
places_mount(const struct cidata *lima, const struct bootconf *conf,
    const struct account *who)
{
	struct place all[CIDATA_MOUNTS_MAX + BOOTCONF_VOLUMES_MAX];
	int roots[BOOTCONF_VOLUMES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < lima->mounts_len; i++)
		all[n++] = (struct place){ .at = lima->mounts[i].at,
			.mount = &lima->mounts[i] };
	for (size_t i = 0; i < conf->volumes_len; i++)
		all[n++] = (struct place){ .at = conf->volumes[i].at,
			.volume = &conf->volumes[i] };
	qsort(all, n, sizeof(all[0]), by_path);
	for (size_t i = 0; i < n; i++) {
		const struct bootconf_volume *v = all[i].volume;

		if (v)
			roots[v - conf->volumes] = mount_volume(v, who);
		else
			mount_shared(all[i].mount, who);
	}
	bind_all(conf, roots, who);
	for (size_t i = 0; i < conf->volumes_len; i++)
		fd_close(roots[i]);
}
