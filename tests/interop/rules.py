"""Charts written for one rule of Helm each: what `helm package` and `helm push` make of them.

Every chart is called after its rule. `expect` says what must come of it:
  SAME      Helm and we accept it, with the same result
  REFUSED   both refuse it
  STRICTER  Helm accepts it, we refuse it; `why` is a part of our message
  LAXER     Helm refuses it, we accept it, as long as `why` holds
Where Helm 3 and Helm 4 differ, Helm 4 decides; `helm3` then says what Helm 3 does.
"""

import dataclasses
import io
import json
import os
import tarfile

SAME, REFUSED, STRICTER, LAXER = "same", "refused", "stricter", "laxer"
HELM3_ACCEPTS = "accepts"

BOM = b"\xef\xbb\xbf"


@dataclasses.dataclass
class Rule:
    name: str
    files: dict  # path: bytes, or str for the target of a link
    expect: str = SAME
    why: str = ""
    helm3: str = ""
    version: str = ""  # --version
    app_version: str = ""  # --app-version
    modes: dict = dataclasses.field(default_factory=dict)
    directories: tuple = ()  # empty ones

    def __str__(self):
        return self.name

    def write(self, directory, mtime):
        """Makes the chart's directory; times are set as Helm 4 takes them into its archive."""
        for name in self.directories:
            (directory / name).mkdir(parents=True)
        for path, content in self.files.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                target.symlink_to(content)
                continue
            target.write_bytes(content)
            target.chmod(self.modes.get(path, 0o644))
            os.utime(target, (mtime, mtime))


def chart_yaml(name, more="", version="1.2.3", api="v2"):
    return f"apiVersion: {api}\nname: {name}\nversion: {version}\n{more}".encode()


def yaml(name, more="", expect=SAME, **options):
    """A rule about Chart.yaml; `more` stands behind apiVersion, name and version."""
    return Rule(name, {"Chart.yaml": chart_yaml(name, more)}, expect, **options)


def whole(name, text, expect=SAME, **options):
    """A rule about Chart.yaml, the whole of which is given."""
    content = text if isinstance(text, bytes) else text.replace("NAME", name).encode()
    return Rule(name, {"Chart.yaml": content}, expect, **options)


def tree(name, files, expect=SAME, more="", api="v2", **options):
    """A rule about the files beside Chart.yaml."""
    return Rule(name, {"Chart.yaml": chart_yaml(name, more, api=api), **files}, expect, **options)


def version(name, value, expect=SAME, **options):
    """A rule about the version."""
    return Rule(name, {"Chart.yaml": chart_yaml(name, version=json.dumps(value))}, expect, **options)


def packed(name, files):
    """A .tgz of a subchart."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in {"Chart.yaml": chart_yaml(name), **files}.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


DEPENDENCY = "dependencies:\n- {name: sub, version: 1.x, repository: 'file://../sub'}\n"

ANNOTATIONS = [  # reference helm.md 1.2
    yaml("derived-annotations", """\
