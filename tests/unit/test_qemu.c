#include "host/qemu.h"

#include "base/buf.h"

#include "tests/tap.h"

#define WORDS_MAX 32

/* The words behind those of Lima, with spaces between. */
static void
added(struct buf *out, enum qemu_accel accel, const char *ports,
    const char *const *words)
{
	cleanup(argv) struct argv got = ARGV_INIT;
	char *in[WORDS_MAX] = { NULL };
	int n = 0;

	for (; words[n]; n++)
		in[n] = xstrdup(words[n]);
	qemu_arguments(&got, "/bin/q", accel, ports, n, in);
	CHECK_STR(got.v[0], "/bin/q");
	for (int i = 0; i < n; i++) {
		CHECK_STR(got.v[1 + i], words[i]);
		free(in[i]);
	}
	buf_release(out);
	for (size_t i = 1 + (size_t)n; i < got.n; i++)
		buf_addf(out, " %s", got.v[i]);
}

#define BALLOON \
	" -device virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on"

int
main(void)
{
	static const char *const question[] = { "-M", "none", "-m", "2048",
		"-accel", "help", NULL };
	static const char *const start[] = { "-m", "2048", "-pidfile", "/p",
		NULL };
	static const char *const small[] = { "-pidfile", "/p", "-m", "512",
		NULL };
	static const char *const large[] = { "-m", "65536", "-pidfile", "/p",
		NULL };
	static const char *const odd[] = { "-pidfile", "-m", NULL };
	cleanup(buf) struct buf got = BUF_INIT;

	/* Lima asks what QEMU can do: nothing is added. */
	added(&got, QEMU_TCG_SINGLE, "/d", question);
	CHECK_STR(got.s, "");
	added(&got, QEMU_HARDWARE, NULL, start);
	CHECK_STR(got.s, BALLOON);
	added(&got, QEMU_TCG_SINGLE, NULL, start);
	CHECK_STR(got.s, " -accel tcg,thread=single,tb-size=128" BALLOON);
	added(&got, QEMU_TCG_SINGLE, NULL, small);
	CHECK_STR(got.s, " -accel tcg,thread=single,tb-size=64" BALLOON);
	added(&got, QEMU_TCG_SINGLE, NULL, large);
	CHECK_STR(got.s, " -accel tcg,thread=single,tb-size=256" BALLOON);
	added(&got, QEMU_TCG_SINGLE, NULL, odd);
	CHECK_STR(got.s, " -accel tcg,thread=single,tb-size=64" BALLOON);
	added(&got, QEMU_TCG_MULTI, NULL, odd);
	CHECK_STR(got.s, " -accel tcg,thread=multi,tb-size=64" BALLOON);
	/* A comma would begin another option. */
	added(&got, QEMU_HARDWARE, "/a,b", start);
	CHECK(strstr(got.s, " -device virtio-serial-pci,id=machine-bus0"));
	CHECK(strstr(got.s,
	    " -chardev socket,id=machine1,path=/a,,b/p1.sock,server=on,"
	    "wait=off -device virtserialport,bus=machine-bus0.0,nr=1,"
	    "chardev=machine1,name=machine.1 "));
	CHECK(strstr(got.s, "name=machine.30"));
	CHECK(!strstr(got.s, "machine31"));
	CHECK(qemu_emulation("QEMU emulator version 7.2.22 (Debian)\n") ==
	      QEMU_TCG_SINGLE);
	CHECK(
	    qemu_emulation("QEMU emulator version 8.0.5\n") == QEMU_TCG_SINGLE);
	CHECK(
	    qemu_emulation("QEMU emulator version 8.1.0\n") == QEMU_TCG_MULTI);
	CHECK(
	    qemu_emulation("QEMU emulator version 10.0.2\n") == QEMU_TCG_MULTI);
	CHECK(qemu_emulation("8.2") == QEMU_TCG_SINGLE);
	CHECK(qemu_emulation("") == QEMU_TCG_SINGLE);
	return tap_end();
}
