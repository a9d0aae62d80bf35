#include "core/currency.h"

static void
add_text(struct buf *out, const char *key, const char *value)
{
	if (value)
		buf_addf(out, "%s %zu:%s\n", key, strlen(value), value);
	else
		buf_addf(out, "%s -\n", key);
}

static void
add_number(struct buf *out, const char *key, uint64_t value)
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_addf(&text, "%llu", (unsigned long long)value);
	add_text(out, key, text.s);
}

static void
add_golden(struct buf *out, const struct image *image)
{
	add_text(out, "location", image->location);
	add_text(out, "digest", image->digest);
	add_text(out, "arch", image->arch);
	add_text(out, "kernel", image->kernel);
	add_text(out, "initrd", image->initrd);
	add_text(out, "cmdline", image->cmdline);
}

/* In the order of the guest's ports: that of the file means nothing. */
static void
add_ports(struct buf *out, const struct machinefile *mf)
{
	unsigned last = 0;

	add_number(out, "ports", mf->nports);
	for (size_t i = 0; i < mf->nports; i++) {
		const struct port *next = NULL;

		for (size_t j = 0; j < mf->nports; j++) {
			const struct port *p = &mf->ports[j];

			if (p->guest > last &&
			    (!next || p->guest < next->guest))
				next = p;
		}
		if (!next)
			abort(); /* no two have the same guest port */
		add_number(out, "guest", next->guest);
		add_number(out, "host", next->host);
		last = next->guest;
	}
}

void
currency_text(struct buf *out, enum layer layer, const struct machinefile *mf,
    const struct image *image)
{
	static const char *const names[] = {
		[LAYER_GOLDEN] = "golden",
		[LAYER_PROJECT] = "project",
		[LAYER_SESSION] = "session",
	};

	buf_adds(out, "machine-currency 1\n");
	add_text(out, "layer", names[layer]);
	switch (layer) {
	case LAYER_GOLDEN:
		add_golden(out, image);
		break;
	case LAYER_PROJECT:
		add_golden(out, image);
		add_number(out, "disk", mf->disk);
		break;
	case LAYER_SESSION:
		add_number(out, "cpus", mf->cpus);
		add_number(out, "memory", mf->memory);
		add_ports(out, mf);
		break;
	}
}

void
currency(enum layer layer, const struct machinefile *mf,
    const struct image *image, char hex[HASH_XXH128_HEX + 1])
{
	cleanup(buf) struct buf text = BUF_INIT;

	currency_text(&text, layer, mf, image);
	hash_xxh128(text.s, text.len, hex);
}

void
currency_step(const struct step *step, char hex[HASH_XXH128_HEX + 1])
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_adds(&text, "machine-step 1\n");
	add_text(&text, "as", step->as == STEP_ROOT ? "root" : "user");
	add_text(&text, "run", step->run);
	hash_xxh128(text.s, text.len, hex);
}
