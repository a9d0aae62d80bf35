#include "wire/bootconf.h"

void
bootconf_release(struct bootconf *c)
{
	for (size_t i = 0; i < c->volumes_len; i++) {
		free(c->volumes[i].device);
		free(c->volumes[i].at);
	}
	for (size_t i = 0; i < c->binds_len; i++) {
		free(c->binds[i].volume);
		free(c->binds[i].subdir);
		free(c->binds[i].target);
	}
	free(c->volumes);
	free(c->binds);
	*c = (struct bootconf)BOOTCONF_INIT;
}

void
bootconf_add_volume(struct bootconf *c, const char *device, const char *at)
{
	c->volumes = xreallocarray(
	    c->volumes, c->volumes_len + 1, sizeof(c->volumes[0]));
	c->volumes[c->volumes_len++] = (struct bootconf_volume){
		.device = xstrdup(device),
		.at = xstrdup(at),
	};
}

void
bootconf_add_bind(struct bootconf *c, const char *volume, const char *subdir,
    const char *target)
{
	c->binds = xreallocarray(
	    c->binds, c->binds_len + 1, sizeof(c->binds[0]));
	c->binds[c->binds_len++] = (struct bootconf_bind){
		.volume = xstrdup(volume),
		.subdir = xstrdup(subdir),
		.target = xstrdup(target),
	};
}

/* --- what a value may be, the same for the writer and the reader --- */

/* Components that are names: none is empty, "." or "..". */
static bool
is_relative(const char *path)
{
	if (strlen(path) > BOOTCONF_PATH_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > 255 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static bool
is_absolute(const char *path)
{
	return path[0] == '/' && is_relative(path + 1);
}

static bool
is_target(const char *path)
{
	return is_absolute(path) ||
	       (strncmp(path, "~/", 2) == 0 && is_relative(path + 2));
}

static int
check_volume(const struct bootconf *c, size_t i, struct err *e)
{
	const struct bootconf_volume *v = &c->volumes[i];

	if (i >= BOOTCONF_VOLUMES_MAX)
		return err_set(e, ERR_CONFIG, "more than %d volumes",
		    BOOTCONF_VOLUMES_MAX);
	if (strlen(v->device) != 3 || strncmp(v->device, "vd", 2) != 0 ||
	    v->device[2] < 'b' || v->device[2] > 'z')
		return err_set(
		    e, ERR_CONFIG, "%s is not one of vdb to vdz", v->device);
	if (!is_absolute(v->at))
		return err_set(
		    e, ERR_CONFIG, "%s is not a directory's full path", v->at);
	for (size_t k = 0; k < i; k++) {
		if (!strcmp(c->volumes[k].device, v->device))
			return err_set(
			    e, ERR_CONFIG, "%s has two directories", v->device);
		if (!strcmp(c->volumes[k].at, v->at))
			return err_set(
			    e, ERR_CONFIG, "%s has two volumes", v->at);
	}
	return 0;
}

static int
check_bind(const struct bootconf *c, size_t i, struct err *e)
{
	const struct bootconf_bind *b = &c->binds[i];
	bool known = false;

	if (i >= BOOTCONF_BINDS_MAX)
		return err_set(
		    e, ERR_CONFIG, "more than %d binds", BOOTCONF_BINDS_MAX);
	for (size_t k = 0; k < c->volumes_len; k++)
		known |= !strcmp(c->volumes[k].at, b->volume);
	if (!known)
		return err_set(e, ERR_CONFIG, "no volume is at %s", b->volume);
	if (!is_relative(b->subdir))
		return err_set(
		    e, ERR_CONFIG, "%s is not a relative path", b->subdir);
	if (!is_target(b->target))
		return err_set(e, ERR_CONFIG,
		    "%s is not a directory's full path", b->target);
	for (size_t k = 0; k < i; k++)
		if (!strcmp(c->binds[k].target, b->target))
			return err_set(
			    e, ERR_CONFIG, "%s is bound twice", b->target);
	return 0;
}

static int
check_number(const char *what, unsigned long n, unsigned max, struct err *e)
{
	if (n < 1 || n > max)
		return err_set(
		    e, ERR_CONFIG, "%s is not from 1 to %u", what, max);
	return 0;
}

/* --- writer --- */

static void
add_word(struct buf *out, const char *word)
{
	buf_adds(out, " ");
	for (; *word; word++) {
		unsigned char ch = (unsigned char)*word;

		if (ch <= 0x20 || ch == '%' || ch == 0x7f)
			buf_addf(out, "%%%02X", ch);
		else
			buf_add(out, word, 1);
	}
}

int
bootconf_write(const struct bootconf *c, struct buf *out, struct err *e)
{
	size_t start = out->len;

	buf_adds(out, "machine 1\n");
	for (size_t i = 0; i < c->volumes_len; i++) {
		if (check_volume(c, i, e))
			return err_wrap(e, "volume");
		buf_adds(out, "volume");
		add_word(out, c->volumes[i].device);
		add_word(out, c->volumes[i].at);
		buf_adds(out, "\n");
	}
	for (size_t i = 0; i < c->binds_len; i++) {
		if (check_bind(c, i, e))
			return err_wrap(e, "bind");
		buf_adds(out, "bind");
		add_word(out, c->binds[i].volume);
		add_word(out, c->binds[i].subdir);
		add_word(out, c->binds[i].target);
		buf_adds(out, "\n");
	}
	if (c->ports) {
		if (check_number("ports", c->ports, BOOTCONF_PORTS_MAX, e))
			return -1;
		buf_addf(out, "ports %u\n", c->ports);
	}
	if (c->delay_ms) {
		if (check_number("delay", c->delay_ms, BOOTCONF_DELAY_MAX, e))
			return -1;
		buf_addf(out, "delay %u\n", c->delay_ms);
	}
	if (out->len - start > BOOTCONF_MAX)
		return err_set(e, ERR_CONFIG, "more than %zu bytes of volumes",
		    BOOTCONF_MAX);
	return 0;
}

/* --- parser --- */

#define WORDS_MAX 4

struct line {
	char *word[WORDS_MAX];
	size_t words;
};

static void
line_release(struct line *l)
{
	for (size_t i = 0; i < l->words; i++)
		free(l->word[i]);
	*l = (struct line){ .words = 0 };
}
CLEANUP_DEFINE(line, struct line, line_release(p));

static int
hex(char ch)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = ch ? strchr(digits, ch) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The word that fills s[0..n), decoded; NULL if it is not written as we do. */
static char *
decode(const char *s, size_t n)
{
	cleanup(str) char *word = xcalloc(n + 1, 1);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)s[i];
		int high, low;

		if (ch <= 0x20 || ch == 0x7f)
			return NULL;
		if (ch == '%') {
			if (n - i < 3)
				return NULL;
			high = hex(s[i + 1]);
			low = hex(s[i + 2]);
			if (high < 0 || low < 0)
				return NULL;
			ch = (unsigned char)(high * 16 + low);
			if (!ch || (ch > 0x20 && ch != '%' && ch != 0x7f))
				return NULL;
			i += 2;
		}
		word[len++] = (char)ch;
	}
	return len ? STEAL(word) : NULL;
}

