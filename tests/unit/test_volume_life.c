#include "base/base.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/fs.h"
#include "host/volume.h"
#include "tests/tap.h"

/*
 * Volumes from their making to their end, with the stand-in for qemu-img and
 * VMs that are no more than a pid file: ours, which lives.
 */
#define MiB (UINT64_C(1) << 20)
#define DISKS "data/lima/_disks/"

static char top[] = "/tmp/machine-test-XXXXXX";
static struct paths paths;
static struct lima lima;
static struct err e;

/* Below top; the caller frees it. */
static char *
below(const char *path)
{
	return path_join(top, path);
}

static bool
there(const char *path)
{
	cleanup(str) char *full = below(path);
	struct stat st;

	return lstat(full, &st) == 0;
}

static void
write_file(const char *path, const char *text)
{
	cleanup(str) char *full = below(path);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(
	    fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	fd_close(fd);
}

static void
make_dir(const char *path)
{
	cleanup(str) char *full = below(path);
	struct err ignored = ERR_INIT;

	fd_close(fs_private_dir(full, &ignored));
	CHECK(there(path));
}

/* What a start of the project 12 at /p does; the message, or "". */
static const char *
prepare(const struct volume *volumes, size_t n)
{
	const struct machinefile mf = { .volumes = volumes, .nvolumes = n };
	cleanup(arena) struct arena *a = arena_new();
	struct storage s;

	e = (struct err)ERR_INIT;
	if (!storage_make(&s, &mf, "/p", "12", a, &e) &&
	    !volume_prepare(&lima, "12", "/p", &s, &e))
		return "";
	return e.msg;
}

static const char *
prepare_a(uint64_t size)
{
	const struct volume v = { .name = "a", .at = "/a", .size = size };

	return prepare(&v, 1);
}

static int
describe(const struct volume_info *v, void *arg, struct err *ignored)
{
	(void)ignored;
	buf_addf(arg, "%s:%s:%llu:%s%s ", v->disk, v->root ? v->root : "-",
	    (unsigned long long)(v->size / MiB),
	    v->used_by	 ? v->used_by
	    : v->damaged ? "damaged"
			 : "",
	    v->used_by && !*v->used_by ? "?" : "");
	return 0;
}

static const char *
all(void)
{
	static struct buf text = BUF_INIT;

	buf_release(&text);
	text = (struct buf)BUF_INIT;
	CHECK(volume_each(&lima, describe, &text, &e) == 0);
	return text.s;
}

static ino_t
inode(void)
{
	cleanup(str) char *full = below(DISKS "v-12-a/datadisk");
	struct stat st;

	CHECK(lstat(full, &st) == 0 && (st.st_mode & 07777) == 0600);
	return st.st_ino;
}

static void
test_sizes(void)
{
	const struct volume two[] = {
		{ .name = "b", .at = "/b", .size = 64 * MiB },
		{ .name = "a", .at = "/a", .size = 65 * MiB },
	};
	const struct volume huge = {
		.name = "c", .at = "/c", .size = UINT64_C(1) << 60
	};
	ino_t first;

	CHECK_STR(prepare(NULL, 0), "");
	CHECK(!there(DISKS)); /* nothing for nothing */
	CHECK_STR(prepare(two, 2), "");
	CHECK_STR(all(), "v-12-a:/p:65: v-12-b:/p:64: ");
	first = inode();
	CHECK_STR(prepare(two, 2), "");
	CHECK_STR(prepare_a(66 * MiB), "");
	CHECK_STR(all(), "v-12-a:/p:66: v-12-b:/p:64: ");
	CHECK_STR(prepare_a(65 * MiB),
	    "the volume a holds 66MiB and cannot shrink to 65MiB: write that "
	    "size, or, to give up what is on it, type: machine volume rm a");
	CHECK(inode() == first);
	CHECK(strstr(prepare(&huge, 1), "the volume c is to hold ") == e.msg);
	CHECK(strstr(e.msg, ": write a smaller size, or make room: "));
	CHECK(!there(DISKS "v-12-c"));
}

static void
lock_by(const char *target)
{
	cleanup(str) char *link = below(DISKS "v-12-a/in_use_by");

	(void)unlink(link);
	CHECK(symlink(target, link) == 0);
}

static void
test_locks(void)
{
	cleanup(str) char *ours = below("data/lima/m-abc");
	cleanup(str) char *gone = below("data/lima/m-def");
	cleanup(str) char *elsewhere = below("old/lima/m-abc");
	char pid[32];

	/* m-abc lives, and is the VM of /other. */
	(void)snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	make_dir("data/lima/m-abc");
	make_dir("state/projects/abc");
	write_file("state/projects/abc/root", "/other");
	write_file("data/lima/m-abc/qemu.pid", pid);
	write_file("data/lima/m-abc/vz.pid", pid);
	lock_by(ours);
	CHECK_STR(all(), "v-12-a:/p:66:m-abc v-12-b:/p:64: ");
	CHECK_STR(prepare_a(66 * MiB),
	    "the volume a is in use by the VM of /other: there, type: machine "
	    "stop");
	CHECK(volume_remove(&lima, "v-12-a", &e) == -1);
	CHECK_STR(e.msg,
	    "the volume a is in use by the VM of /other: there, type: machine "
	    "stop");
	CHECK(there(DISKS "v-12-a/in_use_by"));

	make_dir("old/lima");
	lock_by(gone);
	CHECK_STR(prepare_a(66 * MiB), "");
	CHECK(!there(DISKS "v-12-a/in_use_by"));
	lock_by(elsewhere); /* a copy of another home: its VM has not this */
	CHECK_STR(prepare_a(66 * MiB), "");
	lock_by("nonsense");
	CHECK_STR(prepare_a(66 * MiB), "");
	CHECK(!there(DISKS "v-12-a/in_use_by"));
}

#define GIVE_UP ": to give up what is on it, type: machine volume rm a"

static void
test_damage(void)
{
	cleanup(str) char *record = below(DISKS "v-12-a/volume.json");
	ino_t first = inode();

	CHECK(unlink(record) == 0);
	CHECK_STR(prepare_a(66 * MiB),
	    "the volume a is damaged: cannot open volume.json: No such file "
	    "or directory" GIVE_UP);
	CHECK_STR(all(), "v-12-a:-:66:damaged v-12-b:/p:64: ");
	write_file(DISKS "v-12-a/volume.json",
	    "{\"version\":1,\"project\":\"/q\",\"name\":\"a\",\"size\":1,"
	    "\"created\":1}");
	CHECK_STR(
	    prepare_a(66 * MiB), "the volume a (v-12-a) is of the project /q");
	CHECK(inode() == first);
	write_file(DISKS "v-12-a/datadisk", "x");
	CHECK_STR(prepare_a(66 * MiB),
	    "the volume a is damaged: datadisk is no qcow2 disk" GIVE_UP);
	CHECK(inode() == first);
}

static void
test_removal(void)
{
	unsigned count = 0;

	make_dir(DISKS ".new-v-12-z/x");
	make_dir(DISKS ".old-v-99-z/x");
	make_dir(DISKS "v-ff-x");
	CHECK(!volume_remove(&lima, "v-12-a", &e));
	CHECK(!there(DISKS "v-12-a"));
	CHECK(!there(DISKS ".new-v-12-z") && !there(DISKS ".old-v-99-z"));
	CHECK(volume_remove(&lima, "v-12-a", &e) == -1);
	CHECK(volume_remove(&lima, "../x", &e) == -1);
	CHECK_STR(prepare_a(64 * MiB), "");
	CHECK(!volume_remove_all(&lima, "12", "/p", &count, &e));
	CHECK(count == 2);
	CHECK_STR(all(), "v-ff-x:-:0:damaged ");
}

int
main(void)
{
	cleanup(str) char *qemu_img = realpath("tests/fake/qemu-img", NULL);

	CHECK(qemu_img && mkdtemp(top));
	CHECK(!setenv("MACHINE_HOME", top, 1));
	CHECK(!paths_init(&paths, &e) && !lima_init(&lima, &paths, &e));
	argv_pushf(&lima.env, "HOME=%s", top);
	argv_push(&lima.env, "PATH=/usr/bin:/bin");
	lima.qemu_img = STEAL(qemu_img);
	make_dir("fake"); /* where the stand-in notes what it was asked */
	make_dir("state/projects");
	test_sizes();
	test_locks();
	test_damage();
	test_removal();
	lima_release(&lima);
	paths_release(&paths);
	CHECK(!fs_remove_tree(AT_FDCWD, top, &e));
	return tap_end();
}
