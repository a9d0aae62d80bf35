#include "git/limits.h"

#include <sys/resource.h>

#define MEMORY_MAX ((rlim_t)1 << 30)

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* Its shadow memory is beyond any limit, its leak check is a process. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

extern char **environ;

/* Never up: what our caller took away stays away. */
static struct rlimit *
lower(struct rlimit *r, rlim_t soft, rlim_t hard)
{
	if (r->rlim_max > hard)
		r->rlim_max = hard;
	r->rlim_cur = r->rlim_max < soft ? r->rlim_max : soft;
	return r;
}

/* Not a function: what names a limit has another type on every system. */
#define LIMIT(what, soft, hard) \
	(getrlimit(what, &r) || setrlimit(what, lower(&r, soft, hard)))

int
limits_set(struct err *e)
{
	static char *nothing[] = { NULL };
	struct rlimit r;

	environ = nothing;
	(void)alarm(LIMIT_SECONDS);
	if (!SANITIZED) { /* and not every system has these two */
		(void)LIMIT(RLIMIT_AS, MEMORY_MAX, MEMORY_MAX);
		(void)LIMIT(RLIMIT_NPROC, 0, 0);
	}
	/* At the hard limit of the time there is SIGKILL, which says less. */
	if (LIMIT(RLIMIT_CORE, 0, 0) || LIMIT(RLIMIT_FSIZE, 0, 0) ||
	    LIMIT(RLIMIT_CPU, LIMIT_SECONDS, LIMIT_SECONDS + 1) ||
	    LIMIT(RLIMIT_NOFILE, 256, 256))
		return err_sys(e, "cannot set the limits");
	return 0;
}
