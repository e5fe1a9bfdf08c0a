"""Charts for the comparison of `builder lint` with `helm lint`: each rule hit and just missed.

A chart is a dictionary from path to content: text, bytes, or a dictionary of the same kind, which
becomes a .tgz. None removes a file of the base.
"""

GOOD = "apiVersion: v2\nname: c\nversion: 1.2.3\nicon: https://a.b/i.png\n"
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
BASE = {"Chart.yaml": GOOD, "values.yaml": "a: 1\n", "templates/x.yaml": TEMPLATE}
CRD = ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
       "metadata:\n  name: a\n")


def chart(yaml=None, **lines):
    """A Chart.yaml of the good one with these lines in the place of its own; None drops a line."""
    kept = dict(line.split(": ", 1) for line in GOOD.splitlines())
    kept.update(lines)
    return "".join(f"{key}: {value}\n" for key, value in kept.items() if value is not None) + (yaml or "")


def metadata():
    """name of the case -> Chart.yaml, for rules that look at nothing else."""
    cases = {
        "good": GOOD,
        "empty": "",
        "null": "~\n",
        "comment": "# nothing\n",
        "list": "[a]\n",
        "scalar": "name\n",
        "broken": "a: [\n",
        "tab": "a:\n\tb: 1\n",
        "unknown-anchor": "name: *x\n",
        "two-documents": GOOD + "---\nname: d\nfoo: 1\n",
        "bom": "\ufeff" + GOOD,
        "crlf": GOOD.replace("\n", "\r\n"),
        "nan-unknown": GOOD + "foo: .nan\n",
        "null-key": GOOD + "~: 1\n",
        "number-key": GOOD + "1: 1\n",
        "unknown-field": GOOD + "foo: 1\n",
        "unknown-nested": GOOD + "maintainers: [{name: a, nick: b}]\n",
        "unknown-in-dependency": GOOD + "dependencies: [{name: d, foo: 1}]\n",
        "duplicate": GOOD + "name: c\n",
        "duplicate-nested": GOOD + "annotations: {a: b, a: c}\n",
        "duplicate-in-unknown": GOOD + "foo: {a: b, a: c}\n",
        "duplicate-by-merge": "x: &x {name: c}\n" + GOOD + "<<: *x\n",
        "merge": "x: &x {home: c}\n" + GOOD + "<<: *x\n",
        "case-variant": GOOD + "Name: d\n",
        "case-alone": chart(name=None, Name="c"),
        "field-list": GOOD + "description: [a]\n",
        "field-map": chart(name="{a: b}"),
        "keywords-text": GOOD + "keywords: a\n",
        "deprecated-text": GOOD + "deprecated: 'true'\n",
        "deprecated": GOOD + "deprecated: true\n",
        "maintainers-text": GOOD + "maintainers: a\n",
        "annotation-list": GOOD + "annotations: {a: [b]}\n",
    }
    cases.update({f"name-{i}": chart(name=name) for i, name in enumerate((
        None, "''", "~", "a/b", "a/", "/", "//", "'.'", "..", "../x", "5", "1.10", "yes", "a b",
        "UPPER", "a..b", '"a\\u200bb"', "grün", "a" * 300))})
    cases.update({f"api-version-{i}": chart(apiVersion=version) for i, version in enumerate((
        None, "''", "~", "v1", "v3", "v9", "V2", "1", "2.0", "true"))})
    cases.update({f"version-{i}": chart(version=version) for i, version in enumerate((
        None, "''", "~", "1", "1.2", "1.10", "'1'", "'1.2'", "v1.2.3", "V1.2.3", "01.2.3", "1.2.3-01",
        "1.2.3-a.b", "1.2.3+a.01", "1.2.3.4", "1.2.3-", "1.2.3-a_b", "1.x", "true", "2024-01-02",
        "0.0.0", "0.0.0-0", "'0.0.0-0+a'", "0.0.0-0.0", "0.0.0-1", "0.0.0-a", "'0-0'", "v0.0-0",
        "99999999999999999999.0.0", "18446744073709551615.0.0", "1.2.3-" + "a" * 122,
        "1.2.3-" + "a" * 123, "1.2.3-" + "a" * 251, "1e3", "0x1F", "' 1.2.3'", "'1.2.3 '", "1_0.0.0",
        "[1]", "0o17"))})
    cases.update({f"app-version-{i}": chart(appVersion=version) for i, version in enumerate((
        "1.0", "'1.0'", "1", "~", "yes", "''", "1.2.3", "latest"))})
    cases["version-case"] = chart(version=None, Version="1.2")
    cases.update({f"maintainers-{i}": GOOD + f"maintainers: {value}\n" for i, value in enumerate((
        "~", "[]", "[~]", "[{}]", "[{name: ''}]", "[{email: a@b.c}]", "[{name: a}]",
        "[{name: a, email: a@b.c}]", "[{name: a, email: a@b}]", "[{name: a, email: ''}]",
        "[{name: a, email: 'a b@c.d'}]", "[{name: a, email: a@b@c.d}]", "[{name: ü, email: ü@ü.de}]",
        "[{name: a, url: https://a.b}]", "[{name: a, url: a.b}]", "[{name: a, url: a}]",
        "[{name: a, url: https://a b}]", "[{name: a, url: ''}]", "[{name: a, url: 'ssh://a.b'}]",
        "[{name: a, url: 'https://github.com/a/b'}]", "[{name: a, url: abc}]",
        "[{name: a, email: x, url: y}]", "[{name: a, email: x}, {name: b, url: z}]",
        "[{name: a}, ~]", "[{name: a, email: x}, ~]"))})
    cases.update({f"sources-{i}": GOOD + f"sources: {value}\n" for i, value in enumerate((
        "~", "[]", "[~]", "['']", "[https://a.b]", "[a.b]", "[/a]", "[mailto:a@b.c]", "['https://a b']",
        "['https://a/b c']", "['https://a/%zz']", "[1]", "[https://a.b, x]", "['oci://a/b']",
        "['git@a.b:c/d']", "['http://[::1]:80/']", "['http://a:b']", "['x:']", "['#']"))})
    cases.update({f"icon-{i}": chart(icon=value) for i, value in enumerate((
        None, "''", "~", "a.png", "/a.png", "https://a.b/%zz", "'https://a.b/c d'", "data:image/png,x",
        "file:///a", "1", "yes"))})
    cases.update({f"type-{i}": chart(type=value, apiVersion=version) for i, (value, version) in enumerate((
        ("application", "v2"), ("library", "v2"), ("other", "v2"), ("application", "v1"), ("''", "v1"),
        ("~", "v1"), ("application", None), ("Application", "v2"), ("application", "v3")))})
    cases.update({f"text-{i}": GOOD + line + "\n" for i, line in enumerate((
        "kubeVersion: 1.10", "kubeVersion: '1.10'", "description: yes", "description: 5",
        "keywords: [no, a]", "annotations: {a: 010}", "annotations: {a: '010'}", "tags: 1.50",
        "home: 1_000", "condition: on"))})
    return cases


