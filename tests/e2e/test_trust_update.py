"""Signed updates of the trust directory, and the drills of builder(1): rotation, theft, loss, a burnt sequence."""

import json
import os
import shutil
import subprocess

import pytest
from crafted import write_archive
from demands import names_in, refused
from helpers import Layout, Signer, sha256, tree
from traced import Tracer

TRUST_NAMESPACE = "trust-v1@sallyport.dev"


class Root:
    """A root key in a key directory of ours."""

    wrapper = None

    def __init__(self, programs, directory, name):
        self.name = name
        self.directory = directory / f"root-{name}"
        programs.builder.run("keygen", self.directory, "--role", "root", "--no-passphrase")
        self.public = programs.builder.run("key", "export", self.directory / "root.pub",
                                           "--format", "openssh").stdout.strip()

    @property
    def options(self):
        return ["--keys", self.directory]


class SshRoot:
    """A root key in the hands of ssh-keygen, which may ask an agent: no_network would end it."""

    wrapper = ()

    def __init__(self, directory, name):
        self.name = name
        self.signer = Signer(directory / f"ssh-{name}", name)
        self.public = self.signer.public

    @property
    def options(self):
        return ["--ssh-key", self.signer.key]


class Site:
    """A trust directory in use, and the roots that sign its updates."""

    def __init__(self, programs, directory, seal_trust):
        self.programs = programs
        self.directory = directory
        self.seal_line = (seal_trust / "allowed_signers").read_text()
        self.roots = {name: Root(programs, directory, name) for name in ("ann", "bob", "eve")}
        self.installed = self.write("installed", 1)

    def write(self, name, serial, roots=("ann", "bob", "eve"), threshold=2, lines="", files=None,
              trust=None, **policy):
        """A trust directory with these roots; a root may be given as "NAME options"."""
        path = self.directory / name
        path.mkdir()
        signers = [root.split()[0] for root in roots]
        text = "".join(f'{root.split()[0]} namespaces="{TRUST_NAMESPACE}"{"".join(root.split()[1:])} '
                       f'{self.roots[root.split()[0]].public}\n' for root in roots)
        (path / "allowed_signers").write_text(self.seal_line + text + lines)
        (path / "policy.json").write_text(json.dumps({
            "version": 1, "seal": {"threshold": 1, "signers": ["enclave"]},
            "trust": {"serial": serial, "threshold": threshold, "signers": signers, **(trust or {})},
            **policy}))
        for file, content in (files or {}).items():
            (path / file).write_text(content)
        return path

    def update(self, new, signers, name="update", previous=None, status=0):
        """An update signed by these roots, the first by `make`, the others by `sign`."""
        path = self.directory / name
        first, *others = signers
        done = self.programs.builder.run(
            "trust", "make", new, "--previous", previous or self.installed, "--output", path,
            *self.roots[first].options, status=status, wrapper=self.roots[first].wrapper)
        for other in others if status == 0 else ():
            self.sign(path, other)
        return path if status == 0 else done

    def sign(self, update, name, **how):
        listed = sha256((update / "TRUST").read_bytes())
        return self.programs.builder.run("trust", "sign", update, "--trust-id", listed,
                                         *self.roots[name].options, **{
                                             "wrapper": self.roots[name].wrapper, **how})

    def apply(self, update, status=0, options=(), trust=None):
        return self.programs.pusher.run("trust", "apply", update, "--trust",
                                        trust or self.installed, *options, status=status, timeout=20)

    def refuses(self, update, *words, status=4, trust=None):
        before = tree(self.directory)
        refused(self.apply(update, status=None, trust=trust), status, *words)
        assert tree(self.directory) == before

    def id_of(self, path):
        lines = [f"{sha256(file.read_bytes())}  {file.name}\n"
                 for file in sorted(path.iterdir()) if file.name[0] != "."]
        return sha256("".join(lines).encode())


@pytest.fixture
def site(programs, keys, tmp_path):
    return Site(programs, tmp_path, keys.trust)


