#include "guest/cidata.h"

#include "guest/cidata_words.h"

#define LINE_MAX_ ((size_t)8192)

void
cidata_init(struct cidata *c)
{
	*c = (struct cidata){ .uid = 0 };
	c->iid = xstrdup("");
	c->user = xstrdup("");
	c->comment = xstrdup("");
	c->home = xstrdup("");
	c->shell = xstrdup("");
	c->vm_type = xstrdup("");
	c->address = xstrdup("");
	c->gateway = xstrdup("");
	c->dns = xstrdup("");
	c->virtio_port = xstrdup("");
	c->hostname = xstrdup("");
	c->timezone = xstrdup("");
}

void
cidata_release(struct cidata *c)
{
	free(c->iid);
	free(c->user);
	free(c->comment);
	free(c->home);
	free(c->shell);
	free(c->vm_type);
	free(c->address);
	free(c->gateway);
	free(c->dns);
	free(c->virtio_port);
	free(c->hostname);
	free(c->timezone);
	for (size_t i = 0; i < c->mounts_len; i++) {
		free(c->mounts[i].tag);
		free(c->mounts[i].at);
		free(c->mounts[i].type);
		free(c->mounts[i].options);
	}
	for (size_t i = 0; i < c->keys_len; i++)
		free(c->keys[i]);
	*c = (struct cidata){ .uid = 0 };
}

/* --- lines --- */

struct lines {
	const char *name; /* of the file, for messages */
	const char *at;
	size_t left;
	unsigned number;
};

static int
lines_start(struct lines *l, const char *name, const char *text, size_t len,
    struct err *e)
{
	*l = (struct lines){ .name = name, .at = text, .left = len };
	if (len > CIDATA_TEXT_MAX)
		return err_set(e, ERR_CONFIG, "%s is larger than %zu bytes",
		    name, CIDATA_TEXT_MAX);
	if (memchr(text, '\0', len))
		return err_set(e, ERR_CONFIG, "%s has a NUL in it", name);
	return 0;
}

/* The next line, malloc'ed, without its end; NULL after the last. */
static char *
lines_next(struct lines *l)
{
	const char *end;
	size_t n;
	char *line;

	if (!l->left)
		return NULL;
	end = memchr(l->at, '\n', l->left);
	n = end ? (size_t)(end - l->at) : l->left;
	line = xcalloc(n + 1, 1);
	memcpy(line, l->at, n);
	if (n && line[n - 1] == '\r')
		line[n - 1] = '\0';
	l->at += n + (end != NULL);
	l->left -= n + (end != NULL);
	l->number++;
	return line;
}

static void
set(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
}

/* --- lima.env --- */

enum kind { TEXT, WORD, USER, PATH, ADDRESS, NUMBER, FLAG };

static int
judge(enum kind kind, const char *value)
{
	switch (kind) {
	case TEXT: /* a field of /etc/passwd */
		return word_is_field(value);
	case WORD:
		return !*value || word_is_plain(value, 128);
	case USER:
		return word_is_user(value);
	case PATH:
		return word_is_path(value) && word_is_field(value);
	case ADDRESS:
		return !*value || word_is_address(value);
	case NUMBER:
		return word_is_number(value);
	case FLAG:
		return !*value || !strcmp(value, "1");
	}
	return false;
}

static int
take_variable(struct cidata *c, const char *name, const char *value,
    uint32_t *seen, struct err *e)
{
	const struct {
		const char *name;
		enum kind kind;
		char **text;
		unsigned *number;
		bool *flag;
	} known[] = {
		{ "IID", WORD, &c->iid, NULL, NULL },
		{ "USER", USER, &c->user, NULL, NULL },
		{ "UID", NUMBER, NULL, &c->uid, NULL },
		{ "COMMENT", TEXT, &c->comment, NULL, NULL },
		{ "HOME", PATH, &c->home, NULL, NULL },
		{ "SHELL", PATH, &c->shell, NULL, NULL },
		{ "VMTYPE", WORD, &c->vm_type, NULL, NULL },
		{ "SLIRP_IP_ADDRESS", ADDRESS, &c->address, NULL, NULL },
		{ "SLIRP_GATEWAY", ADDRESS, &c->gateway, NULL, NULL },
		{ "SLIRP_DNS", ADDRESS, &c->dns, NULL, NULL },
		{ "VIRTIO_PORT", WORD, &c->virtio_port, NULL, NULL },
		{ "VSOCK_PORT", NUMBER, NULL, &c->vsock_port, NULL },
		{ "PASSWORDLESS_SUDO", FLAG, NULL, NULL, &c->sudo },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		if (*seen & (uint32_t)1 << i)
			return err_set(e, ERR_CONFIG, "%s twice", name);
		*seen |= (uint32_t)1 << i;
		if (!judge(known[i].kind, value))
			return err_set(
			    e, ERR_CONFIG, "%s has an unusable value", name);
		if (known[i].text)
			set(known[i].text, value);
		else if (known[i].number)
			*known[i].number = (unsigned)strtoul(value, NULL, 10);
		else
			*known[i].flag = *value != '\0';
	}
	return 0;
}

