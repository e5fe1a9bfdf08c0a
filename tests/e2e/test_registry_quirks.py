"""What real registries do differently: each row pushes the small chart and one of 3 MiB to a registry
that behaves so. Without a word of the operator, unless the row names the options that it takes."""

import re

import pytest
from pushing import (BLOB, MANIFEST_TYPE, MIB, PASSWORD, POST, REPOSITORY, TAG, USERNAME,  # noqa: F401
                     attack, failed, large_layout, layout, tag_of, trap)
from scripted_registry import Answer
from scripted_tokens import Tokens

KIB = 1024


def bearer(**how):
    return Tokens(users={USERNAME: PASSWORD}, **how)


# name: (what it does, the options that are needed)
QUIRKS = {
    "plain": ({}, ()),
    "distribution_2_8": ({"stale_state": "cancels"}, ()),
    "harbor_token_post_405": ({"tokens": bearer(post_status=405)}, ()),
    "harbor_mount_401": ({"mount_status": 401}, ()),
    "harbor_mount_401_with_tokens": ({"mount_status": 401, "tokens": bearer()}, ()),
    "harbor_cookies": ({"cookies": True}, ()),
    "docker_hub_token_fails_for_a_strange_from": (
        {"tokens": bearer(known=lambda name: name == REPOSITORY)}, ()),
    "docker_hub_300_s": ({"tokens": bearer(expires_in=300)}, ()),
    "ghcr_chunks_of_4_mib": ({"chunk_bytes_max": 4 * MIB}, ()),
    "ghcr_chunks_of_1_mib": ({"chunk_bytes_max": MIB}, ()),
    "ecr_patch_201": ({"patch_status": 201, "monolithic": 405}, ()),
    "ecr_chunk_floor": ({"chunk_bytes_min": 2 * MIB}, ("--chunk-size", MIB)),
    "ecr_range_stuck": ({"range_form": "0-99"}, ()),
    "gar_one_patch": ({"patches_max": 1, "monolithic": 405}, ()),
    "gcr_token_post_404": ({"tokens": bearer(post_status=404)}, ()),
    "gcr_401_without_challenge": ({"tokens": bearer(), "challenge": None}, ()),
    "acr_access_token": ({"tokens": bearer(members=("access_token",), password_status=400)}, ()),
    "token_alone": ({"tokens": bearer(members=("token",), expires_in=None)}, ()),
    "artifactory_403_for_absent": ({"absent": (403, "DENIED")}, ()),
    "artifactory_put_404": ({"monolithic": 404}, ()),
    "artifactory_406": ({"accept_needed": True}, ()),
    "nexus_upper_case_basic": ({"credentials": (USERNAME, PASSWORD), "challenge":
                                'BASIC realm="Sonatype Nexus Repository Manager"'}, ()),
    "nexus_children_late": ({"late_blobs": 1}, ()),
    "quay_range_of_nothing": ({"range_form": "bytes=0-{last}"}, ()),
    "quay_mount_400": ({"mount_status": 400}, ()),
    "quay_cookies": ({"cookies": True, "tokens": bearer()}, ()),
    "gitlab_mount_401_no_referrers": ({"mount_status": 401, "tag_is_digest": True}, ()),
    "gitea_one_patch": ({"patches_max": 1}, ()),
    "pulp_no_monolithic": ({"monolithic": 400}, ()),
    "pulp_no_monolithic_405": ({"monolithic": 405}, ()),
    "alibaba_range_of_the_piece": ({"range_form": "0-1048575"}, ("--chunk-size", MIB)),
    "nginx_1_mib": ({"body_bytes_max": MIB}, ()),
    "nginx_1_mib_and_chunks": ({"body_bytes_max": MIB}, ("--chunk-size", 512 * KIB)),
    "zot": ({"referrers": True, "single_post": True, "anonymous_mount": True, "tag_parameter": True,
             "keeps_partial": False, "always_challenges": True}, ()),
    "zot_in_pieces": ({"referrers": True, "keeps_partial": False}, ("--chunk-size", MIB)),
    "harbor_in_pieces": ({"stale_state": "cancels", "tokens": bearer()}, ("--chunk-size", MIB)),
    "keycloak_first_scope_only": ({"tokens": bearer(first_scope_only=True)}, ()),
    "oci_1_1_without_subject": ({"referrers": True, "subject": False}, ()),
}


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("name", QUIRKS)
def test_quirk(name, size, attack, request, layout, make_scripted_registry):
    behaviour, options = QUIRKS[name]
    behaviour = dict(behaviour)
    if "tokens" in behaviour:
        old = behaviour["tokens"]
        behaviour["tokens"] = type(old)(**{**vars(old), "issued": {}, "asked": []})
    chosen = layout if size == "small" else request.getfixturevalue("large_layout")
    registry = make_scripted_registry(**behaviour)
    login = bool({"tokens", "credentials"} & set(behaviour))
    done = attack(registry, *options, layout=chosen, login=login)
    assert done.status == 0, done.stderr
    assert done.seconds < 8
    registry.forget()
    again = attack(registry, *options, layout=chosen, login=login)
    assert again.status == 0, again.stderr
    assert [r for r in registry.writes() if r.path != "/token"] == []


