#include "core/machinefile_read.h"

void
read_network(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "network");
}

void
read_egress(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->mf->egress = (enum egress)i;
}

static bool
read_host(struct reading *r, const struct ynode *n, const char **out)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	*out = n->str;
	if (word_is_host(n->str))
		return true;
	reading_refuse(r, n,
	    "\"%s\" is not name.tld, *.name.tld or preset:NAME, in lower case",
	    text_show(n->str).s);
	return false;
}

void
read_allow(struct reading *r, const struct ynode *n)
{
	reading_set(
	    r, n, read_host, &target(r)->mf->allow, &target(r)->mf->nallow);
}

/* A list that nothing looks at would be believed all the same. */
void
check_network(struct reading *r, const struct ynode *root)
{
	const struct machinefile *mf = target(r)->mf;
	const struct ynode *at = value_of(root, "network");

	if (r->stated >> MF_NETWORK_ALLOW & 1 && mf->egress != EGRESS_ALLOWLIST)
		diag_add(r->d, at->line, at->column,
		    "network: \"allow\" needs \"egress: allowlist\"");
}

void
read_ready(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "ready");
}

void
read_ready_tcp(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (reading_number(r, n, row(r)->min, row(r)->max, &v))
		target(r)->mf->ready_tcp = (uint16_t)v;
}

void
read_timeout(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (reading_duration(r, n, 1, MACHINEFILE_READY_MAX, &v))
		target(r)->mf->ready_timeout = (unsigned)v;
}

void
read_commands(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "commands");
}

static bool
read_command(struct reading *r, const struct ynode *n, const char **out)
{
	return reading_word(r, n, row(r)->word, out);
}

void
read_guest_commands(struct reading *r, const struct ynode *n)
{
	reading_set(r, n, read_command, &target(r)->mf->guest_commands,
	    &target(r)->mf->nguest_commands);
}

void
read_git(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "git");
}

void
read_identity(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->mf->git_identity = (enum git_identity)i;
}

void
read_state(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->agent->state = (enum agent_state)i;
}

void
read_agents(struct reading *r, const struct ynode *n)
{
	struct agent *agents;
	size_t count;

	if (!reading_entries(r, n, Y_MAP, &count))
		return;
	agents = arena_zalloc(r->arena, count + 1, sizeof(*agents));
	count = 0;
	for (const struct ynode *v = n->first; v; v = v->next) {
		if (!reading_known(r, v->key, r->key->known))
			continue;
		target(r)->agent = &agents[count++];
		target(r)->agent->tool = v->key->str;
		(void)reading_map(r, v, "agents.TOOL");
	}
	target(r)->mf->agents = agents;
	target(r)->mf->nagents = count;
}

void
read_idle(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "idle");
}

void
read_idle_stop(struct reading *r, const struct ynode *n)
{
	uint64_t v = 0;

	if (n->kind == Y_SCALAR && strcmp(n->str, "never") == 0)
		target(r)->mf->idle_stop = 0;
	else if (reading_duration(r, n, 60, MACHINEFILE_IDLE_MAX, &v))
		target(r)->mf->idle_stop = (unsigned)v;
}
