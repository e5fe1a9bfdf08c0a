#include <signal.h>
#include <string.h>

#include "pusher/credential_sources.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

struct world {
	struct temp_dir directory;
	struct environment environment;
	struct credential_options options;
	struct target target;
	struct credentials found;
	struct buf notes;
	struct error err;
};

static void set(struct world *w, enum environment_variable v, const char *value)
{
	sodium_free(w->environment.values[v]);
	w->environment.values[v] = value == NULL ? NULL : secret_strdup(value);
}

static void world_init(struct world *w)
{
	*w = (struct world){.environment = ENVIRONMENT_INIT,
	    .target = TARGET_INIT,
	    .found = CREDENTIALS_INIT,
	    .notes = BUF_INIT(1 << 16),
	    .err = ERROR_INIT};
	temp_dir_open(&w->directory);
	expect_ok(target_parse(&w->target, "oci://reg.example/a", false, &w->err), &w->err);
	/* Not those of this machine. */
	set(w, ENVIRONMENT_XDG_RUNTIME_DIR, "/nonexistent");
}

static void world_release(struct world *w)
{
	environment_release(&w->environment);
	credentials_release(&w->found);
	target_release(&w->target);
	buf_release(&w->notes);
	temp_dir_close(&w->directory);
}
#define auto_world __attribute__((cleanup(world_release)))

static char *path_of(const struct world *w, const char *name)
{
	return mem_printf("%s/%s", w->directory.path, name);
}

/* A file with an entry for reg.example, with user as the user's name; directories are made. */
static char *put(const struct world *w, const char *name, const char *user)
{
	auto_free char *pair = mem_printf("{\"auths\":{\"reg.example\":{\"username\":\"%s\","
					  "\"password\":\"canary\"}}}",
	    user);

	for (const char *at = strchr(name, '/'); at != NULL; at = strchr(at + 1, '/')) {
		auto_free char *directory = mem_strndup(name, (size_t)(at - name));
		(void)mkdirat(w->directory.fd, directory, 0755);
	}
	temp_write(w->directory.fd, name, pair, strlen(pair));
	assert_int_equal(fchmodat(w->directory.fd, name, 0600, 0), 0);
	return path_of(w, name);
}

static int load(struct world *w)
{
	credentials_release(&w->found);
	buf_release(&w->notes);
	return credential_sources_load(
	    &w->found, &w->options, &w->environment, &w->target, &w->notes, &w->err);
}

static void expect_user(struct world *w, const char *user)
{
	expect_ok(load(w), &w->err);
	const struct credential *c = credentials_find(&w->found, "a");
	assert_null(strstr(buf_text(&w->notes), "canary"));
	if (user == NULL) {
		assert_null(c);
		return;
	}
	assert_non_null(c);
	expect_text(c->username, user);
	expect_contains(buf_text(&w->notes), c->source);
}

static void test_the_order_of_the_sources(void **state)
{
	static const char legacy[] =
	    "{\"reg.example\":{\"username\":\"old\",\"password\":\"canary\"}}";
	auto_world struct world w;

	(void)state;
	world_init(&w);
	set(&w, ENVIRONMENT_HOME, w.directory.path);
	expect_user(&w, NULL);
	temp_write(w.directory.fd, ".dockercfg", legacy, sizeof(legacy) - 1);
	expect_user(&w, "old");
	auto_free char *a = put(&w, ".config/helm/registry/config.json", "helm");
	expect_user(&w, "helm");
	auto_free char *b = put(&w, ".docker/config.json", "docker");
	expect_user(&w, "docker");
	auto_free char *c = put(&w, ".config/containers/auth.json", "config");
	expect_user(&w, "config");
	auto_free char *d = put(&w, "run/containers/auth.json", "runtime");
	auto_free char *run = path_of(&w, "run");
	set(&w, ENVIRONMENT_XDG_RUNTIME_DIR, run);
	expect_user(&w, "runtime");
	auto_free char *e = put(&w, "docker/config.json", "docker-config");
	auto_free char *docker = path_of(&w, "docker");
	set(&w, ENVIRONMENT_DOCKER_CONFIG, docker);
	expect_user(&w, "docker-config");
	set(&w, ENVIRONMENT_DOCKER_AUTH_CONFIG,
	    "{\"auths\":{\"reg.example\":{\"username\":\"json\",\"password\":\"canary\"}}}");
	expect_user(&w, "json");
	auto_free char *f = put(&w, "auth-file", "auth-file");
	set(&w, ENVIRONMENT_REGISTRY_AUTH_FILE, f);
	expect_user(&w, "auth-file");
	auto_free char *g = put(&w, "option", "option");
	w.options.registry_config = g;
	expect_user(&w, "option");
	assert_int_equal(w.found.count, 1);
	set(&w, ENVIRONMENT_USERNAME, "variable");
	set(&w, ENVIRONMENT_PASSWORD, "canary");
	expect_user(&w, "variable");
	assert_int_equal(w.found.count, 1);
}

