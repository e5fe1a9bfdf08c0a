"""A directory of certificates means the same to us and to skopeo, given or found."""

import pytest
from authorities import fill, issue
from helpers import ROOT, Layout, sha256

CHART = ROOT / "tests" / "data" / "charts" / "harbour-web"


@pytest.fixture(scope="session")
def layout(builder, keys, tmp_path_factory):
    """One chart, sealed. Do not write to it."""
    path = tmp_path_factory.mktemp("layout") / "layout"
    builder.run("build", CHART, "--output", path, "--keys", keys)
    return Layout(path)


# What is in the directory, and whether that connects.
CASES = {
    "all of it": ({"ca.crt": "ca", "a.cert": "cert", "a.key": "key"}, True),
    "an authority beside a stranger's": (
        {"0.crt": "other", "ca.crt": "ca", "a.cert": "cert", "a.key": "key"}, True),
    "a key alone": ({"ca.crt": "ca", "a.key": "key"}, False),
    "a certificate alone": ({"ca.crt": "ca", "a.cert": "cert"}, False),
    "no authority": ({"a.cert": "cert", "a.key": "key"}, False),
    "no client certificate": ({"ca.crt": "ca"}, False),
    "other names": ({"ca.pem": "ca", "a.pem": "cert", "a.key.pem": "key"}, False),
    "two in one file": ({"ca.crt": "both", "a.cert": "cert", "a.key": "key"}, True),
}


@pytest.mark.parametrize("found", [False, True], ids=["given", "found"])
@pytest.mark.parametrize("case", CASES)
def test_skopeo_reads_it_so(case, found, pusher, keys, layout, make_registry, certificates, peers,
                            tmp_path):
    registry = make_registry(tls=True, asks=True)
    certificate, key = issue(tmp_path, "client", certificates.ca)
    texts = {"ca": certificates.ca.read_text(), "other": certificates.other_ca.read_text(),
             "cert": certificate.read_text(), "key": key.read_text()}
    texts["both"] = texts["other"] + texts["ca"]
    files, connects = CASES[case]
    place = peers.home / ".config/containers/certs.d" / registry.host if found else tmp_path / "mine"
    fill(place)
    for name, text in files.items():
        (place / name).write_text(texts[text])
    options = [] if found else ["--cert-dir", place]
    # The chart is there in any case; who connects finds it.
    whole = fill(tmp_path / "whole", certificates.ca, (certificate, key))
    digest = layout.entry("harbour-web")["digest"]
    tag = layout.entry("harbour-web")["annotations"]["dev.sallyport.tag"]
    destination = ["push", layout, registry.oci("charts"), "--trust", keys / "trust", "--json"]
    pusher.run(*destination, "--cert-dir", whole)
    ours = pusher.run(*destination, "--retries", "0", *options, env={"HOME": peers.home}, status=None)
    assert (ours.status == 0) == connects, ours
    if connects:
        assert ours.json["artifacts"][0]["digest"] == digest
    theirs = peers.run("skopeo", "inspect", "--raw", *options,
                       f"docker://{registry.host}/charts/harbour-web:{tag}",
                       status=0 if connects else 1)
    assert not connects or "sha256:" + sha256(theirs) == digest