@pytest.mark.parametrize("least", [2 * MIB, 9999999999], ids=["longer_than_ours", "longer_than_any"])
def test_quirk_413_where_pieces_must_be_long(least, attack, large_layout, scripted_registry):
    """Both cannot be had: this ends."""
    scripted_registry.on(*POST, Answer(headers={"OCI-Chunk-Min-Length": str(least)}), repeat=True)
    usual = scripted_registry.answer

    def answer(request):
        is_long = int(request.headers.get("content-length", 0)) >= MIB
        return Answer(413, {}, b"") if is_long else usual(request)

    scripted_registry.answer = answer
    failed(attack(scripted_registry, layout=large_layout, timeout=20), 7, "413")
    assert len(scripted_registry.requests()) < 60


def test_quirk_413_is_answered_with_pieces_that_fit(attack, large_layout, make_scripted_registry):
    """Nothing but the body's size is known: pieces get smaller until they pass, and stay so."""
    registry = make_scripted_registry(body_bytes_max=MIB)
    assert attack(registry, layout=large_layout).status == 0
    sizes = [r.length for r in registry.requests() if r.method == "PATCH" and r.status == 202]
    assert sizes and max(sizes) <= MIB


@pytest.mark.parametrize("code", [302, 307], ids=["quay", "distribution_on_s3"])
def test_quirk_blobs_are_kept_elsewhere(code, attack, large_layout, make_scripted_registry, trap):
    """To be led to the blob is to be told that it is there: it is not sent again, nor looked for."""
    registry = make_scripted_registry(
        blobs_elsewhere=(code, f"http://{trap.host}/bucket?signature=secret"))
    assert attack(registry, layout=large_layout).status == 0
    del registry.manifests[REPOSITORY, "0.1.0"]
    registry.forget()
    assert attack(registry, layout=large_layout).status == 0
    assert max(request.length for request in registry.writes()) < MIB
    assert trap.requests() == []


@pytest.mark.parametrize("limit", [(20, 4), (4, 1)], ids=["20_a_second", "4_a_second"])
def test_quirk_requests_are_limited(limit, programs, keys, build, tmp_path, make_scripted_registry):
    """429, and not a word of how long to wait: the right pace is found, and nothing is given up."""
    from crafted import chart_yaml, write_archive
    charts = [write_archive(tmp_path / f"{n}.tgz", {"Chart.yaml": chart_yaml(f"c{n}")}, f"c{n}")
              for n in range(2 if limit[0] < 20 else 8)]
    registry = make_scripted_registry(requests_per_s=limit)
    programs.pusher.run("push", build(*charts), registry.oci("charts"), "--trust", keys.trust,
                        "--plain-http")
    refused = [r for r in registry.requests() if r.status == 429]
    assert refused and len(refused) < len(registry.requests()) / 2


def test_quirk_patches_of_one_piece_only(attack, large_layout, make_scripted_registry):
    registry = make_scripted_registry(monolithic=405, patches_max=1)
    assert attack(registry, layout=large_layout).status == 0
    assert {r.method for r in registry.writes()} == {"POST", "PUT", "PATCH"}


def test_quirk_what_works_is_remembered(programs, keys, build, tmp_path, make_scripted_registry):
    """A registry that takes no PUT with a body is asked once, not for each blob."""
    from crafted import chart_yaml, write_archive
    charts = [write_archive(tmp_path / f"{n}.tgz", {"Chart.yaml": chart_yaml(f"c{n}")}, f"c{n}")
              for n in range(6)]
    registry = make_scripted_registry(monolithic=405)
    programs.pusher.run("push", build(*charts), registry.oci("charts"), "--trust", keys.trust,
                        "--plain-http", "--jobs", "1")
    assert len([r for r in registry.requests() if r.method == "PUT" and r.status == 405]) == 1


