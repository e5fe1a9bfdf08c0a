"""Chart directories written for one rule of packing each (reference helm.md 1.5, 3.2 to 3.5, 4.4)."""

from rules import BOM, REFUSED, STRICTER, Rule, chart_yaml, packed, tree

SUB = chart_yaml("sub")
DEEP = packed("deep", {"values.yaml": b"d: 1\n", "templates/d.yaml": b"d"})
MIDDLE = packed("middle", {"charts/deep-1.tgz": DEEP, "x": b"m"})
TOP = packed("top", {"charts/middle.tgz": MIDDLE, "requirements.yaml": b"dependencies: [{name: middle}]\n"})
LOCK = b"generated: '2024-01-02T03:04:05.6Z'\ndigest: sha256:ab\ndependencies: [{name: sub, version: 1.2.3}]\n"
WITH_SUB = {"charts/sub/Chart.yaml": SUB}
DEPENDS = b"dependencies:\n- {name: sub, version: 1.x, alias: renamed, condition: sub.on, tags: [a, b]}\n"


def ignore(name, rules, expect="same", **options):
    """The same files under different rules."""
    files = {"a.md": b"1", "b.txt": b"2", "docs/a.md": b"3", "docs/deep/c.txt": b"4", ".hidden": b"5",
             "templates/t.yaml": b"6", "templates/a.md": b"7", "x[1]": b"8", "charts/sub/a.md": b"9",
             "charts/sub/.helmignore": b"*\n", **WITH_SUB, ".helmignore": rules}
    return tree(f"ignore-{name}", files, expect, **options)


IGNORED = [
    ignore("nothing", b""),
    ignore("comments-and-blanks", b"# c\n\n   \n  a.md  \n#b.txt\n"),
    ignore("by-name-anywhere", b"a.md\n"),
    ignore("by-path", b"docs/a.md\n"),
    ignore("from-the-top", b"/a.md\n"),
    ignore("star-stops-at-a-slash", b"docs/*.txt\n"),
    ignore("question-mark", b"?.md\n"),
    ignore("class", b"[ab].md\n"),
    ignore("negated-class", b"[^a].txt\n"),
    ignore("escape", b"x\\[1\\]\n"),
    ignore("directory", b"docs/\n"),
    ignore("directory-that-is-a-file", b"a.md/\n"),
    ignore("directory-without-a-slash", b"docs\n"),
    ignore("dotfiles", b".*\n"),
    ignore("itself", b".helmignore\n"),
    ignore("whole-templates", b"templates\n"),
    ignore("whole-charts", b"charts/\n"),
    ignore("one-subchart", b"charts/sub\n"),
    ignore("byte-order-mark", BOM + b"a.md\n"),
    ignore("crlf", b"a.md\r\nb.txt\r\n"),
    ignore("no-line-end", b"a.md"),
    ignore("negation-drops-the-rest", b"!/Chart.yaml\n"),
    ignore("negated-directory", b"!docs/\n", REFUSED),
    ignore("chart-yaml", b"Chart.yaml\n", REFUSED),
    ignore("everything", b"*\n", REFUSED),
    ignore("double-star", b"docs/**\n", REFUSED),
    ignore("malformed", b"a[\n", REFUSED),
]

