"""builder verify and pusher verify: whatever differs from what was sealed is refused, with 4."""

import base64
import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from crafted import write_archive
from demands import judged, row_ids
from helpers import Layout, sha256, tree, verify_with_stock_tools

BLOB = "blobs/sha256/" + "0" * 64


@pytest.fixture(scope="session")
def tiny(programs, keys, tmp_path_factory):
    """A sealed layout of a few KB, for all tests: copy it."""
    directory = tmp_path_factory.mktemp("tiny")
    chart = write_archive(directory / "tiny.tgz")
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


@pytest.fixture
def mine(tiny, tmp_path):
    """The test's own copy of it."""
    return tiny.copy(tmp_path / "mine")


def blob_of(layout, kind):
    """The path of one blob of the only chart."""
    digest = layout.index["manifests"][0]["digest"]
    manifest = json.loads(layout.blob(digest))
    return layout.blob_path({"manifest": digest, "config": manifest["config"]["digest"],
                             "layer": manifest["layers"][0]["digest"]}[kind])


def path_of(layout, kind):
    if kind in ("manifest", "config", "layer"):
        return blob_of(layout, kind)
    return layout.signatures[0] if kind == "signature" else layout.path / kind


KINDS = ["oci-layout", "index.json", "SEAL", "signature", "manifest", "config", "layer"]


def test_a_good_layout(mine, programs, keys):
    done = judged(programs, mine, keys.trust, 0, mine.seal_id, "enclave")
    lines = done.stdout.splitlines()
    assert lines[0] == f"verified {mine}"
    assert lines[1] == f"seal {mine.seal_id}"
    assert lines[-1] == f"tiny:0.1.0 {mine.entry('tiny')['digest']}"


def test_a_good_layout_as_json(mine, programs, keys):
    told = judged(programs, mine, keys.trust, 0, options=["--json"]).json
    listing = "".join(f"{sha256((keys.trust / name).read_bytes())}  {name}\n"
                      for name in ("allowed_signers", "policy.json"))
    assert (told["version"], told["ok"], told["sealId"], told["trustId"]) == \
        (1, True, mine.seal_id, sha256(listing.encode()))


def test_verify_changes_nothing(mine, programs, keys):
    before, trust = tree(mine), tree(keys.trust)
    judged(programs, mine, keys.trust, 0)
    assert (tree(mine), tree(keys.trust)) == (before, trust)


@pytest.mark.slow
def test_flipped_bytes_are_refused(tiny, programs, keys, tmp_path):
    """In strides, by the programs: test_tampering.c does it to every bit, in one process. Each thread
    changes one byte of a copy of its own, and puts it back."""
    own = threading.local()
    copies = iter(range(1000))

    def check(case):
        name, position = case
        if not hasattr(own, "layout"):
            own.layout = tiny.copy(tmp_path / str(next(copies)))
        path = own.layout.path / name
        good = path.read_bytes()
        bad = bytearray(good)
        bad[position] ^= 1 << (position % 8)
        path.write_bytes(bad)
        for program in (programs.pusher, programs.builder):
            done = program.run("verify", own.layout, "--trust", keys.trust, status=None)
            assert done.status == 4, (case, done)
        path.write_bytes(good)

    cases = [(path.relative_to(tiny.path), position) for path in tiny.files()
             for position in range(path.stat().st_size)][::11]
    assert len(cases) > 100
    with ThreadPoolExecutor(max_workers=os.cpu_count() + 1) as pool:
        assert len(list(pool.map(check, cases))) == len(cases)


# ---- each file, in each way ----

def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def grow(path):
    with path.open("ab") as file:
        file.write(b"\n")


def remove(path):
    path.unlink()


def to_link_outside(path):
    outside = layout_root(path).parent / f"outside-{path.name}"
    path.rename(outside)
    path.symlink_to(outside)


def to_hard_link(path):
    other = layout_root(path).parent / "secret"
    other.write_bytes(b"host secret")
    path.unlink()
    path.hardlink_to(other)


def to_fifo(path):
    path.unlink()
    os.mkfifo(path)


def to_directory(path):
    path.unlink()
    path.mkdir()


