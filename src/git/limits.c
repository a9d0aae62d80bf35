#include "git/limits.h"

#include <sys/resource.h>

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

int
limits_set(struct err *e)
{
	static char *nothing[] = { NULL };
	static const struct {
		int what;
		rlim_t value;
		bool not_sanitized;
	} limits[] = {
		{ RLIMIT_CORE, 0, false },
		{ RLIMIT_FSIZE, 0, false },
		{ RLIMIT_CPU, LIMIT_SECONDS, false },
		{ RLIMIT_NOFILE, 256, false },
		{ RLIMIT_AS, (rlim_t)1 << 30, true },
		{ RLIMIT_NPROC, 0, true },
	};

	environ = nothing;
	(void)alarm(LIMIT_SECONDS);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct rlimit r;

		if (SANITIZED && limits[i].not_sanitized)
			continue;
		if (getrlimit(limits[i].what, &r))
			return err_sys(e, "cannot look at the limits");
		if (r.rlim_max > limits[i].value)
			r.rlim_max = limits[i].value;
		r.rlim_cur = r.rlim_max;
		if (setrlimit(limits[i].what, &r))
			return err_sys(e, "cannot set the limits");
	}
	return 0;
}