static void test_where_helm_keeps_them(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	auto_free char *a = put(&w, "xdg/helm/registry/config.json", "xdg");
	auto_free char *xdg = path_of(&w, "xdg");
	set(&w, ENVIRONMENT_XDG_CONFIG_HOME, xdg);
	expect_user(&w, "xdg");
	auto_free char *b = put(&w, "helm/registry/config.json", "home");
	auto_free char *home = path_of(&w, "helm");
	set(&w, ENVIRONMENT_HELM_CONFIG_HOME, home);
	expect_user(&w, "home");
	auto_free char *c = put(&w, "file", "file");
	set(&w, ENVIRONMENT_HELM_REGISTRY_CONFIG, c);
	expect_user(&w, "file");
}

static void test_a_file_without_an_entry_is_passed_over(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	set(&w, ENVIRONMENT_HOME, w.directory.path);
	set(&w, ENVIRONMENT_DOCKER_AUTH_CONFIG, "{\"auths\":{\"other.example\":{}}}");
	auto_free char *a = put(&w, ".docker/config.json", "docker");
	expect_user(&w, "docker");
	expect_contains(
	    buf_text(&w.notes), "credentials: 'DOCKER_AUTH_CONFIG' has none for reg.example\n");
}

static void test_files_that_cannot_be_used(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	w.options.registry_config = "/nonexistent";
	expect_refused(load(&w), &w.err, ERR_USAGE, "credentials '/nonexistent': No such file");
	w.options.registry_config = w.directory.path;
	expect_refused(load(&w), &w.err, ERR_AUTH, "not a regular file");
	w.options.registry_config = NULL;
	set(&w, ENVIRONMENT_DOCKER_AUTH_CONFIG, "canary");
	expect_refused(load(&w), &w.err, ERR_AUTH, "credentials 'DOCKER_AUTH_CONFIG'");
}

static void test_a_file_that_others_may_read_is_named(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	auto_free char *a = put(&w, "file", "file");
	w.options.registry_config = a;
	expect_user(&w, "file");
	assert_null(strstr(buf_text(&w.notes), "chmod"));
	assert_int_equal(fchmodat(w.directory.fd, "file", 0640, 0), 0);
	expect_user(&w, "file");
	expect_contains(buf_text(&w.notes), "chmod 600");
}

static void test_row_k6_a_helper_is_asked_only_where_that_was_said(void **state)
{
	auto_world struct world w;
	static const char config[] =
	    "{\"auths\":{\"reg.example\":{}},\"credsStore\":\"here\",\"x\\u001b\":1}";
	static const char script[] = "#!/bin/sh\n"
				     "echo '{\"Username\":\"helped\",\"Secret\":\"canary\"}'\n";

	(void)state;
	world_init(&w);
	temp_write(w.directory.fd, "config.json", config, sizeof(config) - 1);
	temp_write(w.directory.fd, "docker-credential-here", script, sizeof(script) - 1);
	assert_int_equal(fchmodat(w.directory.fd, "docker-credential-here", 0755, 0), 0);
	auto_free char *path = path_of(&w, "config.json");
	w.options.registry_config = path;
	set(&w, ENVIRONMENT_PATH, w.directory.path);
	expect_user(&w, NULL);
	expect_contains(buf_text(&w.notes), "only with --credential-helpers");
	w.options.helpers = true;
	expect_user(&w, "helped");
	/* No way around a helper that fails. */
	set(&w, ENVIRONMENT_PATH, "/nonexistent");
	expect_refused(load(&w), &w.err, ERR_AUTH, "credential helper 'here': no program");
}

static void test_what_does_not_go_together(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	w.options.password_stdin = true;
	expect_refused(load(&w), &w.err, ERR_USAGE, "go together");
	w.options = (struct credential_options){.username = "a"};
	expect_refused(load(&w), &w.err, ERR_USAGE, "go together");
	w.options = (struct credential_options){.username = NULL};
	set(&w, ENVIRONMENT_USERNAME, "a");
	expect_refused(load(&w), &w.err, ERR_USAGE, "only one is set");
	set(&w, ENVIRONMENT_USERNAME, NULL);
	set(&w, ENVIRONMENT_PASSWORD, "canary");
	expect_refused(load(&w), &w.err, ERR_USAGE, "only one is set");
	set(&w, ENVIRONMENT_USERNAME, "a:b");
	expect_refused(load(&w), &w.err, ERR_USAGE, "SALLYPORT_USERNAME, SALLYPORT_PASSWORD: user");
	assert_null(strstr(w.err.text, "canary"));
}

static void test_plain_http_to_another_machine(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	target_release(&w.target);
	expect_ok(target_parse(&w.target, "oci://reg.example/a", true, &w.err), &w.err);
	set(&w, ENVIRONMENT_USERNAME, "a");
	set(&w, ENVIRONMENT_PASSWORD, "canary");
	expect_refused(load(&w), &w.err, ERR_USAGE, "in the clear");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_order_of_the_sources),
	    cmocka_unit_test(test_where_helm_keeps_them),
	    cmocka_unit_test(test_a_file_without_an_entry_is_passed_over),
	    cmocka_unit_test(test_files_that_cannot_be_used),
	    cmocka_unit_test(test_a_file_that_others_may_read_is_named),
	    cmocka_unit_test(test_row_k6_a_helper_is_asked_only_where_that_was_said),
	    cmocka_unit_test(test_what_does_not_go_together),
	    cmocka_unit_test(test_plain_http_to_another_machine),
	};

	/* As main() of pusher has it. */
	(void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return cmocka_run_group_tests_name("credential_sources", tests, NULL, NULL);
}