def to_socket(path):
    import socket
    path.unlink()
    here = os.getcwd()
    os.chdir(path.parent)  # the names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def to_device(path):
    path.unlink()
    try:
        os.mknod(path, 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this user can make no device")


def layout_root(path):
    while not (path / "oci-layout").exists() and path.name != "mine":
        path = path.parent
    return path


WAYS = [truncate, empty, grow, remove, to_link_outside, to_hard_link, to_fifo,
        to_directory, to_socket, to_device]


WAY_ROWS = [("to_link_outside", "l2"), ("to_hard_link", "l5"), ("to_fifo", "l3"),
            ("to_directory", "l3"), ("to_socket", "l3"), ("to_device", "l3"), ("truncate", "l6"),
            ("empty", "l6"), ("grow", "l6"), ("remove", "l6")]


@pytest.mark.parametrize("way", WAYS, ids=row_ids([way.__name__ for way in WAYS], WAY_ROWS))
@pytest.mark.parametrize("kind", KINDS)
def test_each_file_in_each_way(kind, way, mine, programs, keys):
    path = path_of(mine, kind)
    way(path)
    relative = path.relative_to(mine.path)
    words = [] if kind in ("SEAL", "signature") else [relative]
    judged(programs, mine, keys.trust, 4, *words)


@pytest.mark.parametrize("kind", KINDS)
def test_row_l7_a_file_of_one_terabyte(kind, mine, programs, keys):
    """Sparse, and over every limit: refused without reading it to its end."""
    path = path_of(mine, kind)
    os.truncate(path, 2 ** 40)
    status = 4 if kind in ("SEAL", "signature") else 3
    judged(programs, mine, keys.trust, status, path.relative_to(mine.path))


@pytest.mark.parametrize("name", ["", "blobs", "blobs/sha256"], ids=["root", "blobs", "sha256"])
def test_row_l2_a_linked_directory(name, mine, programs, keys, tmp_path):
    path = mine.path / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    judged(programs, mine, keys.trust, 4, path if not name else name.split("/")[0])


def test_row_l2_a_linked_root_with_a_slash(mine, programs, keys, tmp_path):
    (tmp_path / "link").symlink_to("mine")
    judged(programs, f"{tmp_path / 'link'}/", keys.trust, 4)


@pytest.mark.parametrize("name", [
    "evil", ".hidden", "SEAL.sig", "SEAL.0123456789abcdef.sig.bak", "SEAL.0123456789ABCDEF.sig",
    "SEAL.0123456789abcde.sig", "seal", "SEAL~", "TRUST", "ingest/", "blobs/evil", "blobs/sha512/",
    "blobs/sha256/evil", BLOB, "blobs/sha256/" + "A" * 64, "blobs/sha256/" + "0" * 63,
    "blobs/sha256/sub/", "oci-layout2", "index.json~", "a b", "grüß",
])
def test_row_l13_whatever_is_added(name, mine, programs, keys):
    path = mine.path / name.rstrip("/")
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_bytes(b"x")
    judged(programs, mine, keys.trust, 4, name.rstrip("/"), "not in the seal")


@pytest.mark.parametrize(("name", "kind"), [
    ("a\x1b[2J", "file"), ("a\nbuilder: verified", "file"), ("a\u202eb", "file"), (b"a\xff", "file"),
    ("-rf", "file"), ("a" * 255, "file"), ("link", "link"), ("fifo", "fifo"),
], ids=["escape", "newline", "bidi", "not-utf8", "dash", "long", "link", "fifo"])
def test_added_with_a_hostile_name(name, kind, mine, programs, keys):
    path = os.path.join(os.fsencode(mine), os.fsencode(name))
    if kind == "file":
        with open(path, "wb"):
            pass
    elif kind == "link":
        os.symlink("/etc/passwd", path)
    else:
        os.mkfifo(path)
    judged(programs, mine, keys.trust, 4)


def test_every_fault_is_named_at_once(mine, programs, keys):
    paths = {kind: path_of(mine, kind) for kind in KINDS}
    paths["config"].unlink()
    truncate(paths["layer"])
    to_fifo(paths["manifest"])
    (mine.path / "evil").write_bytes(b"x")
    grow(paths["oci-layout"])
    expected = {
        ("evil", "not in the seal"),
        ("oci-layout", "changed"),
        (str(paths["config"].relative_to(mine.path)), "missing"),
        (str(paths["layer"].relative_to(mine.path)), "changed"),
        (str(paths["manifest"].relative_to(mine.path)), "not a regular file of this layout"),
    }
    done = judged(programs, mine, keys.trust, 4)
    *named, summary = done.stderr.splitlines()
    assert {tuple(line.removeprefix("pusher: ").split(": ")) for line in named} == expected
    assert len(named) == len(expected)
    assert "5 files" in summary and str(mine) in summary
    told = judged(programs, mine, keys.trust, 4, options=["--json"]).json
    assert (told["ok"], told["error"]["code"]) == (False, "untrusted-seal")
    assert {(p["path"], p["problem"]) for p in told["error"]["problems"]} == expected


def test_many_faults_are_counted(mine, programs, keys):
    for number in range(250):
        (mine.path / f"evil-{number}").touch()
    done = judged(programs, mine, keys.trust, 4, "250 files")
    assert "150 more" in done.stderr
    assert len(done.stderr.splitlines()) == 102


# ---- who sealed it ----

def test_a_strangers_seal(mine, programs, stranger):
    judged(programs, mine, stranger.trust, 4, "0 of the 1")


def test_no_signature_and_no_seal(mine, programs, keys):
    mine.signatures[0].unlink()
    judged(programs, mine, keys.trust, 4)
    (mine.path / "SEAL").unlink()
    judged(programs, mine, keys.trust, 4, "SEAL")


def test_sealed_by_a_stranger_in_our_name(mine, programs, keys, signer):
    """A stranger's signature under the name of the key that is trusted."""
    name = mine.signatures[0].name
    signer.seal(mine)
    mine.signatures[0].rename(mine.path / name)
    judged(programs, mine, keys.trust, 4, name)


def test_ssh_keygen_seals_as_builder_does(mine, programs, signer):
    signer.seal(mine)
    trust = signer.trust()
    verify_with_stock_tools(mine, trust)
    judged(programs, mine, trust, 0, mine.seal_id)


def test_stock_tools_accept_our_seal(layout_several, keys):
    verify_with_stock_tools(layout_several, keys.trust)


def test_a_signature_for_another_purpose(mine, programs, signer):
    signer.seal(mine)
    mine.signatures[0].write_bytes(signer.sign((mine.path / "SEAL").read_bytes(), "file"))
    judged(programs, mine, signer.trust(), 4)


@pytest.mark.parametrize("namespace", ["trust-v1@sallyport.dev", "seal-v1@sallyport.dev "])
def test_a_signature_in_another_namespace(namespace, mine, programs, signer):
    signer.seal(mine)
    mine.signatures[0].write_bytes(signer.sign((mine.path / "SEAL").read_bytes(), namespace))
    judged(programs, mine, signer.trust(), 4)


def test_row_s4_the_signature_of_another_layout(mine, layout, programs, keys):
    shutil.copy(layout.signatures[0], mine.signatures[0])
    judged(programs, mine, keys.trust, 4)


def test_row_s4_the_index_of_another_layout(mine, layout, programs, keys):
    shutil.copy(layout.path / "index.json", mine.path)
    judged(programs, mine, keys.trust, 4, "index.json", "changed")


def armor(signature, width=70, newline="\n"):
    """The blob of a signature file, in an armour of another shape."""
    body = "".join(signature.decode().splitlines()[1:-1])
    lines = [body[at:at + width] for at in range(0, len(body), width)]
    return newline.join(["-----BEGIN SSH SIGNATURE-----", *lines,
                         "-----END SSH SIGNATURE-----", ""]).encode()


ARMOURS = {
    "76-columns": lambda s: armor(s, 76),
    "one-line": lambda s: armor(s, 10_000),
    "crlf": lambda s: armor(s, newline="\r\n"),
    "no-final-newline": lambda s: s[:-1],
    "newline-after": lambda s: s + b"\n",
    "text-before": lambda s: b"hello\n" + s,
    "text-after": lambda s: s + b"hello\n",
    "twice": lambda s: s + s,
    "blank-in-a-line": lambda s: s.replace(b"U1NIU0lH", b"U1NI U0lH"),
    "no-begin": lambda s: s.split(b"\n", 1)[1],
    "no-end": lambda s: s.split(b"-----END")[0],
    "nul-after": lambda s: s + b"\0",
    "4-KiB-and-one": lambda s: s + b"\n" * (4097 - len(s)),
    "a-megabyte": lambda s: s + b"\n" * 2 ** 20,
    "raw": lambda s: base64.b64decode("".join(s.decode().splitlines()[1:-1])),
    "sha256-for-sha512": lambda s: rebuilt(s, hash_name=b"sha256"),
    "version-2": lambda s: rebuilt(s, version=2),
    "blob-goes-on": lambda s: rebuilt(s, tail=b"\0\0\0\0"),
    "reserved-used": lambda s: rebuilt(s, reserved=b"x"),
}


def fields_of(blob):
    fields, at = [], 10
    while at < len(blob):
        length = int.from_bytes(blob[at:at + 4], "big")
        fields.append(blob[at + 4:at + 4 + length])
        at += 4 + length
    return fields  # key, namespace, reserved, hash, signature


def rebuilt(signature, version=1, hash_name=None, reserved=None, tail=b""):
    blob = base64.b64decode("".join(signature.decode().splitlines()[1:-1]))
    fields = fields_of(blob)
    if hash_name:
        fields[3] = hash_name
    if reserved:
        fields[2] = reserved
    body = b"SSHSIG" + version.to_bytes(4, "big") + b"".join(
        len(field).to_bytes(4, "big") + field for field in fields) + tail
    text = base64.b64encode(body).decode()
    lines = [text[at:at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]
                     ).encode()


@pytest.mark.parametrize("change", ARMOURS.values(), ids=ARMOURS.keys())
def test_one_spelling_of_a_signature(change, mine, programs, keys):
    path = mine.signatures[0]
    changed = change(path.read_bytes())
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    judged(programs, mine, keys.trust, 4, path.name)


def test_rebuilding_a_signature_unchanged_gives_the_same(mine):
    """Else the test above would prove nothing."""
    assert rebuilt(mine.signatures[0].read_bytes()) == mine.signatures[0].read_bytes()
    assert armor(mine.signatures[0].read_bytes()) == mine.signatures[0].read_bytes()


def test_other_key_types_cannot_seal(mine, programs, tmp_path):
    import subprocess
    for kind in ("rsa", "ecdsa"):
        key = tmp_path / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key], check=True)
        public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
        trust = tmp_path / f"{kind}-trust"
        trust.mkdir()
        (trust / "allowed_signers").write_text(
            f'enclave namespaces="seal-v1@sallyport.dev" {public}\n')
        (trust / "policy.json").write_text(
            '{"version":1,"seal":{"threshold":1,"signers":["enclave"]}}')
        judged(programs, mine, trust, 4, "allowed_signers", "line 1")


