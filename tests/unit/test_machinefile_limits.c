#include "core/machinefile.h"

#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(12) << 30 };

static void
check_parse(const char *text, size_t len, const char *want)
{
	cleanup(buf) struct buf got = BUF_INIT;
	struct diags d = { .count = 0 };
	struct machinefile *mf = machinefile_parse(text, len, &limits, &d);

	if (mf)
		buf_adds(&got, "(accepted)");
	for (size_t i = 0; i < d.count && i < DIAG_MAX; i++)
		buf_addf(&got, "%s%u:%u: %s", i ? "\n" : "", d.at[i].line,
		    d.at[i].column, d.at[i].text);
	machinefile_free(mf);
	CHECK_STR(got.s, want);
}

/* With its number at each @. */
static void
add_unit(struct buf *text, const char *unit, size_t number)
{
	const char *at;

	for (; (at = strchr(unit, '@')); unit = at + 1) {
		buf_add(text, unit, (size_t)(at - unit));
		buf_addf(text, "%04zu", number);
	}
	buf_adds(text, unit);
}

static void
test_limits_of_lists(void)
{
	static const struct {
		const char *head, *unit;
		size_t times;
		const char *want;
	} rows[] = {
		{ "ports:\n", "- 1@\n", 64, "(accepted)" },
		{ "ports:\n", "- 1@\n", 65,
		    "2:1: ports: more than 64 entries" },
		{ "env:\n", " A@: b\n", 256, "(accepted)" },
		{ "env:\n", " A@: b\n", 257,
		    "2:2: env: more than 256 entries" },
		{ "provision:\n", "- run: x@\n", 64, "(accepted)" },
		{ "provision:\n", "- run: x@\n", 65,
		    "2:1: provision: more than 64 entries" },
		{ "packages:\n", "- a@\n", 256, "(accepted)" },
		{ "packages:\n", "- a@\n", 257,
		    "2:1: packages: more than 256 entries" },
		{ "pass_env:\n", "- A@\n", 64, "(accepted)" },
		{ "pass_env:\n", "- A@\n", 65,
		    "2:1: pass_env: more than 64 entries" },
		{ "mounts:\n", "- {from: a, to: /a@}\n", 16, "(accepted)" },
		{ "mounts:\n", "- {from: a, to: /a@}\n", 17,
		    "2:1: mounts: more than 16 entries" },
		{ "volumes:\n", " a@: /a@b\n", 16, "(accepted)" },
		{ "volumes:\n", " a@: /a@b\n", 17,
		    "2:2: volumes: more than 16 entries" },
		{ "workspace:\n private:\n", "  - a@\n", 64, "(accepted)" },
		{ "workspace:\n private:\n", "  - a@\n", 65,
		    "3:3: workspace.private: more than 64 entries" },
		{ "network:\n egress: allowlist\n allow:\n", "  - a@.b\n", 256,
		    "(accepted)" },
		{ "network:\n egress: allowlist\n allow:\n", "  - a@.b\n", 257,
		    "4:3: network.allow: more than 256 entries" },
		{ "commands:\n guest:\n", "  - a@\n", 256, "(accepted)" },
		{ "commands:\n guest:\n", "  - a@\n", 257,
		    "3:3: commands.guest: more than 256 entries" },
		{ "provision:\n- run: x\n  when: change\n  watch:\n",
		    "  - a@\n", 64, "(accepted)" },
		{ "provision:\n- run: x\n  when: change\n  watch:\n",
		    "  - a@\n", 65,
		    "5:3: provision[].watch: more than 64 entries" },
		{ "env:\n  A: ", "x@", 6553, "(accepted)" },
		{ "env:\n  A: ", "x@", 6554,
		    "2:6: env: longer than 32768 bytes" },
		{ "provision:\n- run: |\n", "   @\n", 12589, "(accepted)" },
		{ "provision:\n- run: |\n", "   @\n", 12590,
		    "2:8: longer than 64 KiB" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf text = BUF_INIT;

		buf_adds(&text, rows[i].head);
		for (size_t j = 0; j < rows[i].times; j++)
			add_unit(&text, rows[i].unit, j);
		check_parse(text.s, text.len, rows[i].want);
	}
}

int
main(void)
{
	test_limits_of_lists();
	return tap_end();
}