LINKS = [
    tree("link-chain", {"f": b"f", "a": "b", "b": "f"}),
    tree("link-in-templates", {"shared/t.yaml": b"t", "templates/t.yaml": "../shared/t.yaml"}),
    tree("link-to-templates", {"real/t.yaml": b"t", "templates": "real"}),
    tree("link-to-a-subchart", {"elsewhere/Chart.yaml": SUB, "charts/sub": "../elsewhere"}),
    tree("link-named-like-an-archive", {"sub.archive": packed("sub", {}), "charts/sub.tgz": "../sub.archive"}),
    tree("link-for-values", {"v": b"a: 1\n", "values.yaml": "v"}),
    tree("link-for-helmignore", {"rules": b"*.md\n", "x.md": b"", ".helmignore": "rules"}),
    tree("link-for-the-lock", {"l": LOCK, "Chart.lock": "l"}),
    tree("link-ignored", {"f": b"", "l": "f", ".helmignore": b"l\n"}),
    tree("link-ignored-as-a-directory", {"d/f": b"", "l": "d", ".helmignore": b"l/\n"}),
    tree("link-out", {"l": "../../../../../../../../etc/hostname"}, STRICTER, why="a link out of the chart"),
    tree("link-out-ignored", {"l": "/etc/hostname", ".helmignore": b"l\n"}),
    tree("link-broken-and-ignored", {"l": "nowhere", ".helmignore": b"l\n"}, REFUSED),
    tree("link-to-itself", {"l": "l"}, REFUSED),
    tree("link-to-its-directory", {"d/l": "."}, REFUSED),
]

SUBCHARTS = [
    tree("archive-of-archives", {"charts/top-1.2.3.tgz": TOP}),
    tree("archive-in-a-directory", {"charts/sub/Chart.yaml": SUB, "charts/sub/charts/deep.tgz": DEEP}),
    tree("archive-and-directory", {"charts/deep.tgz": DEEP, "charts/sub/Chart.yaml": SUB}),
    tree("archive-with-another-base", {"charts/a.tgz": packed("sub", {"README.md": BOM + b"x"})}),
    tree("archive-without-a-chart", {"charts/a.tgz": b"x"}, REFUSED),
    tree("archive-hidden", {"charts/_a.tgz": b"x", "charts/.a.tgz": b"x"}),
    tree("directory-named-like-an-archive", {"charts/a.tgz/Chart.yaml": SUB}, REFUSED),
    tree("subchart-with-everything", {
        "charts/sub/Chart.yaml": chart_yaml("sub", "annotations: {a: '1'}\n# c\nunknown: x\n"),
        "charts/sub/Chart.lock": LOCK, "charts/sub/values.yaml": b"a: 1 # c\n",
        "charts/sub/values.schema.json": b"{}", "charts/sub/crds/c.yaml": b"c", "charts/sub/.dot": b"d",
        "charts/sub/templates/.hid": b"h", "charts/sub/README.md": b"r"}),
    tree("subchart-of-v1", {"charts/sub/Chart.yaml": chart_yaml("sub", DEPENDS.decode(), api="v1"),
                            "charts/sub/Chart.lock": LOCK, "charts/sub/requirements.lock": LOCK}),
    tree("subchart-of-v3", {"charts/sub/Chart.yaml": chart_yaml("sub", api="v3"), "charts/sub/Chart.lock": LOCK}),
    tree("subchart-with-bad-values", {**WITH_SUB, "charts/sub/values.yaml": b"[]"}, REFUSED),
    tree("subchart-with-bad-schema", {**WITH_SUB, "charts/sub/values.schema.json": b"{'a': 1}"}, REFUSED),
    tree("subcharts-of-one-name", {**WITH_SUB, "charts/twin/Chart.yaml": SUB}, STRICTER, why="two charts"),
    tree("provenance-deep-below-charts", {**WITH_SUB, "charts/sub/x.prov": b"p", "charts/sub/a/y.prov": b"q"}),
    tree("prov-alone-in-charts", {"charts/.prov": b"p", "charts/x.prov": b"q"}),
    tree("file-called-charts", {"charts": b"x"}),
    tree("file-called-templates", {"templates": b"x"}),
]

