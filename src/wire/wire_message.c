#include "wire/pack.h"

void
wire_exec_pack(struct wire_pack *k, const struct wire_exec *x)
{
	wire_pack_u32(k, x->flags);
	wire_pack_u16(k, x->rows);
	wire_pack_u16(k, x->cols);
	wire_pack_str(k, x->cwd);
	wire_pack_list(k, x->argv);
	wire_pack_list(k, x->env);
}

static bool
all_assignments(const char **env)
{
	for (; env && *env; env++)
		if (**env == '=' || !strchr(*env, '='))
			return false;
	return true;
}

int
wire_exec_read(struct wire_exec *x, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };

	*x = (struct wire_exec){ .flags = unpack_u32(&u) };
	x->rows = unpack_u16(&u);
	x->cols = unpack_u16(&u);
	x->cwd = unpack_str(&u);
	x->argv = unpack_list(&u);
	x->env = unpack_list(&u);
	if (unpack_end(&u) || x->flags & ~WIRE_EXEC_FLAGS || !x->argv[0])
		return -1;
	if ((*x->cwd && *x->cwd != '/') || !all_assignments(x->env))
		return -1;
	return 0;
}

void
wire_exec_release(struct wire_exec *x)
{
	free(x->argv);
	free(x->env);
	x->argv = x->env = NULL;
}

void
wire_line_pack(struct wire_pack *k, const struct wire_line *x)
{
	wire_pack_u16(k, x->rows);
	wire_pack_u16(k, x->cols);
	wire_pack_u8(k, x->status);
	wire_pack_str(k, x->session);
	wire_pack_str(k, x->kind);
	wire_pack_str(k, x->term);
	wire_pack_str(k, x->cwd);
	wire_pack_str(k, x->aliases);
	wire_pack_str(k, x->text);
	wire_pack_list(k, x->env);
}

/* A file name of its own, never "." or "..". */
static bool
good_session(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-";

	return *s && *s != '.' && strlen(s) <= WIRE_SESSION_MAX &&
	       !s[strspn(s, ok)];
}

int
wire_line_read(struct wire_line *x, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };

	*x = (struct wire_line){ .rows = unpack_u16(&u) };
	x->cols = unpack_u16(&u);
	x->status = (uint8_t)unpack_number(&u, 1);
	x->session = unpack_str(&u);
	x->kind = unpack_str(&u);
	x->term = unpack_str(&u);
	x->cwd = unpack_str(&u);
	x->aliases = unpack_str(&u);
	x->text = unpack_str(&u);
	x->env = unpack_list(&u);
	if (unpack_end(&u) || !good_session(x->session) || *x->cwd != '/' ||
	    !all_assignments(x->env))
		return -1;
	return strcmp(x->kind, "zsh") == 0 || strcmp(x->kind, "bash") == 0 ||
		       strcmp(x->kind, "fish") == 0
		   ? 0
		   : -1;
}

void
wire_line_release(struct wire_line *x)
{
	free(x->env);
	x->env = NULL;
}

void
wire_greeting_pack(struct wire_pack *k, const struct wire_greeting *x)
{
	wire_pack_u32(k, x->version);
	wire_pack_str(k, x->agent);
	wire_pack_str(k, x->boot);
	wire_pack_str(k, x->problems);
}

int
wire_greeting_read(struct wire_greeting *x, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };

	*x = (struct wire_greeting){ unpack_u32(&u), "", "", "" };
	if (x->version != WIRE_VERSION)
		return u.bad ? -1 : 0;
	x->agent = unpack_str(&u);
	x->boot = unpack_str(&u);
	x->problems = unpack_str(&u);
	return unpack_end(&u);
}

void
wire_exit_pack(struct wire_pack *k, const struct wire_exit *x)
{
	wire_pack_u32(k, x->how);
	wire_pack_u32(k, x->number);
	wire_pack_u32(k, x->flags);
	wire_pack_u32(k, x->taken);
	wire_pack_str(k, x->cwd);
	wire_pack_str(k, x->text);
}

