#include "base/base.h"

#include "core/plan.h"
#include "tests/tap.h"

/* Bits of the combinations below, in the order of struct facts. */
enum { DISK = 1, SESSION = 2, LEFT = 4, WAS_READY = 8, BASE = 16, GOLDEN = 32 };
enum { LAYER_LEFT = 64, ALL = 128 };

/* What a plan must have and must not have, whatever the facts. */
static bool
sound(enum vm_state vm, unsigned steps)
{
	const bool lay = steps & PLAN_LAY;

	return /* nothing is laid out under a machine that runs */
	    (!lay || vm != VM_RUNNING || steps & PLAN_STOP) &&
	    (!lay || vm != VM_BROKEN || steps & PLAN_KILL) &&
	    (!(steps & PLAN_STOP) || vm == VM_RUNNING) &&
	    (!(steps & PLAN_KILL) || vm == VM_BROKEN) &&
	    /* what is laid out is started, and nothing else is */
	    lay == (bool)(steps & PLAN_START) &&
	    /* a layer is made only on the way to a new disk */
	    (!(steps & (PLAN_BASE | PLAN_GOLDEN)) || lay) &&
	    /* nothing is stored of which not all was made */
	    (!(steps & PLAN_CAPTURE) || steps & PLAN_PROVISION);
}

static unsigned
expected(enum vm_state vm, unsigned bits)
{
	unsigned want = 0;

	if (vm == VM_RUNNING && bits & DISK && bits & SESSION) {
		if (!(bits & LEFT))
			return 0;
		return bits & WAS_READY ? PLAN_PROVISION
					: PLAN_PROVISION | PLAN_CAPTURE;
	}
	want = vm == VM_RUNNING ? PLAN_STOP : vm == VM_BROKEN ? PLAN_KILL : 0;
	want |= PLAN_LAY | PLAN_START;
	want |= bits & BASE ? 0 : PLAN_BASE;
	want |= bits & GOLDEN ? 0 : PLAN_GOLDEN;
	return bits & LAYER_LEFT ? want | PLAN_PROVISION | PLAN_CAPTURE : want;
}

int
main(void)
{
	static const enum vm_state states[] = { VM_ABSENT, VM_STOPPED,
		VM_RUNNING, VM_BROKEN };

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		for (unsigned bits = 0; bits < ALL; bits++) {
			const struct facts f = { .vm = states[i],
				.disk_current = bits & DISK,
				.session_current = bits & SESSION,
				.steps_left = bits & LEFT,
				.was_ready = bits & WAS_READY,
				.base = bits & BASE,
				.golden = bits & GOLDEN,
				.layer_left = bits & LAYER_LEFT };
			const unsigned got = plan(&f);

			CHECK(got == expected(states[i], bits));
			CHECK(sound(states[i], got));
		}
	return tap_end();
}