@pytest.fixture
def sealed(programs, keys, tmp_path):
    """A small layout, sealed with `keys`."""
    programs.builder.run("build", write_archive(tmp_path / "tiny.tgz"), "--output",
                         tmp_path / "sealed", "--keys", keys)
    return Layout(tmp_path / "sealed")


# ---- a good update ----

def test_an_update_is_the_files_a_list_and_signatures(site):
    new = site.write("new", 2, requireDestination=False)
    done = site.programs.builder.run("trust", "make", new, "--previous", site.installed, "--output",
                                     site.directory / "update", *site.roots["ann"].options)
    update = site.directory / "update"
    listed = (update / "TRUST").read_text()
    assert names_in(update) == sorted([*names_in(new), "TRUST", *(
        path.name for path in update.glob("TRUST.*.sig"))]) and len(names_in(update)) == 4
    assert listed == "".join(f"{sha256((new / name).read_bytes())}  {name}\n"
                             for name in names_in(new))
    assert done.stdout == (f"update {update}\nserial 2\ntrust {site.id_of(new)}\n"
                           "signed by 1 of the 2 old roots that are needed\n"
                           "signed by 1 of the 2 new roots that are needed\n")
    signature = next(update.glob("TRUST.*.sig"))
    subprocess.run(["ssh-keygen", "-Y", "verify", "-f", site.installed / "allowed_signers", "-I",
                    "ann", "-n", TRUST_NAMESPACE, "-s", signature], input=listed.encode(),
                   check=True, capture_output=True)
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "TRUST"], cwd=update, check=True)
    done = site.sign(update, "bob")
    assert "signed by 2 of the 2 new roots" in done.stdout


def test_apply_puts_the_new_files_in_the_place_of_the_old(site, sealed):
    before = site.id_of(site.installed)
    update = site.update(site.write("new", 2, files={"revoked_keys": "# none\n"}), ["ann", "bob"])
    site.installed.chmod(0o750)
    done = site.apply(update)
    assert done.stdout == (f"updated {site.installed}\nserial 2\ntrust {site.id_of(site.installed)}\n"
                           f"before {before}\n")
    assert tree(site.installed) == tree(site.directory / "new")
    assert site.installed.stat().st_mode & 0o7777 == 0o750
    assert {path.stat().st_mode & 0o7777 for path in site.installed.iterdir()} == {0o644}
    assert not [name for name in names_in(site.directory) if name.startswith(".")]
    site.programs.pusher.run("verify", sealed, "--trust", site.installed)
    again = site.apply(update, options=["--json"]).json
    assert (again["updated"], again["serial"], again["trustId"]) == (False, 2, site.id_of(site.directory / "new"))


def test_roots_in_the_hands_of_ssh_keygen(site, programs, tmp_path):
    site.roots["bob"] = SshRoot(tmp_path, "bob")
    shutil.rmtree(site.installed)
    site.installed = site.write("installed", 7)
    update = site.update(site.write("new", 8), ["bob"])
    foreign = tmp_path / "ann.sig"
    listed = (update / "TRUST").read_bytes()
    site.roots["ann"] = SshRoot(tmp_path, "ann")
    foreign.write_bytes(site.roots["ann"].signer.sign(listed, TRUST_NAMESPACE))
    # Verifies, but is by a key that is no root; then by one that is.
    programs.builder.run("trust", "sign", update, "--signature", foreign, "--trust-id", sha256(listed))
    site.refuses(update, "signed by 1 of the 2 roots")
    eve = site.roots["eve"]
    programs.builder.run("trust", "sign", update, *eve.options, "--trust-id", sha256(listed))
    site.apply(update)


def test_several_updates_at_once_and_an_expired_one_between(site):
    """Who missed one takes the next as long as the old roots have signed it."""
    second = site.write("second", 2, trust={"expires": "2001-01-01T00:00:00Z"})
    third = site.write("third", 3, trust={"expires": "2999-01-01T00:00:00Z"})
    site.refuses(site.update(second, ["ann", "bob"], "update-2"), "it expired at 2001-01-01")
    site.apply(site.update(third, ["ann", "bob"], "update-3", previous=second))
    assert json.loads((site.installed / "policy.json").read_bytes())["trust"]["serial"] == 3


