#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

/*
 * Why an operation failed, in words meant for the user. The caller owns the
 * struct (normally on its stack, set to ERR_INIT); it holds no heap memory,
 * so it can be dropped at any point without being released.
 *
 * Every function that can fail for a reason worth telling takes a
 * `struct err *` as its last argument and returns 0, or -1 with it filled in
 * (after 0 its contents mean nothing).
 * Only the dispatcher prints it, and only main() exits.
 */
enum err_code {
	ERR_NONE,
	ERR_USAGE, /* the command line is wrong */
	ERR_SYS, /* a system call failed; .sys is errno */
	ERR_CONFIG, /* the Machinefile or our own state is wrong */
	ERR_UNTRUSTED, /* the user has not allowed this Machinefile */
	ERR_BACKEND /* limactl failed or said something unexpected */
};

struct err {
	enum err_code code;
	int sys;
	char msg[2048];
};
#define ERR_INIT                 \
	{                        \
		.code = ERR_NONE \
	}

/* Fill in *e; always returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    printf_like(3, 4);
/* The same, with errno's meaning appended. */
int err_sys(struct err *e, const char *fmt, ...) printf_like(2, 3);
/* Put "context: " in front of what is already there. */
int err_wrap(struct err *e, const char *fmt, ...) printf_like(2, 3);

#endif
