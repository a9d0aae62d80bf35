#include "core/currency.h"
#include "core/limayaml.h"
#include "host/volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };

static void
promise(bool kept)
{
	if (!kept)
		abort(); /* Lima would be told something else */
}

static void
same(const struct json *o, const char *key, const char *want)
{
	const char *got = json_get_str(o, key);

	promise(got ? want && strcmp(got, want) == 0 : !want);
}

static void
same_number(const struct json *o, const char *key, int64_t want)
{
	int64_t got;

	promise(json_get_int(o, key, &got) && got == want);
}

static void
same_size(const struct json *o, const char *key, uint64_t bytes)
{
	cleanup(buf) struct buf want = BUF_INIT;

	buf_addf(&want, "%lluMiB", (unsigned long long)(bytes >> 20));
	same(o, key, want.s);
}

static void
check_ports(const struct json *v, const struct machinefile *mf)
{
	const struct json *list = json_get(v, "portForwards"), *last;

	promise(json_len(list) == mf->nports + 1);
	for (size_t i = 0; i < mf->nports; i++) {
		const struct json *o = json_at(list, i);

		same_number(o, "guestPort", mf->ports[i].guest);
		same_number(o, "hostPort", mf->ports[i].host);
		same(o, "hostIP", "127.0.0.1");
	}
	last = json_at(list, mf->nports);
	same(last, "guestIP", "0.0.0.0");
	promise(json_get_bool(last, "ignore"));
}

static void
check_mount(const struct json *o, const char *from, const char *to, bool rw)
{
	same(o, "location", from);
	same(o, "mountPoint", to);
	promise(json_get_bool(o, "writable") == rw);
}

static void
check_mounts(const struct json *list, const struct lima_machine *m)
{
	promise(json_len(list) == 1 + m->mf->nmounts);
	check_mount(
	    json_at(list, 0), m->root, m->root, m->mf->workspace == ACCESS_RW);
	for (size_t i = 0; i < m->mf->nmounts; i++)
		check_mount(json_at(list, 1 + i), m->mounts[i],
		    m->mf->mounts[i].to, m->mf->mounts[i].mode == ACCESS_RW);
}

/* Each layer is text that is its own, whatever the file says. */
static void
check_currency(const struct machinefile *mf, const struct image *image)
{
	struct file_bytes files[MACHINEFILE_STEPS_MAX];
	struct described d = { .mf = mf, .image = image, .files = files };
	const char *const *paths;
	char hex[LAYER_SESSION + 1][HASH_XXH128_HEX + 1];

	d.nfiles = machinefile_files(mf, &paths);
	for (size_t i = 0; i < d.nfiles; i++)
		files[i] = (struct file_bytes){ paths[i], "#!x\n", 4 };
	for (int i = LAYER_BASE; i <= LAYER_SESSION; i++) {
		currency_layer((enum currency)i, &d, hex[i]);
		for (int j = LAYER_BASE; j < i; j++)
			promise(strcmp(hex[i], hex[j]) != 0);
	}
}

/* A part of a path, a word of bootconf and, in Lima, pkg/identifiers. */
static void
check_disk(const char *disk)
{
	promise(
	    strlen(disk) <= STORAGE_DISK_MAX && strncmp(disk, "v-", 2) == 0);
	for (const char *p = disk; *p; p++) {
		if (strchr("-_", *p))
			promise(p[1] && !strchr("-_", p[1]));
		else
			promise(
			    strchr("abcdefghijklmnopqrstuvwxyz0123456789", *p));
	}
	promise(storage_name(disk, "0123456789abcdef0") != NULL);
}