def test_signatures_of_unknown_keys_are_counted_not_read(mine, programs, keys):
    for number in range(15):
        (mine.path / f"SEAL.{number:016x}.sig").write_bytes(b"\xff" * 4096)
    judged(programs, mine, keys.trust, 0, mine.seal_id)
    (mine.path / f"SEAL.{15:016x}.sig").write_bytes(b"")
    judged(programs, mine, keys.trust, 4, "17 signature files")


@pytest.mark.parametrize("kind", ["link", "large"])
def test_an_unknown_signature_that_is_none(kind, mine, programs, keys):
    path = mine.path / "SEAL.0123456789abcdef.sig"
    if kind == "link":
        path.symlink_to("SEAL")
    else:
        path.write_bytes(b"x" * 4097)
    judged(programs, mine, keys.trust, 4, "SEAL.0123456789abcdef.sig")


# ---- the list ----

LISTINGS = {
    "empty": lambda s: "",
    "no-final-newline": lambda s: s[:-1],
    "crlf": lambda s: s.replace("\n", "\r\n"),
    "blank-line": lambda s: s + "\n",
    "comment": lambda s: "# list\n" + s,
    "unsorted": lambda s: "".join(reversed(s.splitlines(keepends=True))),
    "twice": lambda s: "".join(line * 2 for line in s.splitlines(keepends=True)),
    "upper-case": lambda s: s[:64].upper() + s[64:],
    "one-blank": lambda s: s.replace("  ", " "),
    "star": lambda s: s.replace("  ", " *"),
    "escaped": lambda s: "\\" + s,
    "parent": lambda s: s + "0" * 64 + "  ../evil\n",
    "absolute": lambda s: "0" * 64 + "  /etc/passwd\n" + s,
    "dot": lambda s: s.replace("  index.json", "  ./index.json"),
    "other-file": lambda s: s + sha256(b"") + "  other\n",
    "itself": lambda s: s + "0" * 64 + "  SEAL\n",
    "without-index": lambda s: "".join(l for l in s.splitlines(keepends=True) if "index" not in l),
    "without-oci-layout": lambda s: "".join(
        l for l in s.splitlines(keepends=True) if "oci-layout" not in l),
    "blob-of-another-name": lambda s: s.replace(s[:64], "0" * 64, 1),
    "63-digits": lambda s: s[1:],
    "nul": lambda s: s + "\0",
    "only-blobs": lambda s: "".join(l for l in s.splitlines(keepends=True) if "blobs" in l),
    "a-blob-less": lambda s: s.split("\n", 1)[1],
}


@pytest.mark.parametrize("change", LISTINGS.values(), ids=LISTINGS.keys())
def test_malformed_lists_are_refused_though_signed(change, mine, programs, signer):
    good = mine.listing()
    assert change(good) != good
    signer.seal(mine, listing=change(good))
    judged(programs, mine, signer.trust(), 4)


def test_no_layout_at_all(programs, keys, tmp_path):
    judged(programs, tmp_path / "missing", keys.trust, 1, "missing")
    (tmp_path / "file").write_bytes(b"")
    judged(programs, tmp_path / "file", keys.trust, 4, "file")
    (tmp_path / "empty").mkdir()
    judged(programs, tmp_path / "empty", keys.trust, 4, "empty")
