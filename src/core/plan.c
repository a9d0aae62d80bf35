#include "core/plan.h"

unsigned
plan(const struct facts *f)
{
	/* How the machine gets out of the way, by what it is now. */
	static const unsigned away[] = {
		[VM_ABSENT] = 0,
		[VM_STOPPED] = 0,
		[VM_RUNNING] = PLAN_STOP,
		[VM_BROKEN] = PLAN_KILL,
	};
	unsigned steps;

	if (f->vm == VM_RUNNING && f->disk_current && f->session_current) {
		if (!f->steps_left)
			return 0;
		return PLAN_PROVISION |
		       (f->was_ready ? 0u : (unsigned)PLAN_CAPTURE);
	}
	steps = away[f->vm] | PLAN_LAY | PLAN_START;
	if (!f->base)
		steps |= PLAN_BASE;
	if (!f->golden)
		steps |= PLAN_GOLDEN;
	if (f->layer_left)
		steps |= PLAN_PROVISION | PLAN_CAPTURE;
	return steps;
}
