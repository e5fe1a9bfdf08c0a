"""What people do wrong in their first hour: the message names the mistake and the way out."""

import shutil

import pytest
from crafted import write_archive
from helpers import Layout


@pytest.fixture(scope="module")
def layout(programs, keys, tmp_path_factory):
    directory = tmp_path_factory.mktemp("mistakes")
    chart = write_archive(directory / "tiny.tgz")
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


def refused(program, *arguments, status, **options):
    done = program.run(*arguments, status=status, **options)
    assert done.stdout == ""
    return done.stderr


def test_the_key_directory_for_its_trust(programs, keys, layout):
    told = refused(programs.pusher, "verify", layout, "--trust", keys.directory, status=4)
    assert "'trust' is a directory" in told
    assert "DIR/trust" in told


def test_no_key_directory(programs, layout, tmp_path):
    told = refused(programs.builder, "seal", layout, "--keys", tmp_path / "none", status=1)
    assert "'builder keygen' makes one" in told


def test_the_trust_of_somebody_else(programs, layout, tmp_path):
    programs.builder.run("keygen", tmp_path / "other", "--no-passphrase")
    told = refused(
        programs.pusher, "verify", layout, "--trust", tmp_path / "other" / "trust", status=4)
    assert "sealed by 0 of the 1" in told
    assert "no key of allowed_signers has signed it" in told
    assert "fingerprints" in told


def test_a_misspelt_file_of_the_trust_directory(programs, keys, layout, tmp_path):
    trust = shutil.copytree(keys.trust, tmp_path / "trust")
    (trust / "revoked_key").touch()
    told = refused(programs.pusher, "verify", layout, "--trust", trust, status=4)
    assert f"'{trust}': 'revoked_key' is there" in told


@pytest.mark.parametrize("command", [["builder", "inspect"], ["builder", "seal"]], ids=" ".join)
def test_a_directory_that_is_no_layout(programs, keys, tmp_path, command):
    (tmp_path / "chart").mkdir()
    options = ["--keys", keys] if command[1] == "seal" else []
    told = refused(getattr(programs, command[0]), command[1], tmp_path / "chart", *options,
                   status=3)
    assert "index.json: missing: is this an OCI image layout?" in told


@pytest.mark.parametrize("command", ["login", "logout"])
def test_a_registry_with_a_scheme(programs, tmp_path, command):
    options = ["--username", "u", "--password-stdin"] if command == "login" else []
    told = refused(programs.pusher, command, "https://registry.example", *options,
                   "--registry-config", tmp_path / "config.json", status=2)
    assert told == (f"pusher: registry 'https://registry.example': HOST[:PORT] is expected: "
                    "give it without the scheme 'https://'\n")


def test_our_public_key_for_a_key_of_openssh(programs, keys, layout):
    told = refused(programs.builder, "sign", layout, "--seal-id", layout.seal_id, "--ssh-key",
                   keys.directory / "seal.pub", status=4)
    assert "seal.pub': no key of OpenSSH" in told


def test_the_trust_of_the_environment(programs, keys, layout, tmp_path):
    trust_id = programs.pusher.run("verify", layout, "--trust", keys.trust, "--json").json["trustId"]
    variables = {"SALLYPORT_TRUST": str(keys.trust), "SALLYPORT_TRUST_ID": trust_id}
    for command in ("verify", "inspect"):
        assert programs.pusher.run(command, layout, env=variables).stdout
    # An option wins, and what is wrong in the environment is refused like an option.
    told = refused(programs.pusher, "verify", layout, "--trust", tmp_path / "none", status=4,
                   env=variables)
    assert "there is none" in told
    variables["SALLYPORT_TRUST_ID"] = "0" * 64
    told = refused(programs.pusher, "verify", layout, status=4, env=variables)
    assert f"its trust id is {trust_id}" in told
    variables["SALLYPORT_TRUST_ID"] = "0"
    assert "not 64 lower-case hex digits" in refused(
        programs.pusher, "push", layout, "oci://registry.example", status=2, env=variables)
    # builder takes nothing from there.
    assert "--trust DIR is required" in refused(
        programs.builder, "verify", layout, status=2, env=variables)


@pytest.mark.parametrize("host", ["http://registry.example", "registry.example/charts", "/", ""])
def test_an_upload_host_that_is_none(host, programs, keys, tmp_path):
    done = programs.pusher.run("push", tmp_path, "oci://127.0.0.1:1/a", "--trust", keys.trust,
                               "--upload-host", host, status=None)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == f"pusher: --upload-host: '{host}': HOST or HOST:PORT is expected\n"