@pytest.mark.parametrize(("answer", "status"), [("eof", (5, 7)), (404, 7)],
                         ids=["ecr_closes", "ecr_404"])
def test_quirk_repositories_have_to_be_there(answer, status, attack, make_scripted_registry):
    registry = make_scripted_registry(absent_repository=answer)
    failed(attack(registry, "--retries", "1"), status, "create the repository")
    registry.created.add(REPOSITORY)
    assert attack(registry).status == 0


def test_quirk_manifests_without_a_media_type(attack, make_scripted_registry):
    """Helm's own form has none; ECR and Cloudflare refuse it, and say so."""
    registry = make_scripted_registry(media_type_needed=True)
    failed(attack(registry), 7, "mediaType is missing")


def test_quirk_pull_denied_by_policy(attack, make_scripted_registry):
    """Harbor's 412 to the look at a tag, and Artifactory's 403: unknown is not absent, nor fatal."""
    registry = make_scripted_registry(absent=(403, "DENIED"))
    assert attack(registry).status == 0


@pytest.mark.parametrize("broken", ["read", "answer"])
@pytest.mark.parametrize("state", ["works", "cancels"], ids=["distribution_3", "distribution_2_8"])
@pytest.mark.parametrize("options", [(), ("--chunk-size", str(MIB))], ids=["whole", "pieces"])
def test_quirk_broken_in_the_middle(broken, state, options, attack, large_layout,
                                    make_scripted_registry):
    """The session is asked, or given up; never begun anew at its first byte."""
    registry = make_scripted_registry(stale_state=state)
    answer = Answer(read=300_000, reset=True) if broken == "read" else Answer(cut=-1, reset=True)
    registry.on("PATCH" if options else "PUT", "uploads", Answer(), answer)
    done = attack(registry, *options, layout=large_layout)
    assert done.status == 0, done.stderr
    assert registry.faults == []


def test_quirk_a_token_dies_in_a_long_upload(attack, large_layout, make_scripted_registry):
    tokens = bearer()
    registry = make_scripted_registry(tokens=tokens, receive_bytes=65536)
    registry.on(*BLOB, Answer(), Answer(midway=(MIB, tokens.expire)))
    done = attack(registry, layout=large_layout, login=True)
    assert done.status == 0, done.stderr


@pytest.mark.parametrize("uses", [1, 2, 3])
def test_quirk_tokens_that_last_for_a_request_or_two(uses, attack, make_scripted_registry):
    registry = make_scripted_registry(tokens=bearer(uses=uses))
    assert attack(registry, "--jobs", "1", login=True).status == 0


def test_quirk_a_token_is_for_writing_from_the_first(attack, make_scripted_registry):
    tokens = bearer()
    registry = make_scripted_registry(tokens=tokens)
    assert attack(registry, login=True).status == 0
    assert tokens.asked[0] == ("GET", [f"repository:{REPOSITORY}:pull,push"])
    assert len(tokens.asked) == 1


def test_quirk_warnings_are_shown_once(attack, scripted_registry):
    scripted_registry.on("", "", Answer(headers={"Warning": '299 - "retires in May"'}), repeat=True)
    done = attack(scripted_registry)
    assert done.status == 0 and done.stderr.count("retires in May") == 1


def test_quirk_a_blob_under_another_name_is_mounted(programs, keys, build, tmp_path,
                                                    make_scripted_registry):
    """The same archive twice, in two repositories: its bytes travel once where mounts work."""
    registry = make_scripted_registry(anonymous_mount=True, tokens=None)
    from crafted import chart_yaml, write_archive
    from pushing import noise
    files = {"Chart.yaml": chart_yaml("twin"), "noise.bin": noise(2 * MIB)}
    chart = write_archive(tmp_path / "twin.tgz", files, "twin")
    layout = build(chart)
    for prefix in ("a", "b"):
        programs.pusher.run("push", layout, registry.oci(prefix), "--trust", keys.trust, "--plain-http")
    sent = [r.length for r in registry.requests() if r.length > MIB]
    assert len(sent) == 1 and registry.tags("b/twin") == ["0.1.0"]
    assert any(re.search("mount=", r.target) for r in registry.requests())
