#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include "wire/wire.h"

/*
 * Taking payloads apart; for src/wire only. After the first thing that does
 * not fit `bad` is set and everything else reads as 0, "" or NULL.
 */
struct unpack {
	const unsigned char *p;
	size_t left;
	bool bad;
};

uint64_t unpack_number(struct unpack *u, size_t size);
uint32_t unpack_u32(struct unpack *u);
uint16_t unpack_u16(struct unpack *u);
const char *unpack_str(struct unpack *u);
/* malloc'ed, ended by NULL; the strings stay where they are. */
const char **unpack_list(struct unpack *u);
/* 0 if exactly everything was read. */
int unpack_end(const struct unpack *u);

#endif
