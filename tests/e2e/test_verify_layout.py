"""scripts/verify-layout, a verifier of ssh-keygen and sha256sum alone, agrees with pusher verify."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from crafted import write_archive
from helpers import ROOT, SEAL_NAMESPACE, Layout, Signer
from test_verify import KINDS, WAYS, path_of

SCRIPT = ROOT / "scripts" / "verify-layout"


@pytest.fixture(scope="module")
def sealed(programs, keys, tmp_path_factory):
    """A sealed layout of a few KB: copy it."""
    directory = tmp_path_factory.mktemp("sealed")
    chart = write_archive(directory / "tiny.tgz")
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


@pytest.fixture
def mine(sealed, tmp_path):
    return sealed.copy(tmp_path / "mine")


def shell_says(layout, trust, *principals):
    done = subprocess.run([SCRIPT, layout, trust, *principals], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode in (0, 4), done
    assert done.returncode == 0 or done.stderr.startswith("verify-layout: ") or \
        done.stderr.startswith("sha256sum: ") or ": FAILED" in done.stdout + done.stderr, done
    return done.returncode == 0


def both_say(programs, layout, trust, *principals):
    """What the two agree on: True where the layout is accepted."""
    pusher = programs.pusher.run("verify", layout, "--trust", trust, status=None)
    assert pusher.status in (0, 3, 4), pusher
    shell = shell_says(layout, trust, *principals)
    assert shell == (pusher.status == 0), pusher
    return shell


def test_a_good_layout_is_accepted(mine, programs, keys):
    assert both_say(programs, mine, keys.trust)


@pytest.mark.slow
def test_changed_bytes_are_refused(sealed, programs, keys, tmp_path):
    """What pusher refuses byte by byte elsewhere; here in strides, one process of a shell each."""
    cases = [(path.relative_to(sealed.path), position) for path in sealed.files()
             for position in range(path.stat().st_size)]
    cases = cases[::len(cases) // 60]

    def check(numbered):
        number, (name, position) = numbered
        layout = sealed.copy(tmp_path / str(number))
        bad = bytearray((layout.path / name).read_bytes())
        bad[position] ^= 1 << (number % 8)
        (layout.path / name).write_bytes(bad)
        pusher = programs.pusher.run("verify", layout, "--trust", keys.trust, status=None)
        assert pusher.status == 4
        # ssh-keygen also takes other spellings of a signature's armor
        return name.name.endswith(".sig") or not shell_says(layout, keys.trust)

    with ThreadPoolExecutor(max_workers=os.cpu_count() + 1) as pool:
        assert all(pool.map(check, enumerate(cases)))


@pytest.mark.slow
def test_cut_files_are_refused(sealed, programs, keys, tmp_path):
    cases = [(path.relative_to(sealed.path), length) for path in sealed.files()
             for length in range(path.stat().st_size)]
    cases = cases[::len(cases) // 40]

    def check(numbered):
        number, (name, length) = numbered
        layout = sealed.copy(tmp_path / str(number))
        os.truncate(layout.path / name, length)
        return not both_say(programs, layout, keys.trust)

    with ThreadPoolExecutor(max_workers=os.cpu_count() + 1) as pool:
        assert all(pool.map(check, enumerate(cases)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_file_in_each_way(kind, way, mine, programs, keys):
    path = path_of(mine, kind)
    way(path)
    if (kind, way.__name__) in (("signature", "truncate"), ("signature", "grow")):
        assert shell_says(mine, keys.trust)  # the armor's last line end, and bytes behind it
        programs.pusher.run("verify", mine, "--trust", keys.trust, status=4)
    else:
        assert not both_say(programs, mine, keys.trust)


@pytest.mark.parametrize("name", [
    "x", "SEAL2", "SEAL.0123456789abcdef", "blobs/x", "blobs/sha256/x", ".hidden", "SEAL\nf 3 SEAL",
    "oci-layout\n", "blobs/sha256/" + "0" * 64, "blobs/sha256/" + "A" * 64, "SEAL.0123456789ABCDEF.sig"])
def test_a_file_too_many_is_refused(name, mine, programs, keys):
    (mine.path / name).write_text("x")
    assert not both_say(programs, mine, keys.trust)


def test_a_stranger_beside_the_signer_does_not_matter(mine, programs, keys, tmp_path):
    stranger = Signer(tmp_path / "stranger", "stranger")
    signature = mine.path / f"SEAL.{stranger.kid}.sig"
    signature.write_bytes(stranger.sign((mine.path / "SEAL").read_bytes()))
    assert both_say(programs, mine, keys.trust)
    for other in mine.signatures:
        if other != signature:
            other.unlink()
    assert not both_say(programs, mine, keys.trust)


def test_lists_that_are_not_ours(mine, programs, tmp_path):
    """Well signed, and still no list that sha256sum and we would read alike."""
    signer = Signer(tmp_path / "signer")
    trust = signer.trust()
    good = mine.listing()
    lines = good.splitlines(keepends=True)
    signer.seal(mine)
    assert both_say(programs, mine, trust)
    for listing in [good + lines[-1], "".join(lines[::-1]), good[:-1], good.replace("  ", " *"),
                    good.upper(), "".join(lines[1:]), good + "\n", "# x\n" + good, "",
                    good.replace("index.json", "./index.json"), good.replace("\n", "\r\n"),
                    good.replace("\n", "\0\n", 1), good + "0" * 64 + "  ../x\n"]:
        signer.seal(mine, listing)
        assert not both_say(programs, mine, trust), listing


def test_two_signers(mine, programs, tmp_path):
    first, second = Signer(tmp_path / "first", "first"), Signer(tmp_path / "second", "second")
    trust = first.trust(seal={"threshold": 2, "signers": ["first", "second"]})
    with (trust / "allowed_signers").open("a") as file:
        file.write(f'second namespaces="{SEAL_NAMESPACE}" {second.public}\n')
    first.seal(mine)
    assert not both_say(programs, mine, trust, "first", "second")
    second.seal(mine, keep=True)
    assert both_say(programs, mine, trust, "first", "second")
    # in the place of the second's, the first's once more: named for a key that did not sign
    (mine.path / f"SEAL.{second.kid}.sig").write_bytes(
        (mine.path / f"SEAL.{first.kid}.sig").read_bytes())
    assert not both_say(programs, mine, trust, "first", "second")


@pytest.mark.parametrize("option", ['valid-before="20200101000000Z"', 'valid-after="20900101000000Z"'])
def test_a_key_outside_its_time(option, mine, programs, tmp_path):
    signer = Signer(tmp_path / "signer")
    trust = signer.trust()
    path = trust / "allowed_signers"
    path.write_text(path.read_text().replace('namespaces=', option + ',namespaces='))
    signer.seal(mine)
    assert not both_say(programs, mine, trust)


def test_usage():
    for arguments in ([], ["x"], ["x", "/nonexistent"]):
        done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("usage: ")
    done = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