def test_an_expired_trust_can_be_updated(site):
    shutil.rmtree(site.installed)
    site.installed = site.write("installed", 1, trust={"expires": "2001-01-01T00:00:00Z"})
    done = site.apply(site.update(site.write("new", 2), ["ann", "bob"]))
    assert done.stderr == "pusher: the installed trust expired at 2001-01-01T00:00:00Z\n"


# ---- what is refused ----

@pytest.mark.parametrize(("signers", "status"), [
    (["ann"], 4), (["ann", "bob"], 0), (["eve", "bob"], 0), (["ann", "bob", "eve"], 0),
], ids=str)
def test_thresholds(signers, status, site):
    update = site.update(site.write("new", 2), signers)
    if status:
        site.refuses(update, "signed by 1 of the 2 roots that the installed policy wants")
    else:
        site.apply(update)


def test_old_and_new_roots_must_both_agree(site, programs, tmp_path):
    site.roots["new"] = Root(programs, tmp_path, "new")
    new = site.write("new", 2, roots=("ann", "new"))
    site.refuses(site.update(new, ["ann", "bob"], "by-old"), "1 of the 2 roots that the new policy")
    site.refuses(site.update(new, ["ann", "new"], "by-new"), "1 of the 2 roots that the installed")
    site.apply(site.update(new, ["ann", "bob", "new"], "by-both"))


def test_two_keys_of_one_root_are_one_root(site, programs, tmp_path):
    second = Root(programs, tmp_path, "ann-2")
    line = f'ann namespaces="{TRUST_NAMESPACE}" {second.public}\n'
    shutil.rmtree(site.installed)
    site.installed = site.write("installed", 1, lines=line)
    site.roots["ann-2"] = second
    site.refuses(site.update(site.write("new", 2, lines=line), ["ann", "ann-2"]), "signed by 1 of the 2")


@pytest.mark.parametrize("window", ['valid-before="20010101Z"', 'valid-after="29990101Z"'])
def test_a_root_outside_its_window_counts_for_nothing(window, site):
    shutil.rmtree(site.installed)
    site.installed = site.write("installed", 1, roots=("ann", f"bob ,{window}", "eve"))
    new = site.write("new", 2)
    site.refuses(site.update(new, ["ann", "bob"], "a"), "signed by 1 of the 2")
    site.apply(site.update(new, ["ann", "eve"], "b"))


def test_serials(site):
    shutil.rmtree(site.installed)
    site.installed = site.write("installed", 5)
    older, same, newer = (site.write(f"new-{serial}", serial, requireNotAfter=True)
                          for serial in (4, 5, 6))
    for serial, new in ((4, older), (5, same)):
        previous = site.write(f"previous-{serial}", serial - 1)
        update = site.update(new, ["ann", "bob"], f"update-{serial}", previous=previous)
        site.refuses(update, "its serial is 4" if serial == 4 else "two updates were made of one")
    done = site.update(older, ["ann"], "no", status=4)
    refused(done, 4, "write 6 into policy.json")
    site.apply(site.update(newer, ["ann", "bob"]))
    site.refuses(site.directory / "update-5", "its serial is 5, that of the installed trust 6")


SPOILT = {
    "changed": (lambda u: (u / "policy.json").write_bytes((u / "policy.json").read_bytes() + b" "),
                "policy.json: not the file that TRUST lists"),
    "added": (lambda u: (u / "x.pub").write_text(""), "x.pub: not the file"),
    "missing": (lambda u: (u / "policy.json").unlink(), "TRUST lists other files than there are"),
    "renamed": (lambda u: (u / "policy.json").rename(u / "policy"), "policy: not the file"),
    "no-list": (lambda u: (u / "TRUST").unlink(), "no TRUST"),
    "empty-list": (lambda u: (u / "TRUST").write_text(""), "not the file that TRUST lists"),
    "list-is-longer": (lambda u: (u / "TRUST").open("a").write("\n"), "lists other files"),
    "no-signature": (lambda u: [s.unlink() for s in u.glob("*.sig")], "signed by 0 of the 2"),
    "bad-signature": (lambda u: spoil_signature(u), "of '"),
    "link": (lambda u: as_link(u / "allowed_signers"), "allowed_signers: a link"),
    "signature-link": (lambda u: as_link(next(u.glob("*.sig"))), "a link"),
    "directory": (lambda u: (u / "x").mkdir(), "x: not a regular file"),
    "seventeen-signatures": (lambda u: [(u / f"TRUST.{n:016x}.sig").write_text("") for n in
                                        range(15)], "more than 16 signatures"),
}


