#include "host/settings.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/os.h"

int
settings_complain(struct err *e, const char *path, const struct diags *d)
{
	cleanup(buf) struct buf text = BUF_INIT;

	for (size_t i = 0; i < d->count && i < DIAG_MAX; i++)
		buf_addf(&text, "%s%s:%u:%u: %s", i ? "\n" : "", path,
		    d->at[i].line, d->at[i].column, d->at[i].text);
	if (d->count > DIAG_MAX)
		buf_addf(&text, "\nand %zu more", d->count - DIAG_MAX);
	return err_set(e, ERR_CONFIG, "%s", text.s);
}

struct config *
settings_load(const struct paths *p, struct err *e)
{
	cleanup(str) char *path = path_join(p->config, "config.yaml");
	cleanup(str) char *text = NULL;
	struct diags d = { .count = 0 };
	struct config *c;
	size_t len = 0;

	if (fs_read(AT_FDCWD, path, CONFIG_MAX, &text, &len, e) &&
	    e->sys != ENOENT)
		return NULL;
	*e = (struct err)ERR_INIT;
	c = config_parse(text, len, &d);
	if (!c)
		settings_complain(e, path, &d);
	return c;
}

struct limits
settings_limits(const struct config *c)
{
	struct limits l = { .cpus = os_cpus(),
		.memory = os_memory(),
		.ports = c->limit_ports,
		.nports = c->nlimit_ports };

	if (c->limit_cpus && c->limit_cpus < l.cpus)
		l.cpus = c->limit_cpus;
	if (c->limit_memory && c->limit_memory < l.memory)
		l.memory = c->limit_memory;
	return l;
}
