#include "wire/pack.h"

/* --- writing ------------------------------------------------------------- */

void
wire_pack_release(struct wire_pack *k)
{
	free(k->p);
	*k = (struct wire_pack){ 0 };
}

static unsigned char *
room(struct wire_pack *k, size_t n)
{
	unsigned char *at;

	if (n > k->cap - k->len) {
		k->cap = 2 * k->cap + n + 64;
		k->p = xreallocarray(k->p, k->cap, 1);
	}
	at = k->p + k->len;
	k->len += n;
	return at;
}

static void
pack_number(struct wire_pack *k, uint64_t v, size_t size)
{
	unsigned char *p = room(k, size);

	for (size_t i = 0; i < size; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

void
wire_pack_u8(struct wire_pack *k, uint8_t v)
{
	pack_number(k, v, 1);
}

void
wire_pack_u16(struct wire_pack *k, uint16_t v)
{
	pack_number(k, v, 2);
}

void
wire_pack_u32(struct wire_pack *k, uint32_t v)
{
	pack_number(k, v, 4);
}

void
wire_pack_u64(struct wire_pack *k, uint64_t v)
{
	pack_number(k, v, 8);
}

void
wire_pack_str(struct wire_pack *k, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	wire_pack_u32(k, (uint32_t)n);
	memcpy(room(k, n + 1), s ? s : "", n + 1);
}

void
wire_pack_list(struct wire_pack *k, const char *const *list)
{
	uint32_t n = 0;

	while (list && list[n])
		n++;
	wire_pack_u32(k, n);
	for (uint32_t i = 0; i < n; i++)
		wire_pack_str(k, list[i]);
}

/* --- reading ------------------------------------------------------------- */

uint64_t
unpack_number(struct unpack *u, size_t size)
{
	uint64_t v = 0;

	if (u->left < size)
		u->bad = true;
	if (u->bad)
		return 0;
	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)u->p[i] << 8 * i;
	u->p += size;
	u->left -= size;
	return v;
}

uint32_t
unpack_u32(struct unpack *u)
{
	return (uint32_t)unpack_number(u, 4);
}

uint16_t
unpack_u16(struct unpack *u)
{
	return (uint16_t)unpack_number(u, 2);
}

const char *
unpack_str(struct unpack *u)
{
	size_t n = unpack_u32(u);
	const char *s = (const char *)u->p;

	if (n >= u->left || s[n] || memchr(s, 0, n))
		u->bad = true;
	if (u->bad)
		return "";
	u->p += n + 1;
	u->left -= n + 1;
	return s;
}

const char **
unpack_list(struct unpack *u)
{
	size_t n = unpack_u32(u);
	const char **list;

	/* Each takes 5 bytes at least: a lie cannot cost memory. */
	if (n > u->left / 5)
		u->bad = true;
	if (u->bad)
		return NULL;
	list = xcalloc(n + 1, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = unpack_str(u);
	return list;
}

int
unpack_end(const struct unpack *u)
{
	return u->bad || u->left ? -1 : 0;
}
