#include "base/base.h"

#include "core/plan.h"
#include "tests/tap.h"

#define ANEW (PLAN_CREATE | PLAN_START | PLAN_PROVISION)

/* By state: what a wrong disk means, what a wrong session means. */
static const struct {
	enum vm_state vm;
	unsigned rebuild, restart, nothing;
} rows[] = {
	{ VM_ABSENT, ANEW, ANEW, ANEW },
	{ VM_STOPPED, PLAN_DELETE | ANEW, PLAN_CONFIGURE | PLAN_START,
	    PLAN_START },
	{ VM_RUNNING, PLAN_STOP | PLAN_DELETE | ANEW,
	    PLAN_STOP | PLAN_CONFIGURE | PLAN_START, 0 },
	{ VM_BROKEN, PLAN_KILL | PLAN_DELETE | ANEW,
	    PLAN_KILL | PLAN_CONFIGURE | PLAN_START, PLAN_KILL | PLAN_START },
};

int
main(void)
{
	/* All 4 * 16 combinations of facts. */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned bits = 0; bits < 16; bits++) {
			const struct facts f = { .vm = rows[i].vm,
				.project_current = bits & 1,
				.steps_current = bits & 2,
				.session_current = bits & 4,
				.steps_left = bits & 8 };
			unsigned want = !(bits & 1) || !(bits & 2)
					    ? rows[i].rebuild
					: !(bits & 4) ? rows[i].restart
						      : rows[i].nothing;

			if (bits & 8)
				want |= PLAN_PROVISION;
			CHECK(plan(&f) == want);
			/* Nothing is lost but for a rebuild, nothing is made
			 * over something. */
			CHECK(!(plan(&f) & PLAN_DELETE) ||
			      plan(&f) & PLAN_CREATE);
			CHECK(!(plan(&f) & PLAN_CREATE) ||
			      f.vm == VM_ABSENT || plan(&f) & PLAN_DELETE);
		}
	return tap_end();
}