def as_link(path):
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to("../elsewhere")


def spoil_signature(update):
    path = next(update.glob("TRUST.*.sig"))
    path.write_bytes(path.read_bytes().replace(b"\n-----END", b"A\n-----END"))


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT.keys())
def test_spoilt_updates(spoil, words, site):
    update = site.update(site.write("new", 2), ["ann", "bob"])
    spoil(update)
    site.refuses(update, words)


def test_a_fifo_in_an_update_keeps_nobody(site):
    update = site.update(site.write("new", 2), ["ann", "bob"])
    (update / "policy.json").unlink()
    os.mkfifo(update / "policy.json")
    refused(site.apply(update, status=None), 4, "not a regular file")


@pytest.mark.slow
def test_every_bit_of_an_update(site):
    """Of everything that lies in it, nothing is free."""
    update = site.update(site.write("new", 2), ["ann", "bob"])
    for path in sorted(update.iterdir()):
        whole = path.read_bytes()
        for at in range(0, len(whole), 29):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
            assert site.apply(update, status=None).status == 4, (path.name, at)
        path.write_bytes(whole)
    site.apply(update)


@pytest.mark.parametrize("which", ["installed", "new"])
def test_without_roots_it_is_replaced_by_hand(which, site, keys):
    if which == "installed":
        plain = shutil.copytree(keys.trust, site.directory / "plain")
        update = site.update(site.write("new", 2), ["ann", "bob"])
        site.refuses(update, "by hand", trust=plain)
    else:
        done = site.update(shutil.copytree(keys.trust, site.directory / "plain"), ["ann"], status=4)
        refused(done, 4, "by hand")


def test_an_unusable_trust_is_never_installed(site):
    new = site.write("new", 2)
    update = site.update(new, ["ann", "bob"])
    refused(site.update(site.write("bad", 2, files={"stray": ""}), ["ann"], "no", status=4), 4, "stray")
    # The roots may sign what they like; it is still read as every trust directory is.
    (update / "stray").write_text("")
    listed = "".join(f"{sha256((update / name).read_bytes())}  {name}\n"
                     for name in ("allowed_signers", "policy.json", "stray"))
    (update / "TRUST").write_text(listed)
    for old in update.glob("*.sig"):
        old.unlink()
    refused(site.sign(update, "ann", status=None), 4, "stray")


def test_the_second_root_says_what_is_signed(site):
    update = site.update(site.write("new", 2), ["ann"])
    before = tree(update)
    bob = site.roots["bob"].options
    run = site.programs.builder.run
    refused(run("trust", "sign", update, *bob, "--trust-id", "0" * 64, status=None), 4, "its trust id is")
    refused(run("trust", "sign", update, *bob, status=None, wrapper=["setsid", "-w"]), 2, "--trust-id HEX")
    assert tree(update) == before
    site.sign(update, "bob")
    refused(site.sign(update, "bob", status=None), 2, "has signed it")


# ---- the place ----

def place_link(site):
    site.installed.rename(site.directory / "real")
    site.installed.symlink_to("real")
    return "a link to one: name the directory itself"


def place_git(site):
    (site.installed / ".git").mkdir()
    return "'.git' in it is no file of a trust directory"


def place_inner_link(site):
    (site.installed / "policy.json").rename(site.directory / "policy.json")
    (site.installed / "policy.json").symlink_to("../policy.json")
    return "'policy.json' in it is no file"


@pytest.mark.parametrize("change", [place_link, place_git, place_inner_link])
def test_places_that_cannot_be_exchanged(change, site):
    update = site.update(site.write("new", 2), ["ann", "bob"])
    site.refuses(update, change(site))


