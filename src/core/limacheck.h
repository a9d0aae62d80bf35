#ifndef CORE_LIMACHECK_H
#define CORE_LIMACHECK_H

#include "base/buf.h"
#include "base/json.h"

/*
 * Did Lima understand what it was asked for? `understood` is the configuration
 * of the instance as Lima has read it (`limactl list --format
 * '{{json .Config}}'`), with its defaults and with whatever else was merged in.
 *
 * It must have every value that was asked for, lists of the same length, and
 * none of the keys that would open the host (not_asked in limacheck.c) unless
 * they were asked for. false, with the first difference appended to *why.
 */
bool limacheck(const struct json *asked, const struct json *understood,
    struct buf *why);

#endif
