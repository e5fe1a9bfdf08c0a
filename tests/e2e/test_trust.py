"""The trust directory: who may seal, for whom and for where; what makes it unusable."""

import json
import os
import re
import shutil
import subprocess

import pytest
from crafted import write_archive
from demands import judged, refused
from helpers import SEAL_NAMESPACE, Layout, Signer, sha256

POLICY = {"version": 1, "seal": {"threshold": 1, "signers": ["enclave"]}}
TARGET = "oci://registry.example/charts"


@pytest.fixture
def mine(programs, keys, tmp_path):
    """A small sealed layout."""
    chart = write_archive(tmp_path / "tiny.tgz")
    programs.builder.run("build", chart, "--output", tmp_path / "mine", "--keys", keys)
    return Layout(tmp_path / "mine")


@pytest.fixture
def trust(keys, tmp_path):
    """A copy of the trust directory that keygen made."""
    return shutil.copytree(keys.trust, tmp_path / "trust")


def line(signer, options=f'namespaces="{SEAL_NAMESPACE}"', principal=None):
    return f"{principal or signer.principal} {options} {signer.public}\n"


def trust_in(directory, signers, policy):
    """A trust directory with the keys of several signers."""
    directory.mkdir()
    (directory / "allowed_signers").write_text("".join(map(line, signers)))
    (directory / "policy.json").write_text(json.dumps({"version": 1, **policy}))
    return directory


# ---- several signers ----

@pytest.fixture
def crew(tmp_path):
    """Four signers: ann has two keys."""
    return {name: Signer(tmp_path / f"key-{name}", name.rstrip("2"))
            for name in ("ann", "ann2", "bob", "eve")}


@pytest.mark.parametrize(("signed", "threshold", "status"), [
    (["ann"], 1, 0), (["bob"], 1, 0), (["eve"], 1, 4), ([], 1, 4),
    (["ann", "bob"], 2, 0), (["bob", "ann"], 2, 0), (["ann"], 2, 4), (["ann", "eve"], 2, 4),
    (["ann", "ann2"], 2, 4), (["ann", "ann2", "bob"], 2, 0), (["ann", "bob", "eve"], 2, 0),
], ids=lambda value: "+".join(value) if isinstance(value, list) else str(value))
def test_row_s6_thresholds(signed, threshold, status, mine, crew, programs, tmp_path):
    for old in mine.signatures:
        old.unlink()
    for name in signed:
        crew[name].seal(mine, keep=True)
    policy = {"seal": {"threshold": threshold, "signers": ["ann", "bob"]}}
    trust = trust_in(tmp_path / "trust", crew.values(), policy)
    done = judged(programs, mine, trust, status)
    if status == 0:
        counted = re.findall(r"^signed by (\S+) SHA256:", done.stdout, re.M)
        assert counted == [crew[n].principal for n in ("ann", "ann2", "bob") if n in signed]


def test_row_s6_one_bad_signature_spoils_a_met_threshold(mine, crew, programs, tmp_path):
    crew["ann"].seal(mine)
    crew["bob"].seal(mine, keep=True)
    (mine.path / f"SEAL.{crew['bob'].kid}.sig").write_bytes(crew["bob"].sign(b"something else"))
    for policy in ({"seal": {"threshold": 1, "signers": ["ann", "bob"]}},
                   {"seal": {"threshold": 1, "signers": ["ann"]}}):
        trust = trust_in(tmp_path / f"trust-{len(policy['seal']['signers'])}", crew.values(), policy)
        judged(programs, mine, trust, 4, crew["bob"].kid)


def test_one_signature_under_two_names(mine, crew, programs, tmp_path):
    crew["ann"].seal(mine)
    shutil.copy(mine.signatures[0], mine.path / f"SEAL.{crew['bob'].kid}.sig")
    trust = trust_in(tmp_path / "trust", crew.values(),
                     {"seal": {"threshold": 2, "signers": ["ann", "bob"]}})
    judged(programs, mine, trust, 4)


