#ifndef HOST_RECIPE_H
#define HOST_RECIPE_H

#include "host/vm_work.h"

/*
 * What is done to a VM in which an image is made (vm_build.c).
 */

/* Of the base: trust the authorities of the host, or nothing can be fetched. */
int recipe_certificates(struct work *w, struct err *e) must_check;

/* Install what the Machinefile wants in the golden image. */
int recipe_install(struct work *w, struct err *e) must_check;

/* Take out what must not be the same in two VMs, or need not be kept. */
int recipe_clean(struct work *w, int *status, struct err *e) must_check;

#endif