def dependencies():
    """name of the case -> files beside the base, for charts in charts/."""
    listed = GOOD + "dependencies: [{name: d, version: '1'}]\n"
    aliased = GOOD + "dependencies: [{name: d, alias: e}, {name: d, alias: f}]\n"
    sub = {"charts/d/Chart.yaml": chart(name="d")}
    tgz = {"charts/d-1.tgz": {"d/Chart.yaml": chart(name="d")}}
    other = {"charts/x/Chart.yaml": chart(name="x")}
    return {
        "listed-directory": {"Chart.yaml": listed, **sub},
        "listed-archive": {"Chart.yaml": listed, **tgz},
        "missing": {"Chart.yaml": listed},
        "missing-name": {"Chart.yaml": GOOD + "dependencies: [{version: '1'}]\n"},
        "missing-one-name": {"Chart.yaml": GOOD + "dependencies: [{name: d}, {alias: e}]\n", **sub},
        "unlisted-directory": sub,
        "unlisted-archive": tgz,
        "unlisted-two": {**sub, **other},
        "missing-and-unlisted": {"Chart.yaml": listed, **other},
        "aliases": {"Chart.yaml": aliased, **sub},
        "same-alias": {"Chart.yaml": GOOD + "dependencies: [{name: d, alias: e}, {name: f, alias: e}]\n"},
        "same-name": {"Chart.yaml": GOOD + "dependencies: [{name: d}, {name: d}]\n", **sub},
        "bad-alias": {"Chart.yaml": GOOD + "dependencies: [{name: d, alias: a.b}]\n", **sub},
        "null-dependency": {"Chart.yaml": GOOD + "dependencies: [~]\n"},
        "v1-dependencies": {"Chart.yaml": chart("dependencies: [{name: d}]\n", apiVersion="v1"), **sub},
        "renamed-directory": {"Chart.yaml": listed, "charts/other/Chart.yaml": chart(name="d")},
        "hidden": {"charts/.d/Chart.yaml": chart(name="d"), "charts/_e/Chart.yaml": chart(name="e")},
        "loose-file": {"charts/README.md": "x"},
        "loose-prov": {"charts/x.prov": "x"},
        "broken-subchart": {"charts/d/Chart.yaml": "a: [\n"},
        "nameless-subchart": {"charts/d/Chart.yaml": "version: 1.2.3\n"},
        "subchart-without-yaml": {"charts/d/values.yaml": "a: 1\n"},
        "broken-subchart-values": {"charts/d/Chart.yaml": chart(name="d"), "charts/d/values.yaml": "a: [\n",
                                   "Chart.yaml": listed},
        "broken-archive": {"charts/d.tgz": b"x"},
        "nested": {"Chart.yaml": listed, **sub, "charts/d/charts/e/Chart.yaml": chart(name="e")},
        "nested-broken": {"Chart.yaml": listed, **sub, "charts/d/charts/e/Chart.yaml": "x\n"},
        "lock": {"Chart.lock": "dependencies: []\ngenerated: '2024-01-02T03:04:05Z'\n"},
        "lock-broken": {"Chart.lock": "a: [\n"},
        "lock-list": {"Chart.lock": "[]\n"},
        "lock-time": {"Chart.lock": "generated: yesterday\n"},
        "requirements-v1": {"Chart.yaml": chart(apiVersion="v1"),
                            "requirements.yaml": "dependencies: [{name: d}]\n", **sub},
        "requirements-v1-missing": {"Chart.yaml": chart(apiVersion="v1"),
                                    "requirements.yaml": "dependencies: [{name: d}]\n"},
        "requirements-v2": {"requirements.yaml": "dependencies: [{name: d}]\n", **sub},
    }


