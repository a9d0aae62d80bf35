#ifndef GIT_INPUT_H
#define GIT_INPUT_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The texts to look at come on stdin, so that what is compared is what the
 * caller has and shows, and no file needs to be made of it: a line with the
 * length of each in decimal, separated by a blank, then their bytes.
 *
 * The caller need not write and read at the same time: it sends INPUT_PIECE
 * bytes, which every pipe holds, and each empty line on stdout asks for the
 * next piece. White space in front of JSON means nothing.
 */
#define INPUT_PIECE 4096
#define INPUT_MAX ((size_t)(1u << 20)) /* bytes of each text */

int input_read(struct buf *texts, size_t n, struct err *e) must_check;

#endif
