#ifndef BASE_NET_H
#define BASE_NET_H

#include "base/base.h"

/* Could a server listen on this TCP port of 127.0.0.1 just now? */
bool net_port_free(uint16_t port);

#endif