description: The tide
home: https://harbour.example
sources: [https://one.example, https://two.example]
maintainers:
- {name: Ann, email: a@x.example}
- {email: b@x.example}
- {name: Bob, url: https://bob.example}
"""),
    yaml("one-maintainer-with-url-only", "maintainers: [{url: https://x.example}]\n"),
    yaml("two-maintainers-with-url-only", "maintainers: [{url: https://x}, {url: https://y}]\n"),
    yaml("blank-values-give-no-annotation", "description: '  '\nhome: \"\\t\"\nsources: [' ', b]\n"),
    yaml("values-keep-their-blanks", "description: '  two  '\n"),
    yaml("title-and-version-stay", """\
annotations:
  org.opencontainers.image.title: other
  org.opencontainers.image.version: 9.9.9
"""),
    yaml("other-keys-are-replaced", """\
description: derived
home: https://derived.example
annotations:
  org.opencontainers.image.description: written
  org.opencontainers.image.url: https://written.example
  org.opencontainers.image.created: "1999-09-09T09:09:09Z"
  org.opencontainers.image.authors: ""
"""),
    yaml("empty-annotation-is-kept", "annotations: {empty: '', none: ~, sorted: b, a: z}\n"),
]

CONFIG = [  # 1.4
    yaml("every-field", """\
home: https://h.example
sources: [s]
description: d
keywords: [k]
maintainers: [{name: m, email: e, url: u}]
icon: https://i.example/i.png
condition: c.enabled
tags: t
appVersion: "2"
deprecated: true
annotations: {a: b}
kubeVersion: ">= 1.20"
type: library
"""),
    yaml("go-escapes", r'annotations: {q: "\"\\ \b\f\n\r\t\x01\x1f <>& \u2028\u2029 é 😀"}' + "\n"),
    yaml("delete-in-an-annotation", 'annotations: {a: "\\x7f"}\n', REFUSED),
    yaml("c1-in-an-annotation", 'annotations: {a: "\\x9f"}\n', REFUSED),
    yaml("nel-in-an-annotation", 'annotations: {a: "b\\x85c"}\n', STRICTER,  # Helm makes it a blank
         why="which Helm cannot write into a package"),
    yaml("merge-as-a-key", "annotations: {'<<': a}\n", STRICTER,  # Helm cannot push its own package
         why="which Helm cannot write into a package"),
    yaml("annotation-key-as-long-as-it-gets", f"annotations:\n  ? {'k' * 1022}\n  : v\n"),
    yaml("annotation-key-too-long", f"annotations:\n  ? {'k' * 1023}\n  : v\n", REFUSED),
    yaml("annotation-key-of-escapes", f"annotations:\n  ? {'<' * 170}\n  : v\n"),
    yaml("annotation-key-of-too-many-escapes", f"annotations:\n  ? {'<' * 171}\n  : v\n", REFUSED),
    yaml("empty-maintainer-map", "maintainers: [{}]\n"),
    yaml("unknown-fields-vanish", "engine: gotpl\nx: {y: [1, ~]}\n"),
    yaml("false-is-left-out", "deprecated: false\n"),
    whole("no-api-version-is-v1", "name: NAME\nversion: 1.2.3\n"),
    whole("empty-api-version-is-v1", "apiVersion: ''\nname: NAME\nversion: 1.2.3\n"),
]

YAML = [  # 1.5
    whole("version-as-float", "apiVersion: v2\nname: NAME\nversion: 1.10\n"),
    whole("version-as-octal", "apiVersion: v2\nname: NAME\nversion: 010\n"),
    yaml("booleans-of-1-1", "keywords: [y, Y, yes, on, True, n, No, OFF, off, false, yEs]\n"),
    yaml("nulls", "keywords: [~, null, Null, NULL, '', nUll]\n"),
    yaml("integers",
         "keywords: [010, 0o17, 0x1F, 0b101, 089, +12, 1_000, -0x1, 9223372036854775808]\n"),
    yaml("floats-in-single-precision",
         "keywords: [1.10, 1.0, 1234567.5, 20230101.1, 3.14159265358979, 0.00001, 1e39]\n"),
    yaml("not-a-number-as-text", "keywords: [.nan]\n", REFUSED, helm3=HELM3_ACCEPTS),
    yaml("timestamps-are-text", "keywords: [2024-01-02, 2024-01-02T03:04:05Z]\n"),
    yaml("no-base-60", "keywords: [12:30:45, 1:20]\n"),
    yaml("quoted-stays-text", "keywords: ['1.10', \"yes\", !!str 010, |-\n  1e3\n]\n", REFUSED),
    yaml("tagged-stays-text", "keywords:\n- '1.10'\n- \"yes\"\n- !!str 010\n- |-\n  1e3\n"),
    yaml("annotation-keys", "annotations: {1.50: a, y: b, 0x10: c}\n"),
    yaml("null-key", "annotations: {~: a}\n", REFUSED),
    yaml("infinity-under-an-unknown-key", "x: [.inf]\n", REFUSED),
    yaml("wrong-kinds-name", "home: [a]\n", REFUSED),
    yaml("wrong-kinds-list", "keywords: foo\n", REFUSED),
    yaml("wrong-kinds-bool", "deprecated: 'true'\n", REFUSED),
    yaml("wrong-kinds-annotation", "annotations: {a: {b: c}}\n", REFUSED),
    yaml("wrong-kinds-tags", "tags: [a]\n", REFUSED),
    whole("letter-case", "APIVERSION: v2\nName: NAME\nname: NAME\nVERSION: 1.2.3\nHome: h\nHOME: H\n"),
    yaml("duplicate-keys", "description: one\ndescription: two\n"),
    yaml("merges-and-anchors", """\
x: &x {name: Ann, email: a@x}
maintainers:
- <<: *x
  name: Bob
- *x
- <<: [*x, {url: u}]
"""),
    yaml("alias-inside-its-target", "x: &x [*x]\n", REFUSED),
    yaml("binary", "description: !!binary aGVsbG8=\nhome: !!binary /w==\n"),
    yaml("later-documents", "---\nname: [\n"),
    yaml("text-behind-the-end", "...\nname: [\n"),
    whole("after-a-flow-map", "{apiVersion: v2, name: NAME, version: 1.2.3}\nhome: [\n"),
    whole("directive-1-1", "%YAML 1.1\n---\napiVersion: v2\nname: NAME\nversion: 1.2.3\n"),
    whole("directive-1-2", "%YAML 1.2\n---\napiVersion: v2\nname: NAME\nversion: 1.2.3\n", REFUSED),
    whole("utf-16",
          "\ufeffapiVersion: v2\nname: utf-16\nversion: 1.2.3\nhome: ä😀\n".encode("utf-16-be")),
    whole("byte-order-mark", BOM + b"apiVersion: v2\nname: byte-order-mark\nversion: 1.2.3\n"),
    whole("bad-utf-8", b"apiVersion: v2\nname: bad-utf-8\nversion: 1.2.3\nhome: \xff\n", REFUSED),
    yaml("control-character", "home: a\x7f\n", REFUSED),
    whole("nel-is-a-line-break", "apiVersion: v2\x85name: NAME\x85version: 1.2.3\u2028home: h\n"),
    yaml("tab-as-indentation", "annotations:\n\ta: b\n", REFUSED),
    whole("not-a-map", "- a\n", REFUSED),
    whole("empty-file", "", REFUSED),
]

FILES = [  # 3.2
    tree("common-files", {
        "values.yaml": b"a: 1 # kept\n", "values.schema.json": b'{"type": "object"}',
        "templates/deployment.yaml": b"kind: {{ .Values.a }}\n", "templates/_helpers.tpl": b"",
        "templates/NOTES.txt": b"hi", "crds/x.yaml": b"kind: CustomResourceDefinition\n",
        "ci/values.yaml": b"{}", "README.md": b"# x\n", "LICENSE": b"", "a/b/c/d.bin": bytes(range(256))}),
    tree("dotfiles-are-kept", {".hidden": b"x", ".d/x": b"y", "templates/sub/.hid": b"z"}),
    tree("dotfiles-of-templates-are-dropped", {"templates/.x.swp": b"x", "templates/.d/y": b"y",
                                               "templates/a.yaml": b""}),
    tree("empty-directories-vanish", {}, directories=("empty", "templates")),
    tree("executables-lose-their-bits", {"run.sh": b"#!/bin/sh\n"}, modes={"run.sh": 0o755}),
    tree("byte-order-marks-vanish", {"values.yaml": BOM + b"a: 1\n", "x.bin": BOM + BOM + b"\x00",
                                     "templates/a.yaml": BOM}),
    tree("names-of-any-script",
         {"files/grüße 港.txt": b"x", "files/a b": b"", "files/" + "n" * 120: b"long"}),
    tree("order-of-files", {"a/x": b"1", "a.txt": b"2", "A": b"3", "a-": b"4", "templates/b/c": b"",
                            "templates/b.yaml": b""}),
    tree("subchart-as-a-directory", {"charts/sub/Chart.yaml": chart_yaml("sub"),
                                     "charts/sub/values.yaml": b"s: 1\n",
                                     "charts/sub/templates/x.yaml": b"x"}, more=DEPENDENCY),
    tree("subcharts-in-subcharts", {"charts/sub/Chart.yaml": chart_yaml("sub"),
                                    "charts/sub/charts/deep/Chart.yaml": chart_yaml("deep"),
                                    "charts/sub/charts/deep/x": b"x"}),
    tree("hidden-places-for-subcharts", {"charts/_ignored/x": b"", "charts/.hidden/y": b"",
                                         "charts/_f": b"", "charts/sub/Chart.yaml": chart_yaml("sub")}),
    tree("provenance-below-charts", {"charts/sub-1.tgz.prov": b"p"}),
    tree("loose-file-in-charts", {"charts/README.md": b"x"}, REFUSED),
    tree("subchart-without-chart-yaml", {"charts/sub/values.yaml": b"{}\n"}, REFUSED),
    tree("bad-subchart", {"charts/sub/Chart.yaml": b"version: 1.2.3\n"}, REFUSED),
    tree("missing-dependency", {}, REFUSED, more=DEPENDENCY),
    tree("subchart-that-is-called-otherwise",
         {"charts/directory/Chart.yaml": chart_yaml("sub")}, more=DEPENDENCY),
    tree("link-beneath-the-chart", {"real/x": b"x", "link": "real/x"}),
    tree("link-to-a-directory", {"real/x": b"x", "link": "real"}),
    tree("broken-link", {"link": "nowhere"}, REFUSED),
    tree("helmignore", {".helmignore": b"*.md\n", "README.md": b"x"}),
    tree("helmignore-negation", {".helmignore": b"!Chart.yaml\n", "x": b"x"}),
    tree("helmignore-double-star", {".helmignore": b"**/x\n"}, REFUSED),
    tree("archive-below-charts", {"charts/sub-1.2.3.tgz": packed("sub", {"x": b"x"})}),
    tree("requirements-of-v1", {"requirements.yaml": DEPENDENCY.encode(),
                                "charts/sub/Chart.yaml": chart_yaml("sub")}, api="v1"),
    tree("requirements-with-bad-api-version", {"requirements.yaml": b'apiVersion: "v\\x7f"\n'},
         REFUSED, api="v1"),
    tree("requirements-of-v2", {"requirements.yaml": DEPENDENCY.encode(),
                                "charts/sub/Chart.yaml": chart_yaml("sub")}),
    tree("v1-loses-dependencies-and-lock", {
        "charts/sub/Chart.yaml": chart_yaml("sub"),
        "Chart.lock": b"dependencies: []\ngenerated: '2024-01-02T03:04:05Z'\n"}, more=DEPENDENCY, api="v1"),
    tree("v2-keeps-its-lock", {
        "charts/sub/Chart.yaml": chart_yaml("sub"),
        "Chart.lock": b"# c\ngenerated: '2024-01-02T03:04:05.000000006+02:00'\ndigest: sha256:00\n"
                      b"dependencies:\n- {repository: r, name: sub, version: 1.2.3}\n"}, more=DEPENDENCY),
    tree("null-lock", {"Chart.lock": b"~\n"}),
    tree("bad-lock", {"Chart.lock": b"generated: [\n"}, REFUSED),
    tree("values-that-are-no-map", {"values.yaml": b"- a\n"}, REFUSED),
    tree("values-that-are-null", {"values.yaml": b"# nothing\n"}),
    tree("values-in-two-documents", {"values.yaml": b"a: 1\n---\na: 2\nb: 3\n"}),
    tree("schema-that-is-no-json", {"values.schema.json": b"{"}, REFUSED),
    tree("file-of-5-mib", {"big": bytes(5242880)}),
    tree("file-of-5-mib-and-one", {"big": bytes(5242881)}, REFUSED),
    tree("version-and-app-version", {}, version="9.8.7-rc.1+b", app_version="1.10"),
    tree("bad-version-given", {}, REFUSED, version="nine"),
    tree("chart-yaml-elsewhere", {}, REFUSED),
]
FILES[-1].files = {"sub/Chart.yaml": chart_yaml("chart-yaml-elsewhere")}

VALIDATION = [  # 4.1
    whole("name-is-required", "apiVersion: v2\nversion: 1.2.3\n", REFUSED),
    whole("name-is-a-dot", "apiVersion: v2\nname: .\nversion: 1.2.3\n", REFUSED),
    whole("name-becomes-two-dots", 'apiVersion: v2\nname: "\\u200b.."\nversion: 1.2.3\n', REFUSED),
    whole("name-is-a-path", "apiVersion: v2\nname: a/b\nversion: 1.2.3\n", REFUSED),
    whole("version-is-required", "apiVersion: v2\nname: NAME\n", REFUSED),
    yaml("type-is-unknown", "type: Application\n", REFUSED),
    yaml("null-maintainer", "maintainers: [~]\n", REFUSED),
    yaml("null-dependency", "dependencies: [~]\n", REFUSED),
    yaml("bad-alias", "dependencies: [{name: a, alias: a.b}]\n", REFUSED),
    yaml("alias-twice", "dependencies: [{name: a, alias: x}, {name: b, alias: x}]\n", REFUSED),
    yaml("api-version-3", "", REFUSED, helm3=HELM3_ACCEPTS),
    yaml("api-version-9", "", REFUSED, helm3=HELM3_ACCEPTS),
    # 1.6: Helm packages these; nobody could push them.
    whole("name-in-capitals", "apiVersion: v2\nname: PK\nversion: 1.2.3\n", STRICTER, why="a registry takes"),
    whole("name-with-two-dots", "apiVersion: v2\nname: a..b\nversion: 1.2.3\n", STRICTER,
          why="a registry takes"),
    version("tag-of-129-characters", "1.2.3-" + "a" * 123, STRICTER, why="tag"),
]
for rule in VALIDATION:
    if rule.name.startswith("api-version-"):
        rule.files["Chart.yaml"] = chart_yaml(rule.name, api="v" + rule.name[-1])

SANITISING = [  # 4.2
    yaml("white-space-becomes-blanks", 'description: "a\\tb\\nc\\xa0d\\u3000e\\u2028f\\x85g"\n'),
    yaml("invisible-characters-vanish", 'description: "a\\u200db\\u00adc\\ufeffd\\ue000e\\u0378f\\x07g"\n'),
    yaml("block-text-ends-in-a-blank", "description: |\n  one\n  two\n"),
    yaml("sanitised-everywhere", """\
keywords: ["a\\u200b"]
sources: ["b\\u200b"]
maintainers: [{name: "c\\u200b", email: "d\\n", url: "e\\t"}]
condition: "f\\u200b"
kubeVersion: "g\\u200b"
"""),
    yaml("not-sanitised", 'annotations: {"k\\u200b": "v\\u200b\\n"}\n'),
    yaml("later-than-unicode-15", "description: \"\\U0001FAE9 \\U0001FAE8 \\U00031350 \\U0002EBF0\"\n"),
]

VERSIONS = [  # 4.3
    version("version-of-one-number", "1"),
    version("version-of-two-numbers", "1.2"),
    version("version-with-a-v", "v1.2.3"),
    version("version-with-leading-zeros", "01.2.3"),
    version("version-pre-release", "1-a"),
    version("version-with-a-build", "1.2.3+01.b-7"),
    version("version-capital-v", "V1", REFUSED),
    version("version-of-four-numbers", "1.2.3.4", REFUSED),
    version("version-with-an-empty-part", "1.2.3-", REFUSED),
    version("version-with-an-underscore", "1.2.3-a_b", REFUSED),
    version("version-pre-release-zero", "1.2.3-01", REFUSED),
    version("version-with-a-blank", "1.2.3 ", REFUSED),
    version("version-range", "1.x", REFUSED),
    version("version-beyond-64-bits", "18446744073709551616.0.0", REFUSED),
    version("version-of-64-bits", "18446744073709551615.0.0"),
    version("version-of-257-characters", "1.2.3-" + "a" * 251, REFUSED),
]

RULES = ANNOTATIONS + CONFIG + YAML + FILES + VALIDATION + SANITISING + VERSIONS