static bool
good_number(const struct wire_exit *x)
{
	switch (x->how) {
	case WIRE_EXITED:
		return x->number <= 255;
	case WIRE_SIGNALED:
		return x->number >= 1 && x->number <= 64;
	case WIRE_NOT_RUN:
		return x->number >= 125 && x->number <= 127;
	case WIRE_CLOSED:
		return x->number == 0;
	}
	return false;
}

int
wire_exit_read(struct wire_exit *x, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };
	uint32_t how = unpack_u32(&u);

	*x = (struct wire_exit){ .number = unpack_u32(&u) };
	x->flags = unpack_u32(&u);
	x->taken = unpack_u32(&u);
	x->cwd = unpack_str(&u);
	x->text = unpack_str(&u);
	if (unpack_end(&u) || how > WIRE_CLOSED || x->flags & ~WIRE_EXIT_FLAGS)
		return -1;
	x->how = how;
	return good_number(x) ? 0 : -1;
}

int
wire_exit_status(const struct wire_exit *x)
{
	switch (x->how) {
	case WIRE_EXITED:
	case WIRE_NOT_RUN:
		return (int)x->number;
	case WIRE_SIGNALED:
		return 128 + (int)x->number;
	case WIRE_CLOSED:
		break;
	}
	return 125;
}

void
wire_stats_pack(struct wire_pack *k, const struct wire_stats *x)
{
	wire_pack_u64(k, x->now);
	wire_pack_u64(k, x->last_active);
	wire_pack_u32(k, x->running);
	wire_pack_u32(k, x->sessions);
	wire_pack_u32(k, x->sessions_with_jobs);
	wire_pack_u32(k, x->connections);
	wire_pack_u64(k, x->commands);
	wire_pack_u64(k, x->lines);
	wire_pack_u64(k, x->lost);
	wire_pack_u32(k, x->load);
	wire_pack_u32(k, x->fds);
	wire_pack_u32(k, x->rss_kib);
}

int
wire_stats_read(struct wire_stats *x, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };

	*x = (struct wire_stats){ .now = unpack_number(&u, 8) };
	x->last_active = unpack_number(&u, 8);
	x->running = unpack_u32(&u);
	x->sessions = unpack_u32(&u);
	x->sessions_with_jobs = unpack_u32(&u);
	x->connections = unpack_u32(&u);
	x->commands = unpack_number(&u, 8);
	x->lines = unpack_number(&u, 8);
	x->lost = unpack_number(&u, 8);
	x->load = unpack_u32(&u);
	x->fds = unpack_u32(&u);
	x->rss_kib = unpack_u32(&u);
	return unpack_end(&u);
}

void
wire_credit_pack(struct wire_pack *k, enum wire_type type, uint32_t n)
{
	wire_pack_u32(k, type);
	wire_pack_u32(k, n);
}

int
wire_credit_read(
    enum wire_type *type, uint32_t *credit, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };
	uint32_t t = unpack_u32(&u);

	*credit = unpack_u32(&u);
	*type = t == WIRE_STDIN || t == WIRE_STDERR ? t : WIRE_STDOUT;
	/* More than the window is never open. */
	return unpack_end(&u) || t != *type || *credit > WIRE_WINDOW ? -1 : 0;
}

void
wire_winch_pack(struct wire_pack *k, uint16_t rows, uint16_t cols)
{
	wire_pack_u16(k, rows);
	wire_pack_u16(k, cols);
}

int
wire_winch_read(
    uint16_t *rows, uint16_t *cols, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };

	*rows = unpack_u16(&u);
	*cols = unpack_u16(&u);
	return unpack_end(&u);
}

int
wire_u32_read(uint32_t *v, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };

	*v = unpack_u32(&u);
	return unpack_end(&u);
}

int
wire_str_read(const char **s, const unsigned char *p, size_t n)
{
	struct unpack u = { p, n, false };

	*s = unpack_str(&u);
	return unpack_end(&u);
}
