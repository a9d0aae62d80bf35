#ifndef CORE_MACHINEFILE_READ_H
#define CORE_MACHINEFILE_READ_H

#include "core/machinefile.h"
#include "core/reading.h"
#include "core/text.h"

/*
 * Private to machinefile*.c: what reads the values of a Machinefile's keys,
 * one function for each row of the table, by topic in a file each.
 */
struct target {
	struct machinefile *mf;
	struct limits limits;
	struct port *port; /* the entry being read */
	struct step *step;
	struct mount *mount;
	struct volume *volume;
	struct agent *agent;
};

static inline struct target *
target(struct reading *r)
{
	return r->to;
}

/* What the table says of the key that is being read. */
static inline const struct schema_value *
row(const struct reading *r)
{
	return &r->key->value;
}

/* machinefile_image.c */
reading_fn read_image, read_url, read_digest, read_arch, read_packages,
    read_tools;
/* machinefile_env.c */
reading_fn read_env, read_pass_env;
/* machinefile_places.c */
reading_fn read_workspace, read_workspace_mode, read_private, read_mounts,
    read_mount_from, read_mount_to, read_mount_mode, read_volumes,
    read_volume_at, read_volume_size;
/* machinefile_ports.c */
reading_fn read_ports, read_guest_port, read_host_port, read_label;
/* machinefile_session.c */
reading_fn read_network, read_egress, read_allow, read_ready, read_ready_tcp,
    read_timeout, read_commands, read_guest_commands, read_git, read_identity,
    read_agents, read_state, read_idle, read_idle_stop;
/* machinefile_steps.c */
reading_fn read_provision, read_run, read_step_name, read_as, read_when,
    read_watch;

/* What the keys say together, once all are read. */
void check_env(struct reading *r, const struct ynode *root);
void check_network(struct reading *r, const struct ynode *root);
void check_places(struct reading *r, const struct ynode *root);

/* The value of a key of the root, for the place of a complaint; or root. */
const struct ynode *value_of(const struct ynode *root, const char *key);

#endif
