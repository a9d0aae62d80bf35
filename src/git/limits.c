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
lower(struct rlimit *r, rlim_t value)
{
	if (r->rlim_max > value)
		r->rlim_max = value;
	r->rlim_cur = r->rlim_max;
	return r;
}

/* Below the hard limit, at which there is SIGKILL and not SIGXCPU. */
static struct rlimit *
lower_cpu(struct rlimit *r)
{
	lower(r, LIMIT_SECONDS + 1);
	if (r->rlim_cur > LIMIT_SECONDS)
		r->rlim_cur = LIMIT_SECONDS;
	return r;
}

/* Not a function: what names a limit has another type on every system. */
#define LIMIT(what, value) \
	(getrlimit(what, &r) || setrlimit(what, lower(&r, value)))

int
limits_set(struct err *e)
{
	static char *nothing[] = { NULL };
	struct rlimit r;

	environ = nothing;
	(void)alarm(LIMIT_SECONDS);
	if (!SANITIZED) { /* and not every system has these two */
		(void)LIMIT(RLIMIT_AS, MEMORY_MAX);
		(void)LIMIT(RLIMIT_NPROC, 0);
	}
	if (LIMIT(RLIMIT_CORE, 0) || LIMIT(RLIMIT_FSIZE, 0) ||
	    getrlimit(RLIMIT_CPU, &r) || setrlimit(RLIMIT_CPU, lower_cpu(&r)) ||
	    LIMIT(RLIMIT_NOFILE, 256))
		return err_sys(e, "cannot set the limits");
	return 0;
}
