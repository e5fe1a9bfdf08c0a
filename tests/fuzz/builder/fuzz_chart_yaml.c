/*
 * Chart.yaml. What is taken is written anew, and that must load to the same config.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "builder/chart_rules.h"
#include "builder/chart_yaml.h"
#include "builder/helm_config.h"
#include "common/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(struct chart_metadata *m, const char *yaml, size_t len, struct error *err)
{
	chart_metadata_init(m);
	if (chart_yaml_read(m, yaml, len, err) != 0)
		return -1;
	return chart_rules_apply(m, err);
}

static void check_round_trip(const struct chart_metadata *m)
{
	auto_buf struct buf yaml = BUF_INIT(64 * MIB);
	auto_buf struct buf config = BUF_INIT(64 * MIB);
	auto_buf struct buf again = BUF_INIT(64 * MIB);
	auto_chart_metadata struct chart_metadata copy;
	struct error err = ERROR_INIT;

	chart_yaml_write(&yaml, m);
	helm_config_write(&config, m);
	if (load(&copy, buf_text(&yaml), yaml.len, &err) != 0) {
		assert(err.code == ERR_LIMIT); /* escapes can make it too long */
		return;
	}
	helm_config_write(&again, &copy);
	assert(config.len == again.len && memcmp(config.data, again.data, config.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_chart_metadata struct chart_metadata m;
	struct error err = ERROR_INIT;

	if (load(&m, (const char *)data, size, &err) == 0)
		check_round_trip(&m);
	else
		assert(err.code != ERR_NONE && err.text[0] != '\0');
	return 0;
}