DEPENDENCIES = [
    tree("alias-and-condition", WITH_SUB, more=DEPENDS.decode()),
    tree("dependencies-missing", WITH_SUB, REFUSED, more="dependencies: [{name: a}, {name: sub}, {name: b}]\n"),
    tree("dependency-under-an-alias-only", {"charts/x/Chart.yaml": chart_yaml("x")}, REFUSED,
         more="dependencies: [{name: sub, alias: x}]\n"),
    tree("requirements-v1-with-lock", {**WITH_SUB, "requirements.yaml": DEPENDS, "requirements.lock": LOCK}, api="v1"),
    tree("requirements-v2-with-lock", {**WITH_SUB, "requirements.yaml": DEPENDS, "requirements.lock": LOCK}),
    tree("requirements-in-place", {**WITH_SUB, "requirements.yaml": b"dependencies: [{version: 2.x}]\n"},
         more=DEPENDS.decode()),
    tree("requirements-with-other-fields", {"requirements.yaml": b"description: new\nhome: h\nkeywords: [k]\n"},
         more="description: old\nkeywords: [a, b]\n"),
    tree("requirements-that-are-empty", {"requirements.yaml": b""}, api="v1"),
    tree("requirements-without-dependencies", {"requirements.yaml": b"dependencies: ~\n"}, api="v1"),
    tree("requirements-that-are-a-list", {"requirements.yaml": b"- a\n"}, REFUSED),
    tree("requirements-with-a-bad-alias", {"requirements.yaml": b"dependencies: [{name: a, alias: a.b}]\n"}, REFUSED),
    tree("requirements-without-api-version", {"requirements.yaml": b"apiVersion: ''\n"}, REFUSED),
    tree("requirements-missing-from-charts", {"requirements.yaml": DEPENDS}, REFUSED, api="v1"),
    tree("requirements-change-v1-to-v2", {"requirements.yaml": b"apiVersion: v2\n"}, api="v1"),
    tree("both-locks", {"Chart.lock": LOCK, "requirements.lock": b"digest: later\n"}),
    tree("second-lock-is-empty", {"Chart.lock": LOCK, "requirements.lock": b""}),
    tree("lock-of-v1", {"Chart.lock": LOCK}, api="v1"),
    tree("bad-lock-of-v1", {"Chart.lock": b"generated: noon\n"}, REFUSED, api="v1"),
]

CONTENT = [
    tree("schema-of-any-value", {"values.schema.json": b" true "}),
    tree("schema-with-lone-surrogates", {"values.schema.json": b'{"a":"\\ud800","a":1e999}'}),
    tree("schema-with-bad-utf-8", {"values.schema.json": b'"\xff"'}),
    tree("schema-with-a-byte-order-mark", {"values.schema.json": BOM + b"{}"}),
    tree("schema-that-is-empty", {"values.schema.json": b""}, REFUSED),
    tree("schema-with-a-comment", {"values.schema.json": b"{} // x"}, REFUSED),
    tree("values-that-are-empty", {"values.yaml": b""}),
    tree("values-with-infinity", {"values.yaml": b"a: .inf\n"}, REFUSED),
    tree("values-with-anchors", {"values.yaml": b"a: &a {b: 1}\nc: {<<: *a}\n"}),
    tree("values-in-a-bad-second-document", {"values.yaml": b"a: 1\n---\n- b\n"}, REFUSED, helm3="accepts"),
    tree("values-behind-the-dashes", {"values.yaml": b"--- {a: 1}\n"}, REFUSED, helm3="accepts"),
    tree("names-that-need-a-prefix", {"f/" + "a" * 90 + "/" + "b" * 90: b"x"}),
    tree("names-that-need-pax", {"f/" + "ä" * 90 + "/" + "b" * 140: b"x"}),
    tree("ci-and-crds", {"ci/a-values.yaml": b"a: 1", "crds/a.yaml": b"k", "crds/sub/b.txt": b"n"}),
    tree("binary-templates", {"templates/x": bytes(range(256))}),
    Rule("chart-yaml-with-a-byte-order-mark", {
        "Chart.yaml": BOM + chart_yaml("chart-yaml-with-a-byte-order-mark")}),
]

PACKAGE_RULES = IGNORED + LINKS + SUBCHARTS + DEPENDENCIES + CONTENT
