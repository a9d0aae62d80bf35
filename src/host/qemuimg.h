#ifndef HOST_QEMUIMG_H
#define HOST_QEMUIMG_H

#include "host/lima.h"

/*
 * qemu-img, which makes and changes disks; lima_find() has seen that it is
 * there. The words are ours and the files' absolute paths, NULL-terminated and
 * without the name of the program. `what` follows "cannot " in the message.
 */
int qemuimg(const struct lima *l, const char *const *words, const char *what,
    struct err *e) must_check;

/* What the header of a qcow2 disk says; false if it is none. */
struct qcow2 {
	uint64_t size; /* bytes that the guest sees */
	bool backed; /* it rests on another file, which its header names */
	bool outside; /* its data are in another file */
};
bool qcow2_read(struct qcow2 *q, int fd) must_check;
/* The name of the file that it rests on; malloc'ed, or NULL. */
char *qcow2_backing(int fd);

#endif