/* Whatever disks there are, the guest's init gets to know all of them. */
static void
check_storage(const struct json *list, const struct storage *s)
{
	cleanup(bootconf) struct bootconf c = BOOTCONF_INIT;
	cleanup(bootconf) struct bootconf back = BOOTCONF_INIT;
	cleanup(buf) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	promise(json_len(list) == s->nvolumes);
	for (size_t i = 0; i < s->nvolumes; i++) {
		check_disk(s->volumes[i].disk);
		same(json_at(list, i), "name", s->volumes[i].disk);
		promise(!json_get_bool(json_at(list, i), "format"));
	}
	volume_bootconf(s, &c);
	if (bootconf_write(&c, &text, &e)) {
		promise(strncmp(e.msg, "more than ", 10) == 0);
		return;
	}
	promise(!bootconf_parse(text.s, text.len, &back, &e));
	promise(back.volumes_len == s->nvolumes && back.binds_len == s->nbinds);
	for (size_t i = 0; i < s->nbinds; i++)
		promise(strcmp(back.binds[i].target, s->binds[i].target) == 0 &&
			strcmp(back.binds[i].subdir, s->binds[i].subdir) == 0);
}

/* What was written reads back as the structures it was made from. */
static void
check(const struct lima_machine *m)
{
	const struct machinefile *mf = m->mf;
	const struct image *image = m->image;
	cleanup(json) struct json *v = limayaml_make(m), *back = NULL;
	cleanup(buf) struct buf text = BUF_INIT;
	const struct json *o;
	struct err e;

	json_write(&text, v, false);
	back = json_parse("lima.yaml", text.s, text.len, &e);
	promise(back && json_same(v, back));
	promise(!strstr(text.s, "{{"));
	same_number(back, "cpus", mf->cpus);
	same_size(back, "memory", mf->memory);
	same_size(back, "disk", mf->disk);
	same(back, "arch", image->arch);
	promise(json_len(json_get(back, "images")) == 1);
	o = json_at(json_get(back, "images"), 0);
	same(o, "location", image->location);
	same(o, "digest", image->digest);
	same(json_get(o, "kernel"), "location", image->kernel);
	same(json_get(o, "kernel"), "cmdline", image->cmdline);
	same(json_get(o, "initrd"), "location", image->initrd);
	check_mounts(json_get(back, "mounts"), m);
	promise(!json_get(back, "provision") && !json_get(back, "env"));
	check_ports(back, mf);
	check_storage(json_get(back, "additionalDisks"), m->storage);
}

/* The input is a root, a config and a Machinefile, with NUL bytes between. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *rest, *end = text + size;
	cleanup(machinefile) struct machinefile *mf = NULL;
	cleanup(config) struct config *c = NULL;
	struct image image = { .location = "https://example.com/x",
		.arch = "aarch64" };
	struct diags d = { .count = 0 };
	const char *mounts[MACHINEFILE_MOUNTS_MAX];
	cleanup(arena) struct arena *arena = arena_new();
	struct storage storage;
	struct err e = ERR_INIT;
	struct lima_machine m = {
		.image = &image, .mounts = mounts, .storage = &storage
	};
	const char *mark;

	if (!(mark = memchr(text, '\0', size)))
		return 0;
	rest = mark + 1;
	if (!(mark = memchr(rest, '\0', (size_t)(end - rest))))
		return 0;
	/* The root of a project is canonical. */
	if (limayaml_root_refused(text) || strstr(text, "//") ||
	    strstr(text, "/."))
		text = "/home/u/project";
	c = config_parse(rest, (size_t)(mark - rest), &d);
	mf = machinefile_parse(mark + 1, (size_t)(end - mark - 1), &limits, &d);
	if (!mf)
		return 0;
	if (c)
		(void)image_from_config(&image, c, mf->image, "x86_64");
	(void)image_from_machinefile(&image, mf);
	m.mf = mf;
	m.root = text;
	m.vm_type = c ? c->vm_type : VM_TYPE_AUTO;
	check_currency(mf, &image);
	/* The host resolves; here the text stands for what it leads to. */
	for (size_t i = 0; i < mf->nmounts; i++) {
		mounts[i] = mf->mounts[i].from[0] == '/' ? mf->mounts[i].from
							 : "/srv/x";
		if (limayaml_mount_refused(
			mounts[i], mf->mounts[i].to, text, NULL))
			return 0;
	}
	if (storage_make(&storage, mf, text, "0123456789abcdef0", arena, &e))
		return 0;
	check(&m);
	return 0;
}
