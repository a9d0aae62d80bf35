#include "core/config.h"

#include "base/utf8.h"
#include "core/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
promise(bool kept)
{
	if (!kept)
		abort(); /* config.h says otherwise */
}

static void
check_line(const char *s)
{
	size_t len = strlen(s), step;

	for (size_t i = 0; i < len; i += step)
		promise(utf8_printable(utf8_next(s + i, len - i, &step)));
	promise(!strstr(s, "{{"));
}

static void
check_path(const char *s)
{
	check_line(s);
	promise(s[0] == '/' && strlen(s) <= CONFIG_PATH_MAX);
	promise(!strstr(s, "://"));
}

static void
check_image(const struct config *c, const struct config_image *ci)
{
	struct image image;

	check_path(ci->path);
	promise(ci->kernel || (!ci->initrd && !ci->cmdline));
	if (ci->kernel)
		check_path(ci->kernel);
	if (ci->initrd)
		check_path(ci->initrd);
	promise(image_from_config(&image, c, ci->alias, "x86_64"));
	promise(strcmp(image.location, ci->path) == 0);
	promise(!image.kernel == !image.cmdline && !image.digest);
	if (image.cmdline)
		check_line(image.cmdline);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags d = { .count = 0 };
	cleanup(buf) struct buf names = BUF_INIT;
	cleanup(config) struct config *c = config_parse(
	    (const char *)data, size, &d);

	promise(!c == !!d.count);
	for (size_t i = 0; i < d.count && i < DIAG_MAX; i++)
		promise(utf8_valid(d.at[i].text, strlen(d.at[i].text)));
	if (!c)
		return 0;
	promise(c->limit_cpus <= 4096);
	promise(!c->limit_memory || c->limit_memory >= 512u << 20);
	promise(c->autostart <= AUTOSTART_NEVER);
	promise(c->accelerator <= ACCEL_TCG && c->vm_type <= VM_TYPE_VZ);
	promise(c->limit_running <= 1024);
	promise(c->nlimit_ports <= CONFIG_PORTS_MAX);
	for (size_t i = 0; i < c->nlimit_ports; i++)
		promise(c->limit_ports[i].from >= 1024 &&
			c->limit_ports[i].from <= c->limit_ports[i].to);
	promise(c->nprojects <= CONFIG_PROJECTS_MAX);
	for (size_t i = 0; i < c->nprojects; i++) {
		check_line(c->projects[i].path);
		promise(c->projects[i].path[0] == '/' ||
			strncmp(c->projects[i].path, "~/", 2) == 0);
		promise(c->projects[i].cpus <= 4096);
	}
	promise(config_unbuilt(c, &names) == (names.len > 0));
	for (size_t i = 0; c->host_commands[i]; i++)
		promise(c->host_commands[i][0] &&
			!strpbrk(c->host_commands[i], " /\t'\"$;&|"));
	for (size_t i = 0; i < c->nimages; i++)
		check_image(c, &c->images[i]);
	return 0;
}
