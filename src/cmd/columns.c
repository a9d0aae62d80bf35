#include "cmd/columns.h"

#include <time.h>

#include "base/msg.h"

void
columns_put(const char *text, int width)
{
	cleanup(buf) struct buf safe = BUF_INIT;

	msg_scrub(&safe, text, strlen(text), false);
	(void)printf("%-*s ", width, safe.s);
}

void
columns_end(const char *text)
{
	cleanup(buf) struct buf safe = BUF_INIT;

	msg_scrub(&safe, text, strlen(text), false);
	(void)printf("%s\n", safe.s);
}

struct time_text
time_show(int64_t seconds)
{
	struct time_text out = { "-" };
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds && localtime_r(&t, &tm) &&
	    !strftime(out.s, sizeof(out.s), "%Y-%m-%d %H:%M", &tm))
		(void)snprintf(out.s, sizeof(out.s), "-");
	return out;
}