int
cidata_env(struct cidata *c, const char *text, size_t len, struct err *e)
{
	static const char prefix[] = "LIMA_CIDATA_";
	uint32_t seen = 0;
	struct lines l;

	if (lines_start(&l, "lima.env", text, len, e))
		return -1;
	for (;;) {
		cleanup(str) char *line = lines_next(&l);
		char *value;

		if (!line)
			break;
		value = strchr(line, '=');
		if (strlen(line) > LINE_MAX_)
			return err_set(e, ERR_CONFIG,
			    "lima.env:%u: line too long", l.number);
		if (!value || strncmp(line, prefix, sizeof(prefix) - 1) != 0)
			continue;
		*value++ = '\0';
		if (take_variable(
			c, line + sizeof(prefix) - 1, value, &seen, e))
			return err_wrap(e, "lima.env:%u", l.number);
	}
	if (!*c->user || !*c->home || !*c->shell || !*c->iid || !c->uid)
		return err_set(e, ERR_CONFIG,
		    "lima.env lacks one of IID, USER, UID, HOME and SHELL");
	return 0;
}

int
cidata_meta_data(struct cidata *c, const char *text, size_t len, struct err *e)
{
	static const char key[] = "local-hostname: ";
	struct lines l;

	if (lines_start(&l, "meta-data", text, len, e))
		return -1;
	for (;;) {
		cleanup(str) char *line = lines_next(&l);

		if (!line)
			return 0;
		if (strncmp(line, key, sizeof(key) - 1) != 0)
			continue;
		if (!word_is_hostname(line + sizeof(key) - 1))
			return err_set(e, ERR_CONFIG,
			    "meta-data:%u: unusable host name", l.number);
		set(&c->hostname, line + sizeof(key) - 1);
	}
}

/* --- user-data --- */

static int
take_mount(struct cidata *c, char *line, struct err *e)
{
	struct cidata_mount m = { .tag = NULL };

	if (c->mounts_len == CIDATA_MOUNTS_MAX)
		return err_set(
		    e, ERR_CONFIG, "more than %d mounts", CIDATA_MOUNTS_MAX);
	if (!word_split_mount(line, &m.tag, &m.at, &m.type, &m.options))
		return err_set(e, ERR_CONFIG, "not a mount as Lima writes it");
	if (!word_is_plain(m.tag, 128) || !word_is_path(m.at) ||
	    (strcmp(m.type, "9p") != 0 && strcmp(m.type, "virtiofs") != 0) ||
	    strlen(m.options) > 1024)
		return err_set(e, ERR_CONFIG, "unusable mount");
	c->mounts[c->mounts_len++] = (struct cidata_mount){
		.tag = xstrdup(m.tag),
		.at = xstrdup(m.at),
		.type = xstrdup(m.type),
		.options = xstrdup(m.options),
	};
	return 0;
}

static int
take_key(struct cidata *c, char *text, struct err *e)
{
	if (c->keys_len == CIDATA_KEYS_MAX)
		return err_set(
		    e, ERR_CONFIG, "more than %d keys", CIDATA_KEYS_MAX);
	if (!word_unquote(text) || !word_is_key(text))
		return err_set(e, ERR_CONFIG, "unusable ssh key");
	c->keys[c->keys_len++] = xstrdup(text);
	return 0;
}

/* A line that begins a section of its own, at the left margin. */
static int
take_top(struct cidata *c, const char *line, struct err *e)
{
	static const char zone[] = "timezone: ";
	static const char *const unsupported[] = { "ca_certs:",
		"package_upgrade:" };

	for (size_t i = 0; i < ARRAY_LEN(unsupported); i++)
		if (!strncmp(line, unsupported[i], strlen(unsupported[i])))
			c->unsupported = unsupported[i];
	if (strncmp(line, zone, sizeof(zone) - 1) != 0)
		return 0;
	line += sizeof(zone) - 1;
	if (!word_is_zone(line))
		return err_set(e, ERR_CONFIG, "unusable time zone");
	set(&c->timezone, line);
	return 0;
}

int
cidata_user_data(struct cidata *c, const char *text, size_t len, struct err *e)
{
	static const char key[] = "      - ";
	enum { NOWHERE, MOUNTS, USERS, KEYS } section = NOWHERE;
	struct lines l;

	if (lines_start(&l, "user-data", text, len, e))
		return -1;
	for (;;) {
		cleanup(str) char *line = lines_next(&l);
		int rc = 0;

		if (!line)
			return 0;
		if (!*line || *line == '#')
			continue;
		if (*line != ' ' && *line != '-') {
			section = !strcmp(line, "mounts:")  ? MOUNTS
				  : !strcmp(line, "users:") ? USERS
							    : NOWHERE;
			rc = take_top(c, line, e);
		} else if (section == MOUNTS) {
			rc = take_mount(c, line, e);
		} else if (section == USERS &&
			   !strcmp(line, "    ssh-authorized-keys:")) {
			section = KEYS;
		} else if (section == KEYS) {
			if (!strncmp(line, key, sizeof(key) - 1))
				rc = take_key(c, line + sizeof(key) - 1, e);
			else
				section = USERS;
		}
		if (rc)
			return err_wrap(e, "user-data:%u", l.number);
	}
}
