#ifndef BASE_OS_H
#define BASE_OS_H

#include <sys/types.h>

#include <spawn.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * What differs between Linux and macOS, one implementation each in os_linux.c
 * and os_darwin.c. No other file has an #ifdef for a system.
 */

unsigned os_cpus(void);
uint64_t os_memory(void); /* bytes */
const char *os_arch(void); /* Lima's word: x86_64, aarch64; "" if unknown */

/* The file of our own program, absolute; false if it cannot be told. */
bool os_self(struct buf *path);

/* What Lima uses here: "qemu" or "vz". */
const char *os_vm_type(void);

/*
 * Can a virtual machine use the processor's virtualization? Tried, not
 * guessed: a device node that exists but cannot be opened is what breaks
 * Lima. When not, the reason is appended to *why.
 */
bool os_accelerated(struct buf *why);

/*
 * When did this process start, in seconds since the epoch? -1 if there is no
 * such process. With the time of a pid file it tells a process from another
 * one that has got its number since.
 */
int64_t os_process_start(pid_t pid);

/* Does this text stand in the process's arguments? */
bool os_process_mentions(pid_t pid, const char *text);

/*
 * Wait until the process has gone, at most this long; true if it has. It need
 * not be a child. No polling.
 */
bool os_wait_gone(pid_t pid, int timeout_ms);

/* A pipe whose ends no child inherits. As pipe(2). */
int os_pipe(int fd[2]);

/* Attributes by which a spawned child gets no other descriptor. */
short os_spawn_flags(void);
/* "The child keeps this descriptor." Returns an error number. */
int os_spawn_keep(posix_spawn_file_actions_t *fa, int fd);

/* A copy of a file that shares its blocks where the file system can do that. */
int os_clone(const char *from, const char *to, struct err *e) must_check;
/*
 * A descriptor that can be read when somebody has made a file in this directory
 * or closed one that was open for writing. -1 if that cannot be had: look
 * again from time to time.
 */
int os_watch(const char *dir);

/* fsync() that reaches the medium. */
int os_sync(int fd);

/*
 * Where certificate authorities are that were added to this host: directories,
 * NULL-terminated; or, where they are no files, the program that prints them,
 * as an argument vector, and NULL elsewhere.
 */
const char *const *os_ca_dirs(void);
const char *const *os_ca_program(void);

#endif
