#include "core/machinefile_read.h"

void
read_guest_port(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (!reading_number(r, n, 1, UINT16_MAX, &v))
		return;
	target(r)->port->guest = (uint16_t)v;
	if (v == 22)
		reading_refuse(
		    r, n, "22 is our own way in and is never forwarded");
}

void
read_host_port(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (!reading_number(r, n, 1, UINT16_MAX, &v))
		return;
	target(r)->port->host = (uint16_t)v;
	if (v < row(r)->min)
		reading_refuse(r, n,
		    "\"%s\" is below 1024, which is for root: choose another "
		    "host port",
		    text_show(n->str).s);
}

void
read_label(struct reading *r, const struct ynode *n)
{
	(void)reading_text(r, n, row(r)->max, &target(r)->port->label);
}

/* false if the entry cannot be compared with others. */
static bool
read_port(struct reading *r, const struct ynode *n, struct port *p)
{
	const uint64_t host = UINT64_C(1) << MF_PORTS_HOST;
	uint64_t seen, v;

	target(r)->port = p;
	if (n->kind == Y_MAP) {
		seen = reading_map(r, n, "ports[]");
		if (seen & host)
			return p->guest && p->host;
		p->host = p->guest;
	} else {
		if (!reading_number(r, n, 1, UINT16_MAX, &v))
			return false;
		p->guest = p->host = (uint16_t)v;
		if (v == 22)
			read_guest_port(r, n);
	}
	if (p->host && p->host != 22 && p->host < 1024)
		reading_refuse(r, n,
		    "%u is below 1024, which is for root on the host: write "
		    "{guest: %u, host: %u}",
		    p->host, p->guest, p->guest + 8000u);
	return p->guest;
}

static void
refuse_port_twice(struct reading *r, const struct ynode *n,
    const struct port *ports, const unsigned *lines, size_t count)
{
	const struct port *p = &ports[count];

	for (size_t i = 0; i < count; i++) {
		if (ports[i].host == p->host) {
			reading_refuse(r, n,
			    "host port %u is taken; first on line %u", p->host,
			    lines[i]);
			return;
		}
		if (ports[i].guest == p->guest) {
			reading_refuse(r, n,
			    "guest port %u is there twice; first on line %u",
			    p->guest, lines[i]);
			return;
		}
	}
}

/* The user's own limits. Below 1024 has been complained about. */
static void
refuse_port_outside(struct reading *r, const struct ynode *n, uint16_t port)
{
	const struct limits *l = &target(r)->limits;

	for (size_t i = 0; i < l->nports; i++)
		if (port >= l->ports[i].from && port <= l->ports[i].to)
			return;
	if (l->nports && port >= 1024)
		reading_refuse(r, n,
		    "host port %u is not one that your config.yaml permits",
		    port);
}

void
read_ports(struct reading *r, const struct ynode *n)
{
	unsigned lines[MACHINEFILE_PORTS_MAX];
	struct port *ports;
	size_t count, kept = 0;

	if (!reading_entries(r, n, Y_SEQ, &count))
		return;
	ports = arena_zalloc(r->arena, count + 1, sizeof(*ports));
	for (const struct ynode *c = n->first; c; c = c->next) {
		lines[kept] = c->line;
		if (!read_port(r, c, &ports[kept]))
			continue;
		refuse_port_twice(r, c, ports, lines, kept);
		refuse_port_outside(r, c, ports[kept++].host);
	}
	target(r)->mf->ports = ports;
	target(r)->mf->nports = kept;
}