def test_a_mount_point_cannot_be_exchanged(site):
    update = site.update(site.write("new", 2), ["ann", "bob"])
    script = 'mount --bind "$1" "$1" && shift && exec "$@"'
    wrapper = ["unshare", "-m", "sh", "-c", script, "sh", site.installed]
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no right to mount")
    before = tree(site.directory)
    done = site.programs.pusher.run("trust", "apply", update, "--trust", site.installed,
                                    status=None, wrapper=wrapper)
    refused(done, 4, "a mount point")
    assert tree(site.directory) == before


def test_dot_and_slashes(site):
    update = site.update(site.write("new", 2), ["ann", "bob"])
    done = site.programs.pusher.run("trust", "apply", update, "--trust", ".", cwd=site.installed,
                                    status=None)
    refused(done, 2, "by its name")
    site.apply(update, trust=f"{site.installed}//")


def test_row_f17_a_planted_staging_name_is_not_followed(site):
    """Whatever lies beside the directory under such a name is neither used nor removed."""
    update = site.update(site.write("new", 2), ["ann", "bob"])
    victim = site.directory / "victim"
    victim.mkdir()
    (victim / "file").write_text("mine")
    planted = site.directory / ".installed.tmp-0123456789abcdef"
    planted.symlink_to("victim")
    site.apply(update)
    assert (victim / "file").read_text() == "mine" and planted.is_symlink()


@pytest.mark.slow
def test_every_moment_has_the_old_files_or_the_new(site):
    """Killed at any system call, or any of them failing: never a mixture, and it can be run again."""
    new = site.write("new", 2)
    update = site.update(new, ["ann", "bob"])
    calls = ["openat", "mkdirat", "write", "fsync", "fchmod", "fchown", "renameat2", "unlinkat", "flock"]
    tracer = Tracer(site.programs.pusher, calls)
    old = shutil.copytree(site.installed, site.directory / "saved")
    trial = site.directory / "trial" / "trust"
    trial.parent.mkdir()
    shutil.copytree(old, trial)
    points = tracer.points(site.directory / "log", "trust", "apply", update, "--trust", trial)
    first = next(n for n, point in enumerate(points) if point[0] == "flock")
    seen = set()
    for fault in ("signal=KILL", "error=EIO"):
        for point in points[first::5 if site.programs.sanitized else 1]:
            shutil.rmtree(trial.parent)
            trial.parent.mkdir()
            shutil.copytree(old, trial)
            done = tracer.run(fault, point, "trust", "apply", update, "--trust", trial)
            now = tree(trial)
            assert now in (tree(old), tree(new)), (fault, point)
            seen.add((fault, now == tree(new)))
            if fault == "error=EIO" and done.status != 0 and now == tree(new):
                assert "in place" in done.stderr or "standard output" in done.stderr, (point, done)
            site.programs.pusher.run("trust", "apply", update, "--trust", trial)
            assert tree(trial) == tree(new)
            if fault == "signal=KILL" and now == tree(old):
                assert names_in(trial.parent) == ["trust"], "what the dead one left is swept"
    assert len(seen) == 4


@pytest.mark.slow
def test_row_f4_kill_at_every_syscall_of_a_second_signature(site):
    """A piece of a signature would refuse the whole update: it is there whole or not at all."""
    update = site.update(site.write("new", 2), ["ann"])
    calls = ["openat", "write", "fsync", "fchmod", "renameat2", "unlinkat"]
    tracer = Tracer(site.programs.builder, calls)
    trial = site.directory / "trial"
    command = ["trust", "sign", trial, "--trust-id", sha256((update / "TRUST").read_bytes()),
               *site.roots["bob"].options]
    shutil.copytree(update, trial)
    points = tracer.points(site.directory / "log", *command)
    old, new = tree(update), tree(trial)
    for point in points[::5 if site.programs.sanitized else 1]:
        shutil.rmtree(trial)
        shutil.copytree(update, trial)
        tracer.run("signal=KILL", point, *command)
        now = {name: content for name, content in tree(trial).items() if name[0] != "."}
        assert now in (old, new), point
        done = site.programs.builder.run(*command, status=None)
        assert done.status == (2 if now == new else 0) and tree(trial) == new, (point, done)


