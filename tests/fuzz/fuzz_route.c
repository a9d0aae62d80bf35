#include "core/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* May a line that is the host's contain a separator? These two forms may. */
static bool
is_special(const char *typed, const char *expanded)
{
	const char *e = expanded ? expanded + strspn(expanded, " \t\n") : "";

	typed += strspn(typed, " \t\n");
	if (strncmp(typed, "@host", 5) == 0)
		return true;
	return strncmp(*e ? e : typed, "history", 7) == 0 &&
	       !strpbrk(e, "\n;&<>`$(){}") && !strpbrk(typed, "\n;&<>`$(){}");
}

static void
promise(bool kept)
{
	if (!kept)
		abort();
}

static void
check_route(const struct route_query *q)
{
	cleanup(buf) struct buf dir = BUF_INIT;
	const char *typed = q->typed + strspn(q->typed, " \t");

	switch (route(q, &dir)) {
	case ROUTE_GUEST:
		promise(dir.len == 0);
		break;
	case ROUTE_HOST:
		promise(dir.len == 0);
		promise(!strpbrk(q->typed + strspn(q->typed, " \t\n"),
			    "\n;|&<>`(){}") ||
			is_special(q->typed, q->expanded));
		break;
	case ROUTE_LEAVE:
		promise(strncmp(typed, "cd", 2) == 0 ||
			strncmp(typed, "pushd", 5) == 0 || *typed == '\n');
		promise(*dir.s == '/');
		route_normalize(&dir);
		promise(*dir.s == '/' && dir.len == strlen(dir.s));
		promise(!strstr(dir.s, "//") && !strstr(dir.s, "/../"));
		promise(!route_is_under(dir.s, q->root));
		break;
	}
}

/* What must hold for every input, not only "it does not crash". */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const users[] = { "deploy", "", NULL };
	cleanup(str) char *typed = NULL, *expanded = NULL;
	const uint8_t *cut;
	const char *rest;
	uint8_t flags;

	if (size < 1)
		return 0;
	/* flags, the line, perhaps a newline-free 0xff and the expanded line */
	flags = *data++;
	size--;
	cut = memchr(data, 0xff, size);
	typed = xcalloc(size + 1, 1);
	memcpy(typed, data, cut ? (size_t)(cut - data) : size);
	if (cut) {
		expanded = xcalloc(size + 1, 1);
		memcpy(expanded, cut + 1, size - (size_t)(cut + 1 - data));
	}
	check_route(&(struct route_query){ .typed = typed,
	    .expanded = expanded,
	    .cwd = flags & 8 ? "/lnk" : "/w/proj/sub",
	    .root = "/w/proj",
	    .home = flags & 16 ? "rel" : "/home/u",
	    .oldpwd = flags & 32 ? NULL : "/w/old",
	    .shell = (enum route_shell)(flags % 3),
	    .jobs = flags & 64,
	    .autocd = flags & 128,
	    .host_commands = users });
	rest = route_rest(typed, "/w", "/w/proj", "/home/u");
	promise(!rest || (rest > typed && rest <= typed + strlen(typed)));
	return 0;
}