static int
split(const char *s, size_t n, struct line *l, struct err *e)
{
	for (;;) {
		const char *space = memchr(s, ' ', n);
		size_t len = space ? (size_t)(space - s) : n;
		char *word = decode(s, len);

		if (!word || l->words == WORDS_MAX) {
			free(word);
			return err_set(e, ERR_CONFIG, "not understood");
		}
		l->word[l->words++] = word;
		if (!space)
			return 0;
		s += len + 1;
		n -= len + 1;
	}
}

static int
number(const char *what, const char *text, unsigned max, unsigned *to,
    struct err *e)
{
	unsigned long n = 0;

	/* No sign, no blank, no leading zero: one way to write it. */
	if (!text[0] || strlen(text) > 5 || text[0] == '0' ||
	    text[strspn(text, "0123456789")])
		return check_number(what, 0, max, e);
	n = strtoul(text, NULL, 10);
	if (check_number(what, n, max, e))
		return -1;
	*to = (unsigned)n;
	return 0;
}

/* The directives in the order in which they may stand. */
enum directive { MACHINE, VOLUME, BIND, PORTS, DELAY, DIRECTIVES };
static const struct {
	const char *name;
	size_t words;
	bool once;
} directives[DIRECTIVES] = {
	[MACHINE] = { "machine", 2, true },
	[VOLUME] = { "volume", 3, false },
	[BIND] = { "bind", 4, false },
	[PORTS] = { "ports", 2, true },
	[DELAY] = { "delay", 2, true },
};

static int
take(struct bootconf *c, enum directive d, const struct line *l, struct err *e)
{
	switch (d) {
	case MACHINE:
		if (strcmp(l->word[1], "1") != 0)
			return err_set(e, ERR_CONFIG, "not of version 1");
		return 0;
	case VOLUME:
		bootconf_add_volume(c, l->word[1], l->word[2]);
		return check_volume(c, c->volumes_len - 1, e);
	case BIND:
		bootconf_add_bind(c, l->word[1], l->word[2], l->word[3]);
		return check_bind(c, c->binds_len - 1, e);
	case PORTS:
		return number(
		    "ports", l->word[1], BOOTCONF_PORTS_MAX, &c->ports, e);
	case DELAY:
		return number(
		    "delay", l->word[1], BOOTCONF_DELAY_MAX, &c->delay_ms, e);
	case DIRECTIVES:
		break;
	}
	return err_set(e, ERR_CONFIG, "not understood");
}

/* One line; *at is the directive that may come next at the earliest. */
static int
parse_line(
    struct bootconf *c, const char *s, size_t n, unsigned *at, struct err *e)
{
	cleanup(line) struct line l = { .words = 0 };
	unsigned d = 0;

	if (split(s, n, &l, e))
		return -1;
	while (d < DIRECTIVES && strcmp(directives[d].name, l.word[0]) != 0)
		d++;
	if (d == DIRECTIVES || l.words != directives[d].words)
		return err_set(e, ERR_CONFIG, "not understood");
	if (d < *at || (*at == MACHINE && d != MACHINE))
		return err_set(
		    e, ERR_CONFIG, "%s in the wrong place", l.word[0]);
	*at = directives[d].once ? d + 1 : d;
	return take(c, (enum directive)d, &l, e);
}

int
bootconf_parse(const char *text, size_t len, struct bootconf *c, struct err *e)
{
	unsigned at = MACHINE, line = 1;

	if (len > BOOTCONF_MAX)
		return err_set(e, ERR_CONFIG,
		    "machine.conf: larger than %zu bytes", BOOTCONF_MAX);
	for (; len; line++) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		if (!end)
			return err_set(
			    e, ERR_CONFIG, "machine.conf:%u: cut off", line);
		if (parse_line(c, text, n, &at, e))
			return err_wrap(e, "machine.conf:%u", line);
		text += n + 1;
		len -= n + 1;
	}
	if (at == MACHINE)
		return err_set(e, ERR_CONFIG, "machine.conf: empty");
	return 0;
}
