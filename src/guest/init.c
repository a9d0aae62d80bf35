#include "guest/init.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "guest/disk.h"
#include "guest/file.h"
#include "guest/guest.h"
#include "guest/report.h"

#define CONF "/machine.conf"

/* Nothing of ours is where a program expects its input and output. */
static void
fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
	} while (fd >= 0 && fd <= 2);
	fd_close(fd);
}

/* The initrd's own directories, and the kernel's log. */
static void
begin(struct buf *cmdline)
{
	struct err e = ERR_INIT;

	(void)mkdir("/dev", 0755);
	(void)mkdir("/proc", 0755);
	(void)mkdir("/root", 0755);
	(void)mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	(void)mount(
	    "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
	fill_standard();
	report_open();
	(void)umask(022);
	(void)setenv("PATH",
	    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (file_read(AT_FDCWD, "/proc/cmdline", 65536, cmdline, &e))
		problem("%s", e.msg);
	say("init");
}

static void
read_conf(struct bootconf *conf)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	if (file_read(AT_FDCWD, CONF, BOOTCONF_MAX, &text, &e) ||
	    bootconf_parse(text.s, text.len, conf, &e)) {
		problem("%s", e.msg);
		bootconf_release(conf);
	}
	(void)unlink(CONF);
}

static void
pause_ms(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* What a session needs: all of it is there when the agent greets. */
static void
prepare_session(
    const struct bootconf *conf, struct cidata *lima, struct account *who)
{
	bool known = lima_read(lima) == 0;

	network_up(lima);
	if (known) {
		identity_apply(lima);
		say("cidata");
		(void)!account_apply(lima, who);
		places_mount(lima, conf, who);
		identity_ready(lima);
	}
	say("session");
}

int
init_main(int argc, char **argv)
{
	struct bootconf conf = BOOTCONF_INIT;
	struct account who = { .uid = 0 };
	struct buf cmdline = BUF_INIT;
	struct cidata lima;
	int program;

	(void)argc;
	(void)argv;
	begin(&cmdline);
	read_conf(&conf);
	disk_watch();
	modules_load("/order");
	modules_open("/order2", 2);
	modules_open("/order3", 3);
	program = open("/init", O_RDONLY | O_CLOEXEC);
	(void)unlink("/init");
	say("modules");
	root_switch(cmdline.s);
	handover_check();
	say("root");
	/* sshd loads its libraries on one processor, this one goes on. */
	sshd_start();
	modules_load_opened(2);
	say("modules2");
	agent_copy(program);
	prepare_session(&conf, &lima, &who);
	agent_start(&conf, &who);
	report_host("session ready");
	handover_prepare(&lima);
	modules_load_opened(3);
	power_watch();
	sshd_wait();
	growth_start(&conf, conf.delay_ms);
	pause_ms(conf.delay_ms);
	handover();
}
