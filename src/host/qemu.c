#include "host/qemu.h"

#include "base/msg.h"
#include "base/proc.h"

/* Bounds of the translation cache in MiB; ENGINE.md 7 has what they cost. */
#define CACHE_MIN 64
#define CACHE_MAX 256
#define CACHE_SHARE 16 /* of the guest's memory */
#define VERSION_MS 10000

/* A real start, not a question? */
static bool
is_start(int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "-pidfile") == 0)
			return true;
	return false;
}

/* `-m N`, in MiB. */
static unsigned long
guest_memory(int argc, char *const *argv)
{
	for (int i = 0; i + 1 < argc; i++)
		if (strcmp(argv[i], "-m") == 0)
			return strtoul(argv[i + 1], NULL, 10);
	return 0;
}

enum qemu_accel
qemu_emulation(const char *version)
{
	const char *number = strstr(version, "version ");
	unsigned long major, minor = 0;
	char *end;

	if (!number)
		return QEMU_TCG_SINGLE;
	major = strtoul(number + strlen("version "), &end, 10);
	if (*end == '.')
		minor = strtoul(end + 1, NULL, 10);
	return major > 8 || (major == 8 && minor >= 1) ? QEMU_TCG_MULTI
						       : QEMU_TCG_SINGLE;
}

static enum qemu_accel
ask_emulation(const char *program)
{
	const char *const argv[] = { program, "--version", NULL };
	extern char **environ;
	struct proc_capture out = { .text = BUF_INIT, .max = 4096 };
	const struct proc p = { .path = program,
		.argv = argv,
		.envp = (const char *const *)environ,
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_NULL },
		.sink = proc_capture,
		.arg = &out,
		.timeout_ms = VERSION_MS };
	struct err ignored = ERR_INIT;
	enum qemu_accel accel = QEMU_TCG_SINGLE;
	int status;

	if (proc_run(&p, &status, &ignored) == 0 && status == 0)
		accel = qemu_emulation(out.text.s);
	buf_release(&out.text);
	return accel;
}

static void
add_emulation(struct argv *out, enum qemu_accel accel, unsigned long memory)
{
	unsigned long mib = memory / CACHE_SHARE;

	mib = mib < CACHE_MIN ? CACHE_MIN : mib > CACHE_MAX ? CACHE_MAX : mib;
	argv_push(out, "-accel");
	argv_pushf(out, "tcg,thread=%s,tb-size=%lu",
	    accel == QEMU_TCG_MULTI ? "multi" : "single", mib);
}

/* In an option's value a comma is written twice (qemu(1)). */
static void
add_escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == ',')
			buf_adds(out, ",");
		buf_add(out, s, 1);
	}
}

/*
 * Buses of our own: Lima's holds its console. Linux gives QEMU room for 32
 * messages about a bus's ports, and QEMU throws away what finds none
 * (send_control_msg() in hw/char/virtio-serial-bus.c): when there are n ports
 * that are being talked to, 2 n + 1 are on their way at once. With 30 ports on
 * one bus every twentieth boot lost the name of the first.
 */
static void
add_ports(struct argv *out, const char *dir)
{
	for (int i = 1; i <= QEMU_PORTS; i++) {
		int bus = (i - 1) / QEMU_PORTS_BUS;
		cleanup(buf) struct buf path = BUF_INIT;

		if ((i - 1) % QEMU_PORTS_BUS == 0) {
			argv_push(out, "-device");
			argv_pushf(
			    out, "virtio-serial-pci,id=machine-bus%d", bus);
		}
		add_escaped(&path, dir);
		argv_push(out, "-chardev");
		argv_pushf(out,
		    "socket,id=machine%d,path=%s/p%d.sock,server=on,wait=off",
		    i, path.s, i);
		argv_push(out, "-device");
		argv_pushf(out,
		    "virtserialport,bus=machine-bus%d.0,nr=%d,"
		    "chardev=machine%d,name=" QEMU_PORT_PREFIX "%d",
		    bus, 1 + (i - 1) % QEMU_PORTS_BUS, i, i);
	}
}

void
qemu_arguments(struct argv *out, const char *program, enum qemu_accel accel,
    const char *ports, int argc, char *const *argv)
{
	argv_push(out, program);
	for (int i = 0; i < argc; i++)
		argv_push(out, argv[i]);
	if (!is_start(argc, argv))
		return;
	if (accel != QEMU_HARDWARE)
		add_emulation(out, accel, guest_memory(argc, argv));
	argv_push(out, "-device");
	argv_push(out, "virtio-balloon-pci,free-page-reporting=on,"
		       "deflate-on-oom=on");
	if (ports)
		add_ports(out, ports);
}

int
qemu_main(int argc, char *const *argv)
{
	const char *program = getenv(QEMU_ENV_PROGRAM);
	const char *tcg = getenv(QEMU_ENV_TCG);
	cleanup(argv) struct argv out = ARGV_INIT;
	enum qemu_accel accel = QEMU_HARDWARE;
	struct err e = ERR_INIT;

	if (!program || program[0] != '/') {
		msg_error(QEMU_NAME " is for Lima to call: type: machine help");
		return 2;
	}
	if (tcg && strcmp(tcg, "1") == 0 && is_start(argc, argv))
		accel = ask_emulation(program);
	qemu_arguments(
	    &out, program, accel, getenv(QEMU_ENV_PORTS), argc - 1, argv + 1);
	/*
	 * malloc(3) of glibc: one arena, and what is freed goes back. QEMU's
	 * own heap is 45 MiB smaller for it (ENGINE.md 7).
	 */
	(void)setenv("MALLOC_ARENA_MAX", "1", 1);
	(void)setenv("MALLOC_MMAP_THRESHOLD_", "131072", 1);
	(void)setenv("MALLOC_TRIM_THRESHOLD_", "131072", 1);
	if (proc_become(program, argv_const(&out), &e))
		msg_error("%s", e.msg);
	return 1;
}