@pytest.mark.parametrize(("window", "status"), [
    ('valid-after="20000101Z"', 0), ('valid-before="20010101Z"', 4), ('valid-after="99990101Z"', 4),
    ('valid-after="200001010000Z",valid-before="99990101000000Z"', 0),
    ('valid-before="20000101000000Z"', 4),
], ids=lambda value: str(value))
def test_windows_of_keys(window, status, mine, crew, programs, tmp_path):
    crew["ann"].seal(mine)
    trust = trust_in(tmp_path / "trust", [crew["ann"]],
                     {"seal": {"threshold": 1, "signers": ["ann"]}})
    (trust / "allowed_signers").write_text(
        line(crew["ann"], f'namespaces="{SEAL_NAMESPACE}",{window}'))
    judged(programs, mine, trust, status, *(["window"] if status else []))


# ---- keys that a FIDO authenticator holds ----

def stock_verify(layout, signer, trust):
    """ssh-keygen's own opinion of one signature."""
    return subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", trust / "allowed_signers", "-I", signer.principal,
         "-n", SEAL_NAMESPACE, "-s", layout.path / f"SEAL.{signer.kid}.sig"],
        stdin=open(layout.path / "SEAL", "rb"), capture_output=True).returncode


@pytest.mark.parametrize("application", [[], ["-O", "application=ssh:reviewers"]], ids=["", "named"])
def test_an_authenticator_may_co_sign(application, mine, crew, programs, tmp_path):
    token = Signer(tmp_path / "token", "token", programs.authenticator, application)
    policy = {"seal": {"threshold": 2, "signers": ["ann", "token"]}}
    trust = trust_in(tmp_path / "trust", [crew["ann"], token], policy)
    crew["ann"].seal(mine)
    judged(programs, mine, trust, 4, "1 of the 2")
    token.seal(mine, keep=True)
    assert stock_verify(mine, token, trust) == 0
    fingerprint = subprocess.run(["ssh-keygen", "-l", "-f", token.key.with_suffix(".pub")],
                                 capture_output=True, text=True, check=True).stdout.split()[1]
    judged(programs, mine, trust, 0, f"signed by token {fingerprint}\n")
    (mine.path / f"SEAL.{token.kid}.sig").write_bytes(token.sign(b"something else"))
    judged(programs, mine, trust, 4, token.kid, "does not hold")


def test_row_s5_an_authenticator_that_nobody_touched(mine, crew, programs, tmp_path):
    """ssh-keygen says yes to it; a seal wants somebody to have been there."""
    token = Signer(tmp_path / "token", "token", programs.authenticator, ["-O", "no-touch-required"])
    policy = {"seal": {"threshold": 1, "signers": ["ann", "token"]}}
    trust = trust_in(tmp_path / "trust", [crew["ann"], token], policy)
    crew["ann"].seal(mine)
    token.seal(mine, keep=True)
    assert stock_verify(mine, token, trust) == 0
    judged(programs, mine, trust, 4, token.kid, "touched")


# ---- what makes it unusable ----

FILES = {
    "revoked_key": "ssh-ed25519 AAAA\n", "revoked_keys": "ssh-ed25519 AAAA\n", "x.pub": "", "release.pub": "",
    "TRUST": "", "README": "hello", "policy.json~": "{}", "allowed_signers.bak": "",
}


@pytest.mark.parametrize("name", FILES)
def test_row_s15_unknown_files(name, mine, trust, programs):
    (trust / name).write_text(FILES[name])
    judged(programs, mine, trust, 4, name)


def test_an_unknown_directory(mine, trust, programs):
    (trust / "old").mkdir()
    judged(programs, mine, trust, 4, "old")


def test_names_with_a_dot_are_left_alone(mine, trust, programs):
    before = judged(programs, mine, trust, 0, options=["--json"]).json["trustId"]
    (trust / ".git").mkdir()
    (trust / ".gitignore").write_text("revoked_key\n")
    os.mkfifo(trust / ".pipe")
    assert judged(programs, mine, trust, 0, options=["--json"]).json["trustId"] == before


@pytest.mark.parametrize("name", ["allowed_signers", "policy.json"])
@pytest.mark.parametrize("way", ["missing", "empty", "directory", "fifo", "large", "nul"])
def test_a_required_file_that_is_none(name, way, mine, trust, programs):
    path = trust / name
    if way == "large":
        path.write_bytes(path.read_bytes() + b"\n" * (256 * 1024 + 1))
    elif way == "nul":
        path.write_bytes(path.read_bytes() + b"\0")
    else:
        path.unlink()
        if way == "empty":
            path.touch()
        elif way == "directory":
            path.mkdir()
        elif way == "fifo":
            os.mkfifo(path)
    judged(programs, mine, trust, 4, name)