# ---- the drills of builder(1) ----

def test_drill_rotation(site, programs, sealed, make_keys, tmp_path):
    """A new seal key, for a while beside the old one; then the old one goes."""
    fresh = make_keys("--principal", "enclave-2")
    line = (fresh.trust / "allowed_signers").read_text()
    both = {"seal": {"threshold": 1, "signers": ["enclave", "enclave-2"]}}
    site.apply(site.update(site.write("both", 2, lines=line, **both), ["ann", "bob"], "u2"))
    programs.builder.run("build", tmp_path / "tiny.tgz", "--output", tmp_path / "with-new",
                         "--keys", fresh)
    programs.pusher.run("verify", sealed, "--trust", site.installed)
    programs.pusher.run("verify", tmp_path / "with-new", "--trust", site.installed)
    site.seal_line = line
    only = {"seal": {"threshold": 1, "signers": ["enclave-2"]}}
    site.apply(site.update(site.write("only", 3, **only), ["bob", "eve"], "u3"))
    refused(programs.pusher.run("verify", sealed, "--trust", site.installed, status=None), 4)
    programs.pusher.run("verify", tmp_path / "with-new", "--trust", site.installed)


def test_drill_a_lost_root(site, programs, tmp_path):
    """One of three roots is gone: two still sign, and put another in its place."""
    shutil.rmtree(site.roots["eve"].directory)
    site.roots["zoe"] = Root(programs, tmp_path, "zoe")
    new = site.write("new", 2, roots=("ann", "bob", "zoe"),
                     files={"revoked_keys": site.roots["eve"].public + "\n"})
    site.apply(site.update(new, ["ann", "bob"], "u2"))
    site.apply(site.update(site.write("next", 3, roots=("ann", "bob", "zoe")), ["zoe", "bob"], "u3"))


def test_drill_a_stolen_key(site, programs, sealed, keys, make_keys, tmp_path):
    """A seal key is stolen: revoked, and nothing that it seals, ever sealed, is taken."""
    fresh = make_keys("--principal", "enclave-2")
    stolen = programs.builder.run("key", "export", keys.directory / "seal.pub", "--format",
                                  "openssh").stdout
    programs.pusher.run("verify", sealed, "--trust", site.installed)
    site.seal_line += (fresh.trust / "allowed_signers").read_text()
    signers = {"seal": {"threshold": 1, "signers": ["enclave", "enclave-2"]}}
    new = site.write("new", 2, files={"revoked_keys": stolen}, **signers)
    site.apply(site.update(new, ["ann", "bob"]))
    done = programs.pusher.run("verify", sealed, "--trust", site.installed, status=None)
    assert done.status == 4 and "revoked" in done.stderr
    programs.builder.run("build", tmp_path / "tiny.tgz", "--output", tmp_path / "again", "--keys", fresh)
    programs.pusher.run("verify", tmp_path / "again", "--trust", site.installed)


def test_drill_a_burnt_sequence(site, programs, keys, tmp_path):
    """A thief numbered a delivery as high as it goes: the origin gets another name, its count begins anew."""
    def build(name, origin, sequence):
        programs.builder.run("build", tmp_path / "tiny.tgz", "--output", tmp_path / name, "--keys", keys,
                             "--origin", origin, "--sequence", sequence)
        return tmp_path / name

    write_archive(tmp_path / "tiny.tgz")
    shutil.rmtree(site.installed)
    site.installed = site.write("installed", 1, origins={"plant-a": ["enclave"]})
    burnt = build("burnt", "plant-a", 2 ** 63 - 1)
    programs.pusher.run("verify", burnt, "--trust", site.installed)
    new = site.write("new", 2, origins={"plant-a-2": ["enclave"]}, minSequence={"plant-a-2": 1})
    site.apply(site.update(new, ["ann", "bob"]))
    done = programs.pusher.run("verify", burnt, "--trust", site.installed, status=None)
    refused(done, 4, "plant-a")
    programs.pusher.run("verify", build("fresh", "plant-a-2", 1), "--trust", site.installed)
