#include "core/machinefile.h"

#include "core/schema.h"

/*
 * Does the file ask for something by this key? Not if what it says is what a
 * machine is without the key, in this version.
 */
static bool
asks(const struct machinefile *mf, enum machinefile_key key)
{
	if (!(mf->stated >> key & 1))
		return false;
	if (key == MF_NETWORK_EGRESS)
		return mf->egress != EGRESS_OPEN;
	if (key == MF_GIT_IDENTITY)
		return mf->git_identity != GIT_NONE;
	if (key == MF_IDLE_STOP)
		return mf->idle_stop;
	return true;
}

bool
machinefile_unbuilt(const struct machinefile *mf, struct buf *names)
{
	size_t n;
	const struct schema_key *keys = schema_machinefile(&n);
	bool any = false;

	for (size_t i = 0; i < MF_KEYS; i++) {
		if (!keys[i].unbuilt || !asks(mf, (enum machinefile_key)i))
			continue;
		buf_addf(names, "%s%s", any ? ", " : "", keys[i].path);
		any = true;
	}
	return any;
}