POLICIES = {
    "not-json": "{",
    "empty": "",
    "array": "[]",
    "two-documents": json.dumps(POLICY) * 2,
    "comment": "// policy\n" + json.dumps(POLICY),
    "byte-order-mark": "\ufeff" + json.dumps(POLICY),
    "trailing-comma": '{"version":1,"seal":{"threshold":1,"signers":["enclave"]},}',
    "nan": '{"version":1,"seal":{"threshold":NaN,"signers":["enclave"]}}',
    "no-version": {"seal": POLICY["seal"]},
    "version-0": {**POLICY, "version": 0},
    "version-2": {**POLICY, "version": 2},
    "version-text": {**POLICY, "version": "1"},
    "version-float": '{"version":1.0,"seal":{"threshold":1,"signers":["enclave"]}}',
    "no-seal": {"version": 1},
    "seal-list": {**POLICY, "seal": []},
    "seal-unknown-member": {**POLICY, "seal": {**POLICY["seal"], "optional": True}},
    "no-threshold": {**POLICY, "seal": {"signers": ["enclave"]}},
    "threshold-0": {**POLICY, "seal": {"threshold": 0, "signers": ["enclave"]}},
    "threshold-2-of-1": {**POLICY, "seal": {"threshold": 2, "signers": ["enclave"]}},
    "threshold-negative": {**POLICY, "seal": {"threshold": -1, "signers": ["enclave"]}},
    "threshold-2^32": {**POLICY, "seal": {"threshold": 2 ** 32, "signers": ["enclave"]}},
    "threshold-2^32+1": {**POLICY, "seal": {"threshold": 2 ** 32 + 1, "signers": ["enclave"]}},
    "threshold-2^64+1": {**POLICY, "seal": {"threshold": 2 ** 64 + 1, "signers": ["enclave"]}},
    "threshold-text": {**POLICY, "seal": {"threshold": "1", "signers": ["enclave"]}},
    "threshold-true": {**POLICY, "seal": {"threshold": True, "signers": ["enclave"]}},
    "no-signers": {**POLICY, "seal": {"threshold": 1}},
    "signers-empty": {**POLICY, "seal": {"threshold": 1, "signers": []}},
    "signers-text": {**POLICY, "seal": {"threshold": 1, "signers": "enclave"}},
    "signer-number": {**POLICY, "seal": {"threshold": 1, "signers": [1]}},
    "signer-twice": {**POLICY, "seal": {"threshold": 2, "signers": ["enclave", "enclave"]}},
    "signer-unknown": {**POLICY, "seal": {"threshold": 1, "signers": ["enclave", "nobody"]}},
    "member-twice": '{"version":1,"seal":{"threshold":2,"signers":["enclave"]},'
                    '"seal":{"threshold":1,"signers":["enclave"]}}',
    "member-twice-inside": '{"version":1,"seal":{"threshold":2,"threshold":1,"signers":["enclave"]}}',
    "member-twice-escaped":
        '{"version":1,"\\u0073eal":{"threshold":1,"signers":["x"]},"seal":{"threshold":1,'
        '"signers":["enclave"]}}',
    "other-case": {"version": 1, "Seal": POLICY["seal"], "seal": POLICY["seal"]},
    **{f"bad-{name}": {**POLICY, name: value} for name, value in {
        "trust": {"serial": 1}, "requireDestination": "yes", "requireSequence": 1,
        "minSequence": {"plant-a": 0}, "maxSequenceJump": 0, "requirePrevious": None,
        "requireNotAfter": [], "allowMap": {}, "release": {"keys": []}, "revoked": [],
        "comment": "hello"}.items()},
    "min-sequence-of-nobody":
        {**POLICY, "origins": {"plant-a": ["enclave"]}, "minSequence": {"plant_a": 40}},
    "release-key-missing": {**POLICY, "release": {"keys": ["release.pub"], "require": ["bundle"]}},
    "origins-empty": {**POLICY, "origins": {}},
    "origins-list": {**POLICY, "origins": ["plant-a"]},
    "origin-without-signers": {**POLICY, "origins": {"plant-a": []}},
    "origin-with-a-stranger": {**POLICY, "origins": {"plant-a": ["nobody"]}},
    "origin-bad-name": {**POLICY, "origins": {"Plant A": ["enclave"]}},
    "destinations-empty": {**POLICY, "destinations": []},
    "destinations-text": {**POLICY, "destinations": "registry.example/charts"},
    "destination-bad": {**POLICY, "destinations": ["registry.example/Charts"]},
    "destination-url": {**POLICY, "destinations": ["https://registry.example/charts"]},
    "destination-wild": {**POLICY, "destinations": ["*"]},
    "deep": "[" * 100,
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_row_s7_and_row_s15_unusable_policies(policy, mine, trust, programs):
    text = policy if isinstance(policy, str) else json.dumps(policy)
    (trust / "policy.json").write_text(text)
    judged(programs, mine, trust, 4, "policy.json", trust)


LINES = {
    "no-options": lambda k: f"enclave {k}",
    "no-principal": lambda k: f'namespaces="{SEAL_NAMESPACE}" {k}',
    "two-principals": lambda k: f'enclave,other namespaces="{SEAL_NAMESPACE}" {k}',
    "wild-principal": lambda k: f'* namespaces="{SEAL_NAMESPACE}" {k}',
    "pattern-principal": lambda k: f'encl?ve namespaces="{SEAL_NAMESPACE}" {k}',
    "negated-principal": lambda k: f'!enclave namespaces="{SEAL_NAMESPACE}" {k}',
    "quoted-principal": lambda k: f'"enclave" namespaces="{SEAL_NAMESPACE}" {k}',
    "no-namespaces": lambda k: f'enclave valid-after="20000101Z" {k}',
    "other-namespace": lambda k: f'enclave namespaces="file" {k}',
    "wild-namespace": lambda k: f'enclave namespaces="*" {k}',
    "two-namespaces": lambda k: f'enclave namespaces="{SEAL_NAMESPACE},file" {k}',
    "namespaces-twice": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}",namespaces="file" {k}',
    "unquoted": lambda k: f"enclave namespaces={SEAL_NAMESPACE} {k}",
    "comma-at-the-end": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}", {k}',
    "cert-authority": lambda k: f'enclave cert-authority,namespaces="{SEAL_NAMESPACE}" {k}',
    "unknown-option": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}",touch="no" {k}',
    "upper-case-option": lambda k: f'enclave Namespaces="{SEAL_NAMESPACE}" {k}',
    "time-without-zone": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}",valid-after="20000101" {k}',
    "bad-time": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}",valid-before="20001301Z" {k}',
    "window-closed":
        lambda k: f'enclave namespaces="{SEAL_NAMESPACE}",valid-after="20200101Z",'
                  f'valid-before="20100101Z" {k}',
    "no-key": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}"',
    "no-base64": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" ssh-ed25519',
    "cut-key": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" {k[:-4]}',
    "changed-type": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" {k}'.replace(
        "ssh-ed25519", "ssh-rsa"),
    "key-with-tail": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" {k}AAAA',
    "twice": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" {k}\n'
                       f'enclave namespaces="{SEAL_NAMESPACE}" {k} again',
    "twice-as-another": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" {k}\n'
                                  f'other namespaces="{SEAL_NAMESPACE}" {k}',
    "crlf": lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" {k}\r',
    "indented-comment": lambda k: f'  # comment\nenclave namespaces="{SEAL_NAMESPACE}" {k}',
    "only-comments": lambda k: "# enclave",
    "trust-key-only": lambda k: f'enclave namespaces="trust-v1@sallyport.dev" {k}',
    "not-utf8": lambda k: f'encl\udcffve namespaces="{SEAL_NAMESPACE}" {k}',
}


