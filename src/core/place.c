#include "core/place.h"

#include "core/text.h"

#define ITS_PATH "its path "

static const char *const not_mounted_on[] = { "/", "/bin", "/dev", "/etc",
	"/home", "/opt", "/sbin", "/tmp", "/usr", "/var" };

/* In the guest: what is below these is the system's, too. */
static const char *const guest_system[] = { "/bin", "/boot", "/dev", "/etc",
	"/lib", "/lib32", "/lib64", "/lost+found", "/proc", "/root", "/run",
	"/sbin", "/sys", "/usr", "/var/run", "/var/lib/cloud",
	"/var/lib/machine", "/mnt/lima-cidata" };

/* On the host: these and what is below them ... */
static const char *const host_system[] = { "/bin", "/boot", "/dev", "/etc",
	"/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr",
	"/var/run", "/var/lib/docker", "/private/etc", "/private/var/run",
	"/System", "/Library" };

/* ... and these below the home directory: what logs in as its owner. */
static const char *const secrets[] = { ".ssh", ".gnupg", ".aws", ".azure",
	".kube", ".docker", ".netrc", ".git-credentials", ".password-store",
	".config/gcloud", ".config/gh", ".config/machine",
	".local/share/keyrings", ".local/state/machine", ".local/share/machine",
	".mozilla", ".config/google-chrome", "Library/Keychains" };

bool
place_is_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return path[0] == '/';
	return strncmp(path, dir, n) == 0 && (!path[n] || path[n] == '/');
}

/* No "//", no slash at the end, no "." or ".." among the components. */
static const char *
untidy(const char *s)
{
	if (*s == '/')
		s++;
	for (;;) {
		size_t n = strcspn(s, "/");

		if (n == 0)
			return "has an empty component: write no // and no / "
			       "at the end";
		if (n == 2 && s[0] == '.' && s[1] == '.')
			return "may not have \"..\" in it";
		if (n == 1 && s[0] == '.')
			return "may not have \".\" in it";
		if (!s[n])
			return NULL;
		s += n + 1;
	}
}

const char *
place_text_refused(const char *path)
{
	const size_t len = strlen(path);

	if (!text_one_line(path) || text_refused(path, len) >= 0)
		return ITS_PATH "has characters that cannot be shown";
	if (path[strcspn(path, "{}[],\"\\")])
		return ITS_PATH "has one of {}[],\"\\";
	if (strstr(path, ": ") || strstr(path, " #") ||
	    (len && strchr(": /", path[len - 1]) && len > 1))
		return ITS_PATH "has a colon or # beside a space, or ends in "
				"a colon, space or slash";
	return NULL;
}

/* The same where the path has just been named. */
static const char *
text_refused_here(const char *path)
{
	const char *why = place_text_refused(path);

	return why ? why + sizeof(ITS_PATH) - 1 : NULL;
}

const char *
place_inside(struct arena *a, const char *path, const char **out)
{
	const char *why;

	if (path[0] == '/')
		return "is absolute: write it from the project's directory";
	if (path[0] == '~')
		return "is not in the project: ~ means nothing here";
	if (strlen(path) > PLACE_MAX)
		return "is longer than 1024 bytes";
	while (path[0] == '.' && path[1] == '/' && path[2] != '/')
		path += 2;
	if (!path[0] || strcmp(path, ".") == 0)
		return "is the project's directory itself";
	if ((why = untidy(path)) || (why = text_refused_here(path)))
		return why;
	*out = arena_strndup(a, path, strlen(path));
	return NULL;
}

const char *
place_private_refused(const char *path)
{
	for (const char *p = path;; p++) {
		const size_t n = strcspn(p, "/");

		/* In any case: there are file systems that know none. */
		if (n == 4 && p[0] == '.' && (p[1] | 0x20) == 'g' &&
		    (p[2] | 0x20) == 'i' && (p[3] | 0x20) == 't')
			return "is git's own directory, or in one";
		p += n;
		if (!*p)
			return NULL;
	}
}

bool
place_is_system(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(not_mounted_on); i++)
		if (strcmp(path, not_mounted_on[i]) == 0)
			return true;
	return false;
}

/* /home/NAME: Lima mounts nothing on the guest's home directory. */
static bool
is_home(const char *path)
{
	static const char homes[] = "/home/";
	const size_t n = sizeof(homes) - 1;

	return strncmp(path, homes, n) == 0 && !strchr(path + n, '/');
}

const char *
place_guest_refused(const char *path)
{
	const char *why;

	if (path[0] != '/')
		return "is not an absolute path of the guest";
	if (strlen(path) > PLACE_MAX)
		return "is longer than 1024 bytes";
	if (place_is_system(path))
		return "is a directory of the guest's system";
	if ((why = untidy(path)) || (why = text_refused_here(path)))
		return why;
	if (is_home(path))
		return "is a home directory of the guest: name one in it";
	for (size_t i = 0; i < ARRAY_LEN(guest_system); i++)
		if (place_is_within(path, guest_system[i]))
			return "is a directory of the guest's system";
	return NULL;
}

static const char *
secret_refused(const char *path, const char *home)
{
	const size_t n = strlen(home);

	if (place_is_within(home, path))
		return "is your home directory or holds it: that is never "
		       "shared";
	if (!place_is_within(path, home))
		return NULL;
	path += n + 1;
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		if (place_is_within(path, secrets[i]) ||
		    place_is_within(secrets[i], path))
			return "is or holds what logs in as you: that is never "
			       "shared";
	return NULL;
}

const char *
place_host_refused(const char *path, const char *home)
{
	const char *why;

	if (strcmp(path, "/") == 0 || strcmp(path, "/Users") == 0 ||
	    (path[0] == '/' && place_is_system(path)))
		return "is a directory of the host's system: that is never "
		       "shared";
	if (path[0] != '/' && strcmp(path, "~") != 0 &&
	    strncmp(path, "~/", 2) != 0)
		return "is not an absolute path";
	if (strlen(path) > PLACE_MAX)
		return "is longer than 1024 bytes";
	if ((why = untidy(path)) || (why = text_refused_here(path)) ||
	    (why = secret_refused(path, home)))
		return why;
	for (size_t i = 0; i < ARRAY_LEN(host_system); i++)
		if (place_is_within(path, host_system[i]))
			return "is a directory of the host's system: that is "
			       "never shared";
	return NULL;
}

/* dir1(/|$)|dir2(/|$) */
static void
add_within(
    struct buf *out, const char *parent, const char *const *dirs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "|%s%s(/|$)", parent, dirs[i]);
}

static void
add_same(struct buf *out)
{
	buf_adds(out, "(?!(/$");
	for (size_t i = 0; i < ARRAY_LEN(not_mounted_on); i++)
		buf_addf(out, "|%s$", not_mounted_on[i]);
}

void
place_guest_pattern(struct buf *out)
{
	add_same(out);
	add_within(out, "", guest_system, ARRAY_LEN(guest_system));
	buf_adds(out, "|/home/[^/]*$))");
}

void
place_host_pattern(struct buf *out)
{
	add_same(out);
	add_within(out, "", host_system, ARRAY_LEN(host_system));
	add_within(out, "~/", secrets, ARRAY_LEN(secrets));
	buf_adds(out, "|~$))");
}
