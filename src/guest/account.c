#include "guest/init.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>

#include "guest/file.h"
#include "guest/report.h"
#include "guest/skeleton.h"

#define SUBUID_FIRST 524288u /* as Lima's boot scripts have it */
#define SUBUID_COUNT 1073741824u
#define IDS_MAX ((size_t)1024 * 1024)

/* Not getpwnam(): it would ask nscd. */
static bool
find_user(struct account *who)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *p;
	bool found = false;

	while (f && !found && (p = fgetpwent(f))) {
		if (strcmp(p->pw_name, who->name) != 0)
			continue;
		found = true;
		who->uid = p->pw_uid;
		who->gid = p->pw_gid;
		(void)snprintf(who->home, sizeof(who->home), "%s", p->pw_dir);
	}
	if (f)
		(void)fclose(f);
	return found;
}

/* The group of this name, or else a free number, wanted if it is free. */
static gid_t
find_group(const char *name, gid_t wanted, bool *exists)
{
	FILE *f = fopen("/etc/group", "re");
	const struct group *g;
	gid_t top = wanted;
	bool taken = false;

	*exists = false;
	while (f && (g = fgetgrent(f))) {
		if (!strcmp(g->gr_name, name)) {
			*exists = true;
			wanted = g->gr_gid;
			break;
		}
		taken |= g->gr_gid == wanted;
		if (g->gr_gid > top && g->gr_gid < 60000)
			top = g->gr_gid;
	}
	if (f)
		(void)fclose(f);
	return taken && !*exists ? top + 1 : wanted;
}

static int
add_line(const char *path, mode_t mode, struct buf *line, struct err *e)
{
	int rc = file_append(path, line->s, mode, e);

	buf_release(line);
	return rc;
}

static int
add_user(const struct cidata *lima, struct account *who, struct err *e)
{
	cleanup(buf) struct buf l = BUF_INIT;
	const char *shell = access(lima->shell, X_OK) ? "/bin/sh" : lima->shell;
	bool group;

	who->uid = lima->uid;
	who->gid = find_group(who->name, (gid_t)lima->uid, &group);
	(void)snprintf(who->home, sizeof(who->home), "%s", lima->home);
	buf_addf(&l, "%s:x:%u:\n", who->name, who->gid);
	if (!group && add_line("/etc/group", 0644, &l, e))
		return -1;
	buf_release(&l);
	buf_addf(&l, "%s:x:%u:%u:%s:%s:%s\n", who->name, who->uid, who->gid,
	    lima->comment, who->home, shell);
	if (add_line("/etc/passwd", 0644, &l, e))
		return -1;
	/* No password fits; not "!", which a sshd without PAM calls locked. */
	buf_addf(&l, "%s:*:19000:0:99999:7:::\n", who->name);
	if (add_line("/etc/shadow", 0640, &l, e))
		return -1;
	buf_addf(&l, "%s:!::\n", who->name);
	if (!group && access("/etc/gshadow", F_OK) == 0)
		return add_line("/etc/gshadow", 0640, &l, e);
	return 0;
}

/* The numbers that rootless containers use. */
static void
subordinate_ids(const char *path, const struct account *who)
{
	cleanup(buf) struct buf old = BUF_INIT;
	cleanup(buf) struct buf line = BUF_INIT;
	unsigned first = who->uid >= SUBUID_FIRST ? who->uid + 1 : SUBUID_FIRST;
	struct err e = ERR_INIT;

	buf_addf(&line, "%s:", who->name);
	if (!file_read(AT_FDCWD, path, IDS_MAX, &old, &e))
		for (const char *p = old.s; p; p = strchr(p, '\n')) {
			p += *p == '\n';
			if (!strncmp(p, line.s, line.len))
				return;
		}
	buf_addf(&line, "%u:%u\n", first, SUBUID_COUNT);
	if (file_append(path, line.s, 0644, &e))
		problem("%s", e.msg);
}

static void
sudo_rule(const struct cidata *lima, const struct account *who)
{
	cleanup(buf) struct buf rule = BUF_INIT;
	struct err e = ERR_INIT;

	if (access("/etc/sudoers.d", F_OK)) {
		problem("the image has no sudo: Lima needs it to say READY");
		return;
	}
	buf_addf(&rule, "%s ALL=(ALL) %s\n", who->name,
	    lima->sudo ? "NOPASSWD:ALL" : "ALL");
	if (file_keep("/etc/sudoers.d/90-lima", rule.s, 0440, &e))
		problem("%s", e.msg);
}

/*
 * Only the host's keys, in place of what was there: a key that is taken away
 * on the host is taken away here. The directory is the user's: no link in it
 * is followed.
 */
static int
keys(const struct cidata *lima, const struct account *who, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(fd) int home = open(who->home, O_PATH | O_CLOEXEC);
	cleanup(fd) int ssh = -1;
	cleanup(fd) int fd = -1;

	for (size_t i = 0; i < lima->keys_len; i++)
		buf_addf(&text, "%s\n", lima->keys[i]);
	(void)mkdirat(home, ".ssh", 0700);
	ssh = openat(
	    home, ".ssh", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ssh < 0 || fchown(ssh, who->uid, who->gid))
		return err_sys(e, "%s/.ssh", who->home);
	/* A new file each time: what the user has open is not this one. */
	(void)unlinkat(ssh, "authorized_keys", 0);
	fd = openat(ssh, "authorized_keys",
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.s, text.len) != (ssize_t)text.len ||
	    fchown(fd, who->uid, who->gid))
		return err_sys(e, "%s/.ssh/authorized_keys", who->home);
	return 0;
}

/* The user's service manager runs without a session (rootless docker). */
static void
linger(const struct account *who)
{
	cleanup(buf) struct buf path = BUF_INIT;
	struct err e = ERR_INIT;

	buf_addf(&path, "/var/lib/systemd/linger/%s", who->name);
	if (access(path.s, F_OK) == 0)
		return;
	if (file_make_dirs("/var/lib/systemd/linger", &e) ||
	    file_write(path.s, "", 0644, &e))
		problem("%s", e.msg);
}

/* Where sessions of ssh find it, which the base image makes without logind. */
static void
session_environment(const struct account *who)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	if (access("/etc/default/machine-session", F_OK))
		return;
	buf_addf(&text, "XDG_RUNTIME_DIR=/run/user/%u\n", who->uid);
	if (file_keep("/etc/default/machine-session", text.s, 0644, &e))
		problem("%s", e.msg);
}

int
account_apply(const struct cidata *lima, struct account *who)
{
	struct err e = ERR_INIT;
	bool new;

	*who = (struct account){ .uid = 0 };
	(void)snprintf(who->name, sizeof(who->name), "%s", lima->user);
	new = !find_user(who);
	if (new &&add_user(lima, who, &e)) {
		problem("user %s: %s", who->name, e.msg);
		return -1;
	}
	if (new &&skeleton_copy(who, &e))
		problem("home directory: %s", e.msg);
	subordinate_ids("/etc/subuid", who);
	subordinate_ids("/etc/subgid", who);
	sudo_rule(lima, who);
	linger(who);
	session_environment(who);
	if (keys(lima, who, &e)) {
		problem("ssh keys: %s", e.msg);
		return -1;
	}
	return 0;
}