@pytest.mark.parametrize("make", LINES.values(), ids=LINES.keys())
def test_malformed_signers(make, mine, trust, programs):
    public = " ".join((trust / "allowed_signers").read_text().split()[2:4])
    (trust / "allowed_signers").write_bytes(os.fsencode(make(public) + "\n"))
    judged(programs, mine, trust, 4, trust)


@pytest.mark.parametrize("make", [
    lambda k: f'# comment\n\nenclave namespaces="{SEAL_NAMESPACE}" {k} a comment of several words\n',
    lambda k: f'enclave\tnamespaces="{SEAL_NAMESPACE}"  {k}\n',
    lambda k: f'enclave namespaces="{SEAL_NAMESPACE}" {k}',
], ids=["comments", "blanks", "no-final-newline"])
def test_wellformed_signers(make, mine, trust, programs):
    public = " ".join((trust / "allowed_signers").read_text().split()[2:4])
    (trust / "allowed_signers").write_text(make(public))
    judged(programs, mine, trust, 0)


@pytest.mark.parametrize("name", [".", "allowed_signers", "policy.json"])
def test_row_s15_writable_by_others(name, mine, trust, programs):
    (trust / name).chmod(0o777 if name == "." else 0o666)
    listing = "".join(f"{sha256((trust / file).read_bytes())}  {file}\n"
                      for file in ("allowed_signers", "policy.json"))
    judged(programs, mine, trust, 4, trust, sha256(listing.encode()))
    judged(programs, mine, trust, 0, options=["--trust-id", sha256(listing.encode())])
    judged(programs, mine, trust, 4, "--trust-id", options=["--trust-id", "0" * 64])
    (trust / name).chmod(0o775 if name == "." else 0o664)
    judged(programs, mine, trust, 0)


