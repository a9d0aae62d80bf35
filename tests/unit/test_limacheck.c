#include "base/base.h"

#include "core/limacheck.h"
#include "tests/tap.h"

/* What was asked for, what Lima says it has understood, and what is wrong. */
static const struct {
	const char *asked, *understood, *why;
} rows[] = {
	{ "{}", "{}", "" },
	{ "{\"cpus\":2}", "{\"cpus\":2,\"os\":\"Linux\"}", "" },
	{ "{\"ssh\":{\"forwardAgent\":false}}", "{\"ssh\":{\"localPort\":0}}",
	    "" },
	{ "{\"mounts\":[{\"location\":\"/p\"}]}",
	    "{\"mounts\":[{\"location\":\"/p\",\"9p\":{}}]}", "" },
	{ "{\"cpus\":2}", "{\"cpus\":4}", "cpus is 4 instead of 2" },
	{ "{\"cpus\":2}", "{}", "cpus is absent instead of 2" },
	{ "{\"ssh\":{\"forwardAgent\":false}}",
	    "{\"ssh\":{\"forwardAgent\":true}}",
	    "ssh.forwardAgent is true instead of false" },
	/* The user's own default.yaml adds mounts to every instance. */
	{ "{\"mounts\":[{\"location\":\"/p\"}]}",
	    "{\"mounts\":[{\"location\":\"/p\"},{\"location\":\"/h\"}]}",
	    "mounts is [{\"location\":\"/p\"},{\"location\":\"/h\"}] instead "
	    "of [{\"location\":\"/p\"}]" },
	{ "{\"mounts\":[{\"location\":\"/p\"}]}",
	    "{\"mounts\":[{\"location\":\"/q\"}]}",
	    "mounts[0].location is \"/q\" instead of \"/p\"" },
	{ "{\"mounts\":[]}", "{\"mounts\":{}}", "mounts is {} instead of []" },
	{ "{\"a\":\"1\"}", "{\"a\":1}", "a is 1 instead of \"1\"" },
	{ "{}", "{\"provision\":[{\"script\":\"x\"}]}",
	    "provision is set, which nobody asked for" },
	{ "{\"additionalDisks\":[{\"name\":\"v\",\"format\":false}]}",
	    "{\"additionalDisks\":[{\"name\":\"v\",\"format\":false}]}", "" },
	/* Without the false Lima makes partitions on it. */
	{ "{\"additionalDisks\":[{\"name\":\"v\",\"format\":false}]}",
	    "{\"additionalDisks\":[{\"name\":\"v\",\"format\":true}]}",
	    "additionalDisks[0].format is true instead of false" },
	{ "{\"additionalDisks\":[{\"name\":\"v\"}]}",
	    "{\"additionalDisks\":[{\"name\":\"v\"},{\"name\":\"w\"}]}",
	    "additionalDisks is [{\"name\":\"v\"},{\"name\":\"w\"}] instead of "
	    "[{\"name\":\"v\"}]" },
	{ "{}", "{\"additionalDisks\":[{\"name\":\"v\"}]}",
	    "additionalDisks is set, which nobody asked for" },
	/* An image is made in a VM that has nothing of the host. */
	{ "{}", "{\"mounts\":[{\"location\":\"/\"}]}",
	    "mounts is set, which nobody asked for" },
	{ "{}", "{\"copyToHost\":[{}]}",
	    "copyToHost is set, which nobody asked for" },
	{ "{}", "{\"env\":{\"A\":\"b\"}}",
	    "env is set, which nobody asked for" },
	{ "{}", "{\"provision\":[],\"env\":{},\"plain\":false,\"base\":null}",
	    "" },
};

int
main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = ERR_INIT;
		cleanup(buf) struct buf why = BUF_INIT;
		cleanup(json) struct json *asked = json_parse(
		    "asked", rows[i].asked, strlen(rows[i].asked), &e);
		cleanup(json) struct json *understood = json_parse("understood",
		    rows[i].understood, strlen(rows[i].understood), &e);

		CHECK(asked && understood);
		CHECK(limacheck(asked, understood, &why) == !rows[i].why[0]);
		CHECK_STR(why.s, rows[i].why);
	}
	return tap_end();
}
