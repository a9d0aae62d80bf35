#include "cmd/display.h"

#include "base/buf.h"
#include "base/msg.h"

#define MiB (UINT64_C(1) << 20)

static void printf_like(3, 4)
    row(bool wider, const char *what, const char *fmt, ...)
{
	cleanup(buf) struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	msg_plain("%s %-9s %s", wider ? "!" : " ", what, text.s);
}

static bool
has_env(const struct machinefile *mf, const struct env_var *v)
{
	for (size_t i = 0; mf && i < mf->nenv; i++)
		if (strcmp(mf->env[i].name, v->name) == 0 &&
		    strcmp(mf->env[i].value, v->value) == 0)
			return true;
	return false;
}

static bool
has_port(const struct machinefile *mf, const struct port *p)
{
	for (size_t i = 0; mf && i < mf->nports; i++)
		if (mf->ports[i].guest == p->guest &&
		    mf->ports[i].host == p->host)
			return true;
	return false;
}

static bool
has_step(const struct machinefile *mf, const struct step *s)
{
	for (size_t i = 0; mf && i < mf->nprovision; i++)
		if (mf->provision[i].as == s->as &&
		    strcmp(mf->provision[i].run, s->run) == 0)
			return true;
	return false;
}

static size_t
lines(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p += *p == '\n') {
		p += strcspn(p, "\n");
		n++;
	}
	return n;
}

void
display_capabilities(
    const struct machinefile *mf, const struct machinefile *before)
{
	const struct machinefile *b = before;

	row(!b || strcmp(b->image, mf->image) != 0, "image", "%s", mf->image);
	row(!b || mf->cpus > b->cpus || mf->memory > b->memory ||
		mf->disk > b->disk,
	    "resources", "%u cpus, %llu MiB of memory, %llu MiB of disk",
	    mf->cpus, (unsigned long long)(mf->memory / MiB),
	    (unsigned long long)(mf->disk / MiB));
	row(!b, "files", "this directory, to read and write; nothing else");
	row(!b, "network",
	    "open: the internet, your network, servers on this host");
	for (size_t i = 0; i < mf->nports; i++) {
		const struct port *p = &mf->ports[i];

		row(!has_port(b, p), "port", "127.0.0.1:%u to %u in the VM%s%s",
		    p->host, p->guest, p->label ? ": " : "",
		    p->label ? p->label : "");
	}
	for (size_t i = 0; i < mf->nenv; i++)
		row(!has_env(b, &mf->env[i]), "env", "%s=%s", mf->env[i].name,
		    mf->env[i].value);
	for (size_t i = 0; i < mf->nprovision; i++) {
		const struct step *s = &mf->provision[i];

		row(!has_step(b, s), "script",
		    "step %zu%s%s, %zu line%s, run in the VM as %s", i + 1,
		    s->name ? " " : "", s->name ? s->name : "", lines(s->run),
		    lines(s->run) == 1 ? "" : "s",
		    s->as == STEP_ROOT ? "root" : "you");
	}
}

static void
display_text(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;
		cleanup(buf) struct buf line = BUF_INIT;

		msg_scrub(&line, text, (size_t)(stop - text), false);
		msg_plain("  | %s", line.s);
		text = nl ? nl + 1 : end;
	}
}

void
display_file(const char *root, const struct snapshot_file *now,
    const struct snapshot_file *before)
{
	if (before && before->len == now->len &&
	    memcmp(before->bytes, now->bytes, now->len) == 0) {
		msg_plain("%s/%s is as you allowed it", root, now->name);
		return;
	}
	msg_plain("%s/%s%s:", root, now->name,
	    before ? ", changed since you allowed it" : "");
	display_text(now->bytes, now->len);
	if (!now->len)
		msg_plain("  (empty)");
}