def test_trust_as_kubernetes_mounts_it(mine, trust, programs, tmp_path):
    """A ConfigMap: ..data is a link to a dated directory, every file a link through it."""
    mount = tmp_path / "mount"
    (mount / "..2026_01_01").mkdir(parents=True)
    for name in ("allowed_signers", "policy.json"):
        shutil.copy(trust / name, mount / "..2026_01_01")
        (mount / name).symlink_to(f"..data/{name}")
    (mount / "..data").symlink_to("..2026_01_01")
    judged(programs, mine, mount, 0, mine.seal_id)
    (tmp_path / "link").symlink_to(mount)
    judged(programs, mine, tmp_path / "link", 0)
    (mount / "..data").unlink()
    judged(programs, mine, mount, 4)


@pytest.mark.parametrize("name", ["missing", "mine/SEAL"])
def test_no_trust_directory(name, mine, programs, tmp_path):
    judged(programs, mine, tmp_path / name, 4, tmp_path / name)


def test_trust_is_judged_before_the_layout(trust, programs, tmp_path):
    (trust / "revoked_key").touch()
    judged(programs, tmp_path / "missing", trust, 4, "revoked_key")


def test_trust_id_is_the_sum_of_sums(mine, trust, programs):
    sums = subprocess.run(["sha256sum", "allowed_signers", "policy.json"], cwd=trust,
                          capture_output=True, check=True).stdout
    judged(programs, mine, trust, 0, f"trust {sha256(sums)}\n")
    (trust / "revoked_keys").write_text("# none yet\n")
    sums = subprocess.run(["sha256sum", "allowed_signers", "policy.json", "revoked_keys"], cwd=trust,
                          capture_output=True, check=True).stdout
    judged(programs, mine, trust, 0, f"trust {sha256(sums)}\n", options=["--trust-id", sha256(sums)])


@pytest.mark.parametrize("value", ["", "0" * 63, "0" * 65, "A" * 64, "sha256:" + "0" * 64])
def test_row_s15_a_trust_id_that_is_none(value, mine, trust, programs):
    for program in (programs.pusher, programs.builder):
        refused(program.run("verify", mine, "--trust", trust, "--trust-id", value, status=None), 2,
                "--trust-id", "64 lower-case hex digits")


# ---- what the delivery says of itself ----

@pytest.fixture
def delivered(build, tmp_path):
    """delivered(*options): a layout of one chart built with these options."""
    chart = write_archive(tmp_path / "delivered.tgz")

    def delivered(*options):
        return build(chart, name=f"layout-{len(list(tmp_path.iterdir()))}", options=options)
    return delivered


def with_policy(trust, /, **members):
    (trust / "policy.json").write_text(json.dumps({**POLICY, **members}))
    return trust


