#ifndef GUEST_CIDATA_H
#define GUEST_CIDATA_H

#include "base/err.h"

/*
 * What Lima 2 hands a Linux guest on its disk labelled cidata: lima.env
 * (NAME=value lines), meta-data and user-data (cloud-init's, in the fixed shape
 * of Lima's template). Pure: texts in, values out. Sizes are limited, and every
 * value has been judged: nothing in here can add a line to /etc/passwd.
 */
#define CIDATA_TEXT_MAX ((size_t)256 * 1024)
#define CIDATA_MOUNTS_MAX 64
#define CIDATA_KEYS_MAX 64

struct cidata_mount {
	char *tag;
	char *at; /* absolute, without "." and ".." */
	char *type; /* 9p or virtiofs */
	char *options; /* separated by commas; may be empty */
};

struct cidata {
	/* lima.env; "" where there is none */
	char *iid, *user, *comment, *home, *shell, *vm_type;
	char *address, *gateway, *dns; /* IPv4 */
	char *virtio_port;
	unsigned uid, vsock_port;
	bool sudo; /* without a password */
	/* meta-data */
	char *hostname;
	/* user-data */
	char *timezone;
	struct cidata_mount mounts[CIDATA_MOUNTS_MAX];
	size_t mounts_len;
	char *keys[CIDATA_KEYS_MAX];
	size_t keys_len;
	const char *unsupported; /* a key of user-data that nobody acts on */
};

void cidata_init(struct cidata *c);
void cidata_release(struct cidata *c);
CLEANUP_DEFINE(cidata, struct cidata, cidata_release(p));

/* Each text must be NUL-terminated as well as len bytes long. */
int cidata_env(
    struct cidata *c, const char *text, size_t len, struct err *e) must_check;
int cidata_meta_data(
    struct cidata *c, const char *text, size_t len, struct err *e) must_check;
int cidata_user_data(
    struct cidata *c, const char *text, size_t len, struct err *e) must_check;

#endif
