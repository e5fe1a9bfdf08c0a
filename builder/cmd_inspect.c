#include <errno.h>

#include "builder/commands.h"
#include "common/inspect.h"
#include "common/limits.h"

static const char help[] =
    "usage: builder inspect LAYOUT [OPTION]...\n"
    "\n"
    "Prints the packing list of a layout. Checks digests and the graph of what it\n"
    "reads, but no signature: see builder verify.\n"
    "\n"
    "      --format text|json|html\n"
    "                           text unless told; html is one page, without scripts\n"
    "      --json               the same as --format json\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; inspect has nothing more to say\n";

static int read_seal(const struct layout *l, struct inspect_seal *out, struct error *err)
{
	auto_buf struct buf seal = BUF_INIT(LIMIT_SEAL_BYTES_MAX);

	if (layout_read_file(l, LAYOUT_SEAL, &seal, err) != 0)
		return err->sys_errno == ENOENT ? 0 : -1;
	out->sealed = true;
	digest_of(&out->id, buf_text(&seal), seal.len);
	return 0;
}

static int inspect(const char *path, enum inspect_format format,
    const struct common_options *common, struct command_result *out, struct error *err)
{
	auto_layout struct layout l = LAYOUT_INIT;
	auto_graph struct graph graph = GRAPH_INIT;
	auto_buf struct buf index = BUF_INIT(LIMIT_INDEX_BYTES_MAX);
	struct inspect_seal seal = {.sealed = false};

	if (layout_open(&l, path, err) != 0)
		return -1;
	if (read_seal(&l, &seal, err) != 0 ||
	    layout_read_file(&l, LAYOUT_INDEX, &index, err) != 0 ||
	    graph_load(&graph, &l, buf_text(&index), index.len, err) != 0)
		return error_prefix(err, "layout '%s'", path);
	command_list(out, &graph, &seal, format, common);
	return 0;
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {0};
	const char *format_name = NULL;
	enum inspect_format format;
	const struct option_spec specs[] = {
	    {.name = "format", .value = &format_name},
	    COMMON_OPTION_SPECS(&common),
	};
	int first;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder inspect",
		&first, err) != 0)
		return -1;
	if (argc - first != 1)
		return command_usage(self, "builder", err, "exactly one LAYOUT is wanted");
	if (inspect_format_parse(&format, format_name, err) != 0)
		return -1;
	return inspect(argv[first], format, &common, out, err);
}

const struct command command_inspect = {.name = "inspect", .help = help, .run = run};