@pytest.mark.parametrize(("options", "status"), [
    (["--origin", "plant-a"], 0), (["--origin", "plant-b"], 4), ([], 4), (["--origin", "plant"], 4),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_origins(options, status, delivered, trust, programs):
    judged(programs, delivered(*options), with_policy(trust, origins={"plant-a": ["enclave"]}), status)


def test_an_origin_needs_its_own_signer(mine, crew, programs, tmp_path):
    index = {**mine.index, "annotations": {"dev.sallyport.origin": "plant-a"}}
    mine.write_index(index)
    policy = {"seal": {"threshold": 1, "signers": ["ann", "bob"]},
              "origins": {"plant-a": ["ann"], "plant-b": ["bob"]}}
    trust = trust_in(tmp_path / "trust", crew.values(), policy)
    crew["bob"].seal(mine)
    judged(programs, mine, trust, 4, "plant-a")
    crew["ann"].seal(mine, keep=True)
    judged(programs, mine, trust, 0)


@pytest.mark.parametrize(("not_after", "status"), [
    ("2036-01-01T00:00:00Z", 0), ("2001-01-01T00:00:00Z", 4), ("1970-01-01T00:00:00Z", 4),
])
def test_not_after(not_after, status, delivered, trust, programs):
    layout = delivered("--not-after", not_after)
    judged(programs, layout, trust, status, *([not_after] if status else []))


def test_an_expired_delivery_can_still_be_built_and_inspected(delivered, programs):
    layout = delivered("--not-after", "2001-01-01T00:00:00Z")
    assert "tiny" in programs.builder.run("inspect", layout).stdout


@pytest.mark.parametrize(("own", "policy", "target", "status"), [
    (None, None, None, 0),
    (None, None, TARGET, 0),
    ("registry.example/charts", None, TARGET, 0),
    ("registry.example/charts", None, "oci://registry.example/charts/sub", 0),
    ("registry.example/charts", None, "oci://registry.example/charts-evil", 4),
    ("registry.example/charts", None, "oci://registry.example", 4),
    ("registry.example/charts", None, "oci://registry.example.evil/charts", 4),
    ("registry.example/charts", None, "oci://evil/registry.example/charts", 4),
    ("registry.example/charts", None, "oci://registry.example:5000/charts", 4),
    ("registry.example/charts", None, "oci://registry.example:443/charts", 0),
    ("registry.example:443/charts", None, TARGET, 0),
    ("registry.example/charts", None, "oci://REGISTRY.example/charts", 0),
    ("registry.example", None, TARGET, 0),
    ("docker.io/acme", None, "oci://index.docker.io/acme", 0),
    ("docker.io/acme", None, "oci://registry-1.docker.io/acme", 0),
    (None, ["registry.example/charts"], TARGET, 0),
    (None, ["registry.example/charts"], None, 0),
    (None, ["registry.example/chart"], TARGET, 4),
    (None, ["other.example", "registry.example/charts"], TARGET, 0),
    ("registry.example/charts", ["registry.example"], TARGET, 0),
    ("registry.example", ["registry.example/charts"], TARGET, 0),
    ("registry.example/other", ["registry.example"], TARGET, 4),
    ("registry.example/charts", ["registry.example/other"], None, 4),
    ("registry.example/charts", ["registry.example"], None, 0),
], ids=str)
def test_destinations(own, policy, target, status, delivered, trust, programs):
    layout = delivered(*(["--destination", own] if own else []))
    if policy:
        with_policy(trust, destinations=policy)
    if target:
        done = programs.pusher.run("verify", layout, target, "--trust", trust, status=None)
        assert done.status == status, done
        assert status == 0 or "destination" in done.stderr
    else:
        judged(programs, layout, trust, status)


def test_row_s12_a_sequence_that_nothing_is_known_of(programs, golden_layouts):
    done = judged(programs, golden_layouts / "numbered", golden_layouts / "trust", 0,
                  "sequence not judged: 41 of plant-a")
    assert "sequence" not in judged(programs, golden_layouts / "one", golden_layouts / "trust", 0).stdout
    assert judged(programs, golden_layouts / "numbered", golden_layouts / "trust", 0,
                  options=["--json"]).json["sequenceJudged"] is False
    assert done.stderr == ""


@pytest.mark.parametrize(("minimum", "status"), [(40, 0), (41, 0), (42, 4)])
def test_row_s12_min_sequence(minimum, status, programs, golden_layouts, tmp_path):
    trust = tmp_path / "trust"
    trust.mkdir()
    shutil.copyfile(golden_layouts / "trust" / "allowed_signers", trust / "allowed_signers")
    with_policy(trust, minSequence={"plant-a": minimum}, requireSequence=True)
    judged(programs, golden_layouts / "numbered", trust, status,
           *(["minSequence", "41", "42"] if status else ["sequence 41 of plant-a\n"]))


@pytest.mark.parametrize(("member", "options"), [
    ("requireDestination", ["--destination", "registry.example/charts"]),
    ("requireNotAfter", ["--not-after", "2036-01-01T00:00:00Z"]),
    ("requireSequence", ["--origin", "plant-a", "--sequence", "1"]),
    ("requirePrevious", ["--previous", "0" * 64]),
])
def test_what_the_policy_requires(member, options, delivered, trust, programs):
    with_policy(trust, **{member: True})
    judged(programs, delivered(), trust, 4, member, options[-2])
    judged(programs, delivered(*options), trust, 0)


def test_row_s11_a_trust_that_expired(mine, trust, programs, tmp_path):
    root = Signer(tmp_path / "root", "root")
    with open(trust / "allowed_signers", "a") as signers:
        signers.write(line(root, 'namespaces="trust-v1@sallyport.dev"'))
    members = {"serial": 1, "threshold": 1, "signers": ["root"]}
    judged(programs, mine, with_policy(trust, trust={**members, "expires": "2036-01-01T00:00:00Z"}), 0)
    judged(programs, mine, with_policy(trust, trust={**members, "expires": "2020-01-01T00:00:00Z"}), 4,
           "expired at 2020-01-01T00:00:00Z")


# ---- keys that were revoked ----

def test_row_s16_a_revoked_key_counts_for_nothing(mine, crew, programs, tmp_path):
    """It is named, and does not refuse what another sealed; ssh-keygen refuses it too."""
    crew["ann"].seal(mine)
    crew["bob"].seal(mine, keep=True)
    trust = trust_in(tmp_path / "trust", crew.values(),
                     {"seal": {"threshold": 1, "signers": ["ann", "bob"]}})
    (trust / "revoked_keys").write_text(f"# lost\n{crew['bob'].public} bob's\n")
    done = judged(programs, mine, trust, 0, "not counted bob SHA256:", "the key is revoked")
    assert "signed by bob" not in done.stdout
    seal = judged(programs, mine, trust, 0, options=["--json"]).json["seal"]
    assert [s["principal"] for s in seal["signers"]] == ["ann"]
    assert [(s["principal"], s["reason"]) for s in seal["ignored"]] == [("bob", "revoked")]
    shown = programs.pusher.run("inspect", mine, "--trust", trust).stdout
    assert re.search(r"^not counted +bob SHA256:\S+: the key is revoked$", shown, re.M), shown
    with_policy(trust, seal={"threshold": 2, "signers": ["ann", "bob"]})
    judged(programs, mine, trust, 4, "1 of the 2", "not counted: bob, the key is revoked")
    with_policy(trust, seal={"threshold": 1, "signers": ["bob"]})
    judged(programs, mine, trust, 4, "0 of the 1", "not counted: bob, the key is revoked")
    stock = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", trust / "allowed_signers", "-r", trust / "revoked_keys",
         "-I", "bob", "-n", SEAL_NAMESPACE, "-s", mine.path / f"SEAL.{crew['bob'].kid}.sig"],
        stdin=open(mine.path / "SEAL", "rb"), capture_output=True)
    assert stock.returncode != 0