def files():
    """name of the case -> files beside the base, for what else a chart holds."""
    crd = {"crds/a.yaml": CRD}
    return {
        "no-values": {"values.yaml": None},
        "empty-values": {"values.yaml": ""},
        "null-values": {"values.yaml": "~\n"},
        "repaired-values": {"values.yaml": 'a: "\\\'"\n'},
        "list-values": {"values.yaml": "[a]\n"},
        "text-values": {"values.yaml": "a\n"},
        "broken-values": {"values.yaml": "a: [\n"},
        "nan-values": {"values.yaml": "a: .nan\n"},
        "template-values": {"values.yaml": "a: {{ .b }}\n"},
        "values-directory": {"values.yaml": None, "values.yaml/x": "a: 1\n"},
        "second-values-broken": {"values.yaml": "a: 1\n---\nb: [\n"},
        "second-values": {"values.yaml": "a: 1\n---\nb: 1\n"},
        "values-divider": {"values.yaml": "a: 1\n--- b\n"},
        "bom-values": {"values.yaml": "\ufeffa: 1\n"},
        "no-templates": {"templates/x.yaml": None},
        "templates-file": {"templates/x.yaml": None, "templates": "x"},
        "bad-extension": {"templates/x.md": "a"},
        "no-extension": {"templates/x": "a"},
        "extension-case": {"templates/x.YAML": ""},
        "extensions": {"templates/NOTES.txt": "a", "templates/_h.tpl": "", "templates/x.yml": TEMPLATE},
        "deep-extension": {"templates/a.yaml/x.js": ""},
        "hidden-template": {"templates/.gitkeep": ""},
        "deep-hidden-template": {"templates/a/.gitkeep": ""},
        "bad-extension-in-subchart": {"Chart.yaml": GOOD + "dependencies: [{name: d}]\n",
                                      "charts/d/Chart.yaml": chart(name="d"), "charts/d/templates/x.md": ""},
        "no-chart-yaml": {"Chart.yaml": None},
        "chart-yaml-directory": {"Chart.yaml": None, "Chart.yaml/x": ""},
        "crd": crd,
        "crd-json": {"crds/a.json": '{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition"}'},
        "crds-file": {"crds": "x"},
        "crd-version": {"crds/a.yaml": CRD.replace("apiextensions", "x")},
        "crd-version-prefix": {"crds/a.yaml": CRD.replace("k8s.io/v1", "k8s.iox")},
        "crd-kind": {"crds/a.yaml": CRD.replace("CustomR", "R")},
        "crd-kind-case": {"crds/a.yaml": CRD.replace("kind", "Kind")},
        "crd-empty-object": {"crds/a.yaml": "{}\n"},
        "crd-empty": {"crds/a.yaml": ""},
        "crd-comment": {"crds/a.yaml": "# a\n"},
        "crd-several": {"crds/a.yaml": "---\n" + CRD + "---\n# x\n---\n" + CRD},
        "crd-second-wrong": {"crds/a.yaml": CRD + "---\nkind: A\n"},
        "crd-second-broken": {"crds/a.yaml": CRD + "---\na: [\n"},
        "crd-template": {"crds/a.yaml": "a: {{ .b }}\n"},
        "crd-list": {"crds/a.yaml": "[a]\n"},
        "crd-kind-list": {"crds/a.yaml": CRD.replace(": CustomResourceDefinition", ": [a]")},
        "crd-kind-number": {"crds/a.yaml": CRD.replace(": CustomResourceDefinition", ": 5")},
        "crd-metadata-text": {"crds/a.yaml": CRD.replace("metadata:\n  name: a", "metadata: a")},
        "crd-name-list": {"crds/a.yaml": CRD.replace("name: a", "name: [a]")},
        "crd-divider": {"crds/a.yaml": CRD + "--- x\n"},
        "crd-other-file": {"crds/README.md": "x"},
        "crd-deep": {"crds/a/b.yml": "{}\n"},
        "crd-bom": {"crds/a.yaml": "\ufeff" + CRD},
        "crd-in-subchart": {"Chart.yaml": GOOD + "dependencies: [{name: d}]\n", **crd,
                            "charts/d/Chart.yaml": chart(name="d"), "charts/d/crds/b.yaml": "{}\n"},
        "crd-in-subchart-alone": {"Chart.yaml": GOOD + "dependencies: [{name: d}]\n",
                                  "charts/d/Chart.yaml": chart(name="d"), "charts/d/crds/b.yaml": "{}\n"},
        "crd-in-broken-chart": {"Chart.yaml": chart(name=None), "crds/a.yaml": "{}\n"},
        "readme": {"README.md": "x", "ci/a": "b", ".hidden": "c"},
        "ignored": {".helmignore": "templates/x.md\n", "templates/x.md": ""},
        "bad-helmignore": {".helmignore": "**\n"},
    }


def all_charts():
    """name of the case -> files of the chart."""
    cases = {f"yaml-{name}": {**BASE, "Chart.yaml": yaml} for name, yaml in metadata().items()}
    for kind, table in (("dependencies", dependencies()), ("files", files())):
        cases.update({f"{kind}-{name}": {**BASE, **extra} for name, extra in table.items()})
    return {name: {path: content for path, content in chart_files.items() if content is not None}
            for name, chart_files in cases.items()}