# ---- a system that fails meanwhile ----

FAULTS = {"openat": "EIO", "read": "EIO", "fstat": "EIO", "newfstatat": "EACCES",
          "getdents64": "EIO", "mmap": "ENOMEM", "brk": "ENOMEM", "statx": "EIO"}


@pytest.mark.parametrize("call", FAULTS)
def test_row_s17_a_failing_call_never_makes_it_trusted(call, mine, trust, programs, tmp_path):
    """The n-th call fails, for every n of a stride: a stranger's seal is never taken, nor a good one
    with anything else said of it."""
    stranger = Layout(shutil.copytree(mine.path, tmp_path / "stranger"))
    Signer(tmp_path / "key").seal(stranger)
    good = programs.pusher.run("verify", mine, "--trust", trust).stdout
    failed = 0
    for layout, accepted in ((mine, good), (stranger, None)):
        for number in range(1, 40, 3):
            done = subprocess.run(
                ["strace", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                 f"inject={call}:error={FAULTS[call]}:when={number}", programs.pusher.path,
                 "verify", layout.path, "--trust", trust],
                capture_output=True, text=True, timeout=60,
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
            assert (done.returncode == 0) == (done.stdout != ""), done
            assert done.returncode != 0 or done.stdout == accepted, done
            failed += done.returncode != 0
    assert failed >= 13  # the stranger's, each time
