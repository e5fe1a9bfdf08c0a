"""Random Chart.yaml files: a typed grammar that knows the fields of a chart and the styles of YAML.

Most of what it makes is meant to load, because only what loads shows how it was read; each detail
has a small chance of being odd, and a few files are broken on purpose.
"""

import dataclasses

WORDS = ["web", "harbour", "pegel-2", "a", "x1", "böe", "nginx", "a b", "db.internal", "v", "the tide"]

NUMBERS = [
    "0", "1", "-1", "+12", "00", "07", "010", "-010", "089", "0o17", "0O17", "0x1F", "0X1f", "-0x1",
    "0b101", "0B11", "-0b101", "0b-1", "0b+1", "0b2", "0b", "0x", "0o", "0xg", "1_000", "_1", "1_",
    "0_7", "1__0", "-_1", "12e3", "1e3", "1E3", "1e-3", "1e+3", ".5", "-.5", "+.5", "5.", "1.",
    "1.10", "1.0", "0.1", "-0.0", "-0", "+0", "1234567.5", "20230101.1", "3.14159265358979",
    "0.00001", "0.0001", "123456", "1234567", "1e21", "1e20", "1e22", "1e-6", "1e-7", "1e308",
    "1e309", "-1e309", "1e-400", "1e39", "3.4028236e38", "1e-46", "4.9e-324", "16777217",
    "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "0x7fffffffffffffff",
    "0xffffffffffffffff", "0x10000000000000000", "1.2.3", "12:30:45", "1:20", "190:20:30",
    "2024-01-02", "2024-01-02T03:04:05Z", "2001-12-14 21:59:43.10 -5", "1,000", "685.230_15e+03",
    "6.8523015e+5", ".inf", "-.inf", "+.inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", "+.nan",
    "inf", "nan", "Infinity", "1.5e", "e1", "1e1.5", "--1", "+-1", "1-", "- 1", "0.1e-1_0", "._5",
    "1_.5", "0x1p4", "0x1.8p1", "0x_1", "1.7976931348623157e308", "2.2250738585072014e-308",
    "33554431.999999996", "0.30000001192092896", "8388608.5", "99999.95", "999999.5", "1e5", "1e6"]

SPECIALS = [
    "true", "True", "TRUE", "tRue", "false", "False", "FALSE", "yes", "Yes", "YES", "yEs", "no", "No",
    "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N", "null", "Null", "NULL", "nUll",
    "~", "", "<<", "=", "-", "?", ":", ".", "..", "...", "---", "~a", "null ", "!", "nil", "None"]

CHARACTERS = [
    "\u00e9", "\u00df", "\u4e2d", "\U0001f600", "\U0001f468\u200d\U0001f469", "\u200b", "\u200d",
    "\u200e", "\u202e", "\u2028", "\u2029", "\u0085", "\u00a0", "\u1680", "\u2003", "\u202f", "\u205f",
    "\u3000", "\u00ad", "\ufeff", "\ufffd", "\ufe0f", "\ue000", "\U000f0000", "\U0010fffd", "\u0378",
    "\U0001faf9", "\U00031350", "\U0001fae9", "\u061c", "\u0600", "\u0300", "\u05d0", "\u0644",
    "\ufffe", "\uffff", "\U0001ffff", "\ufdd0", "\u180e", "\u2060", "\U000e0001", "\u0130", "\u212a",
    "\u017f", "\x7f", "\x80", "\x9f", "\x1b", "\x00", "\x01", "\x07", "\x0b", "\x0c", "\t"]

PUNCTUATION = [
    ": ", " #", "#", ":", "- ", "? ", "?", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'",
    '"', "%", "@", "`", "\\", "/", "<", ">", "&amp;", "=", "~", "$", " ", "  ", "a:b", "a#b", "::",
    "//", "?x", ":x", "-x", "{}", "[]", "''", '""', "a: b", "k: v", "<<: x", "...", "---"]

ESCAPES = [
    "\\0", "\\a", "\\b", "\\t", "\\n", "\\v", "\\f", "\\r", "\\e", "\\ ", '\\"', "\\/", "\\\\", "\\N",
    "\\_", "\\L", "\\P", "\\x41", "\\x00", "\\x7f", "\\x85", "\\xff", "\\u00e9", "\\u200B", "\\u2028",
    "\\ufeff", "\\uD800", "\\ud83d\\ude00", "\\uFFFF", "\\u0000", "\\U0001F600", "\\U00110000",
    "\\U0010FFFF", "\\UD800DFFF", "\\x4", "\\u12", "\\'", "\\q", "\\1", "\\\t", "\\z"]

TAGS = [
    "!!str", "!!int", "!!float", "!!bool", "!!null", "!!binary", "!!timestamp", "!!seq", "!!map",
    "!!set", "!!omap", "!!merge", "!", "!custom", "!<tag:yaml.org,2002:str>", "!<x>", "!e!x",
    "!!python/name:x", "!a%41", "!!", "!%21", "!<!>", "!!Str"]

# What a scanner has to tell apart, in the smallest pieces.
TOKENS = [
    "a", "b", "1", " ", "  ", "\n", "\n ", "\n  ", "\t", ":", ": ", " :", "?", "? ", "-", "- ", ",", ", ",
    "[", "]", "{", "}", "'", '"', "|", ">", "|-\n  ", ">+\n   ", "#", " #", "&a ", "&b ", "*a ", "*a", "*b ",
    "!", "!!", "!x ", "!!str ", "!!int ", "!<y> ", "!!map ", "!!null", "%", "@", "`", "\\", "\\n", "\\/",
    "\\'", "\\x41", "<<: ", "<<", "~", "null", "yes", ".5", "1e3", "0x", "---", "\n---\n", "\n--- ", "...",
    "\n...\n", "\u00e9", "\ufeff", "\u2028", "\x85", "\r", "\r\n", "\n# c\n", "\n%YAML 1.1\n", "=", "~:",
    "[]", "{}", "a: b", "\na: ", "\nb:\n", "- - ", "? ? ", ": : ", "''", '""', '"\n"', "'\n'", "\n\n"]

BREAKS = ["\r\n", "\r", "\u0085", "\u2028", "\u2029"]

TEXT, BOOL, TEXTS, TEXT_MAP, ANYTHING = "text", "bool", "texts", "text map", "anything"

MAINTAINER = {"name": TEXT, "email": TEXT, "url": TEXT}

DEPENDENCY = {
    "name": TEXT, "version": TEXT, "repository": TEXT, "condition": TEXT, "tags": TEXTS,
    "enabled": BOOL, "import-values": ANYTHING, "alias": TEXT}

CHART = {
    "home": TEXT, "sources": TEXTS, "description": TEXT, "keywords": TEXTS,
    "maintainers": MAINTAINER, "icon": TEXT, "apiVersion": TEXT, "condition": TEXT, "tags": TEXT,
    "appVersion": TEXT, "deprecated": BOOL, "annotations": TEXT_MAP, "kubeVersion": TEXT,
    "dependencies": DEPENDENCY, "type": TEXT, "x-unknown": ANYTHING}

CREATED = "org.opencontainers.image.created"


@dataclasses.dataclass
class Node:
    """What is in it: str for a scalar, a list of nodes, or a list of pairs of nodes for a map."""

    content: object
    style: str = ""  # of a scalar; for others "flow" or "block"
    is_map: bool = False

    @property
    def kind(self):
        return "map" if self.is_map else "scalar" if isinstance(self.content, str) else "list"


class Grammar:
    """Makes one file after another from a random.Random; `real` are files to mutate.

    `packaged` leaves out what no chart can have that is one file in a directory: dependencies.
    """

    def __init__(self, random, real=(), packaged=False):
        self.random = random
        self.real = list(real)
        self.fields = {name: kind for name, kind in CHART.items()
                       if not packaged or kind is not DEPENDENCY}

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, items):
        return self.random.choice(items)

    def chart_yaml(self):
        """One Chart.yaml, as bytes."""
        self.anchors = []  # (name, kind of node), as they appear
        self.alias_count = 0
        self.oddity = self.pick([0, 0.003, 0.01, 0.03, 0.1])
        if self.real and self.chance(0.1):
            text = self.pick(self.real).decode()
        elif self.chance(0.25):
            return self.soup().encode()
        elif self.chance(0.05):
            return self.stress().encode()
        else:
            text = self.document()
        if self.chance(0.25):
            text = self.mutated(text)
        return self.encoded(text)

    def stress(self):
        """Much of one thing, around the limits of YAML, of Helm and of ours."""
        count = self.pick([1, 10, 60, 70, 300, 1100])
        return "name: x\nversion: 1\n" + self.pick([
            lambda: "k: " + "[" * count + "]" * count,
            lambda: "k: " + "{a: " * count + "}" * count,
            lambda: "k:" + "".join("\n" + " " * n + "a:" for n in range(1, min(count, 300))),
            lambda: "k: " + "- " * count,
            lambda: "k:\n" + "- " * count + "a",
            lambda: "a" * count + self.pick([": b", " : b", "  :\n  b"]),
            lambda: "'" + "a" * (count - 1) + "': b",
            lambda: "? " + "a" * count + "\n: b",
            lambda: "annotations: {" + "".join(f"k{n % 700}: v{n}, " for n in range(count)) + "}",
            lambda: "keywords:\n" + "".join(f"- k{n}\n" for n in range(count)),
            lambda: "description: >\n" + "  word word\n" * count,
            lambda: 'description: "' + "x\\\n  " * count + '"',
            lambda: "home: " + "\n" * count + " x",
            lambda: "k: &a [b]\nl: [" + "*a, " * count + "]",
            lambda: "k0: &k0 [a, a]\n" + "".join(
                f"k{n}: &k{n} [*k{n - 1}, *k{n - 1}]\n" for n in range(1, min(count, 20))),
            lambda: "k: &k {a: b}\nl:\n" + "  <<: *k\n" * count,
            lambda: "version: 1." + "1" * min(count, 300),
            lambda: "# " + "c" * count + "\nhome: é",
            lambda: "...\n" + " " * count + "\xff\x01",
        ])() + "\n"

    def soup(self):
        """Tokens in any order, beside what a chart needs."""
        tokens = "".join(self.pick(TOKENS) for _ in range(self.random.randint(1, 9)))
        before, behind = self.pick([
            ("name: x\nversion: 1\n", ""), ("name: x\nversion: 1\nhome: ", ""),
            ("name: x\nversion: 1\nk: ", ""), ("name: x\nversion: 1\nkeywords: ", ""),
            ("name: x\nversion: 1\nkeywords: [", "]"), ("name: x\nversion: 1\nannotations: {", "}"),
            ("name: x\nversion: 1\nannotations:\n  ", "\n"), ("name: x\nversion: 1\nhome: \"", '"\n'),
            ("name: x\nversion: 1\nhome: '", "'\n"), ("name: x\nversion: 1\nhome: |", "\n"),
            ("name: x\nversion: 1\nhome: a", "\n"), ("name: x\nversion: 1\nk:\n- ", "\n"),
            ("", "\nname: x\nversion: 1\n"), ("", "name: x\nversion: 1\n"), ("{name: x, version: 1", "}"),
            ("{", "name: x, version: 1}"), ("name: x\n", "\nversion: 1\n"), ("name: x\nversion: 1", "")])
        return before + tokens + behind

    # Values.

    def odd(self):
        return self.chance(self.oddity)

    def text(self):
        """Content of a scalar."""
        parts = [self.pick(WORDS)]
        while self.chance(0.45):
            pool = self.random.choices(
                [WORDS, CHARACTERS, PUNCTUATION, NUMBERS, ["\n", "\n\n", "\n ", " \n", "\n\t"]],
                [4, 1, 2, 1, 1])[0]
            parts.append(self.pick(pool))
        if self.chance(0.1):
            self.random.shuffle(parts)
        if self.chance(0.02):
            parts *= self.random.randint(10, 400)
        return self.pick(["", "", " "]).join(parts)

    def scalar(self, content=None):
        if content is None:
            content = self.random.choices(
                [self.pick(WORDS), self.text(), self.pick(NUMBERS), self.pick(SPECIALS)],
                [3, 4, 2, 1])[0]
        styles = ["plain", "single", "double", "literal", "folded", "raw"]
        return Node(content, self.random.choices(styles, [8, 3, 4, 2, 2, self.oddity])[0])

    def fixed(self, *contents):
        """One of these, spelt in any style that does not change it."""
        content = self.pick(contents)
        if self.odd():
            return self.scalar(content)
        return Node(content, self.pick(["plain", "plain", "single", "double", "stripped"]))

    def name(self):
        return self.fixed("web", "harbour-2", "a.b", "x_y", "0", "a1", "true", "yes", "1.5")

    def version(self):
        if self.chance(0.2):
            return Node(self.pick(["1e2", "0x10", "1_0", "010", "1.10", "2.0", "1.0e0", "+1"]), "raw")
        return self.fixed("1.2.3", "v1.2.3", "0.1.0-rc.1+b.7", "1", "1.10", "01.2", "1.2.3+01")

    def anything(self, depth=0):
        roll = self.random.random()
        if roll < 0.5 or depth > 3:
            return self.scalar()
        if roll < 0.75:
            return self.listing([self.anything(depth + 1) for _ in range(self.random.randint(0, 3))])
        return self.mapping([(self.scalar(), self.anything(depth + 1))
                             for _ in range(self.random.randint(0, 3))])

    def listing(self, items):
        return Node(items, self.pick(["block", "block", "flow"]))

    def mapping(self, pairs):
        if pairs and self.chance(0.03):
            pairs.append((self.pick(pairs)[0], self.scalar()))
        return Node(pairs, self.pick(["block", "block", "block", "flow"]), is_map=True)

    def value(self, kind):
        if self.odd():
            return self.anything()
        if self.chance(0.02):
            return Node(self.pick(["", "~", "null"]), "raw")
        if isinstance(kind, dict):
            return self.listing([self.mapping(self.pairs(kind, 0.4))
                                 for _ in range(self.random.randint(0, 3))])
        if kind == TEXTS:
            return self.listing([self.scalar() for _ in range(self.random.randint(0, 3))])
        if kind == TEXT_MAP:
            return self.mapping([(self.annotation_key(), self.scalar())
                                 for _ in range(self.random.randint(0, 4))])
        if kind == BOOL:
            return Node(self.pick(["true", "false", "yes", "Off", "n", "!!bool on"]), "raw")
        if kind == ANYTHING:
            return self.listing([self.anything(1) for _ in range(self.random.randint(0, 3))])
        return self.scalar()

    def annotation_key(self):
        image = "org.opencontainers.image."
        if self.chance(0.2):
            return Node(image + self.pick(["title", "version", "created", "url", "source", "authors"]),
                        "plain")
        return self.scalar()

    def pairs(self, fields, share):
        pairs = [(self.key(name), self.field_value(name, kind)) for name, kind in fields.items()
                 if self.chance(share)]
        if self.chance(0.3):
            self.random.shuffle(pairs)
        return pairs

    def field_value(self, name, kind):
        if name == "type" and not self.odd():
            return self.fixed("application", "library")
        if name == "apiVersion" and not self.odd():
            return self.fixed("v1", "v2")
        if name == "alias" and not self.odd():
            self.alias_count += 1
            return self.fixed(*(f"{start}{self.alias_count}" for start in ("a", "b-", "1_")))
        return self.value(kind)

    def key(self, name):
        roll = self.random.random()
        if roll < 0.02:
            name = self.pick([name.upper(), name.capitalize(), name.swapcase(),
                              name.replace("s", "\u017f"), name.replace("k", "\u212a")])
        if roll > 0.97:
            return Node(name, self.pick(["single", "double"]))
        return Node(name, "plain")

    # Text.

    def document(self):
        pairs = [(self.key("name"), self.name()), (self.key("version"), self.version())]
        pairs += self.pairs(self.fields, self.pick([0.1, 0.3, 0.6]))
        if self.chance(0.5):
            self.random.shuffle(pairs)
        root = Node(pairs, "flow" if self.chance(0.1) else "block", is_map=True)
        text = self.block(root, -1).lstrip("\n ")
        if not text.endswith("\n") and not self.chance(0.05):
            text += "\n"
        return self.prologue() + text + self.epilogue()

    def prologue(self):
        return self.random.choices(
            ["", "---\n", "--- \n", "# a comment\n", "\n\n", "%YAML 1.1\n---\n", "%YAML 1.2\n---\n",
             "%TAG !e! tag:yaml.org,2002:\n---\n", "%FOO bar\n---\n", "---\n# c\n", "--- # c\n",
             "\ufeff", "# c\n\ufeff", "...\n", "---\n---\n", "--- !!map\n", "--- &root\n", "%YAML 1.1\n",
             "%YAML 1.10\n---\n", "%YAML 01.1\n---\n", " ", "\t\n", "%YAML 1.1\n%YAML 1.1\n---\n",
             "%YAML 1.1 # c\n---\n", "---\t\n", "#\n---"],
            [150] + [1] * 25)[0]

    def epilogue(self):
        return self.random.choices(
            ["", "# end\n", "...\n", "---\n", "...\nname: z\n", "---\nname: z\n", "--- [\n", "... x\n",
             "... # c\n", "...\n%YAML 1.2\n---\n", "---x\n", "\n\n\n", "  \n", "\t\n", " # c", "]\n", "}\n",
             "...x\n", "\ufeff", "---\n[", "...\n[", "\x00", "*a\n", "- a\n", "\u2028"],
            [150] + [1] * 24)[0]

    def dressed(self, node, write):
        """What write() gives for the node, behind an anchor and a tag, or an alias in its place."""
        wanted = [name for name, kind in self.anchors if kind == node.kind or self.odd()]
        if wanted and (node.kind == "scalar" or self.odd()) and self.chance(0.04):
            return "*" + self.pick(wanted) + self.pick([" ", " ", ""])
        parts = []
        anchor = None
        if self.chance(0.05):
            anchor = (self.pick(["a", "_", "ü", "1-"]) if self.odd() else f"a{len(self.anchors)}",
                      node.kind)
            parts.append("&" + anchor[0])
        if self.chance(0.03):
            harmless = {"scalar": ["!!str", "!", "!custom", "!<x>"], "map": ["!!map", "!x"],
                        "list": ["!!seq", "!y"]}[node.kind]
            parts.append(self.pick(TAGS if self.odd() else harmless))
        elif node.kind == "scalar" and self.chance(0.01):
            parts.append("!!binary")
            node = Node(self.pick(["aGVsbG8=", "/w==", "4oKs", "aGVs bG8=", "a", "AAAA", "wqA="]), "plain")
        self.random.shuffle(parts)
        if anchor and self.odd():
            self.anchors.append(anchor)  # an alias inside its own target
        text = write(node)
        if anchor:
            self.anchors.append(anchor)
        blank = self.pick([" ", " ", "  "])
        properties = blank.join(parts)
        return properties + (blank if parts and not text.startswith("\n") else "") + text

    def block(self, node, indent):
        """The node as it stands behind "key:" or "-", whose own indentation is given."""
        text = self.dressed(node, lambda node: self.bare_block(node, indent))
        return text if text.startswith("\n") else self.pick([" ", " ", " ", "  "]) + text

    def bare_block(self, node, indent):
        if node.kind == "scalar":
            return self.scalar_text(node, indent, False)
        if not node.content or node.style == "flow":
            return self.flow_collection(node, indent)
        step = self.random.randint(1, 4) if self.chance(0.2) else 2
        if not node.is_map:
            inner = max(indent, 0) + (0 if self.chance(0.4) else step)
            return "".join(
                self.line(inner) + "-" + self.item(item, inner) for item in node.content)
        inner = 0 if indent < 0 else indent + step
        text = "".join(
            self.line(inner) + self.member(key, value, inner) for key, value in node.content)
        maps = [name for name, kind in self.anchors if kind == "map" or self.odd()]
        if maps and self.chance(0.2):
            one, other = self.pick(maps), self.pick(maps)
            merge = self.pick([f"<<: *{one}", f"<<: [*{one}, *{other}]", f"<<: [*{one}, {{a: b}}]",
                               "<<: {name: z}", f"'<<': *{one}", f"!!merge <<: *{one}"])
            text = self.pick([text + "\n" + " " * inner + merge, "\n" + " " * inner + merge + text])
        return text

    def item(self, node, indent):
        """A list's item; a map or list may begin behind the dash."""
        text = self.block(node, indent)
        head = text[:len(text) - len(text.lstrip("\n "))]
        column = len(head.rpartition("\n")[2])
        if head.count("\n") == 1 and column > indent + 1 and self.chance(0.9):
            return " " * (column - indent - 1) + text[len(head):]
        return text

    def member(self, key, value, indent):
        if key.kind != "scalar" or self.chance(0.01):
            return "?" + self.block(key, indent) + self.line(indent) + ":" + self.block(value, indent)
        text = self.dressed(key, lambda key: self.scalar_text(key, indent, True))
        gap = " " if self.chance(0.02) else ""
        return text + gap + ":" + self.block(value, indent)

    def line(self, indent):
        """A line break with what may stand before the next line's content."""
        gap = "\n"
        if self.chance(0.02):
            gap = self.pick([" # comment\n", "\n\n", " \n", "\n# c: [\n", "\n   # c\n", "\t\n", "\n\t\n"])
        if self.odd() and self.chance(0.3):
            return gap + self.pick([" " * (indent + 1), "\t" + " " * indent, " " * indent + "\t"])
        return gap + " " * indent

    def flow(self, node, indent):
        return self.dressed(node, lambda node: self.bare_flow(node, indent))

    def bare_flow(self, node, indent):
        if node.kind == "scalar":
            return self.scalar_text(node, indent, True)
        return self.flow_collection(node, indent)

    def flow_collection(self, node, indent):
        parts = []
        for entry in node.content:
            if node.is_map and not (self.odd() and self.chance(0.5)):
                joint = self.pick([": ", ": ", ": ", " : ", ":", ":  "] if self.odd() else [": "])
                mark = "? " if self.odd() else ""
                parts.append(mark + self.flow(entry[0], indent) + joint + self.flow(entry[1], indent))
            else:
                parts.append(self.flow(entry[0] if node.is_map else entry, indent))
        comma = self.pick([", ", ", ", ",", " , ", ",\n" + " " * (max(indent, 0) + 2)])
        tail = self.pick(["", "", "", ",", " "]) if parts else ""
        opening, closing = "{}" if node.is_map else "[]"
        return opening + comma.join(parts) + tail + closing

    def scalar_text(self, node, indent, inline):
        content, style = node.content, node.style
        if style == "raw":
            return content
        if style == "stripped":
            return self.pick(["|-", ">-"]) + "\n" + " " * (indent + 2) + content \
                if not inline and indent >= 0 else content
        sound = all(c >= " " and not "\x7f" <= c <= "\x9f" and c not in "\ufffe\uffff\ufeff" or c == "\n"
                    for c in content)
        if style == "double" or not (sound or self.odd()):
            return self.double(content, indent, inline)
        if style in ("literal", "folded") and not inline:
            return self.block_scalar(content, style, max(indent, 0))
        if style == "plain" and (self.is_plain(content) or self.odd()):
            return self.folded(content, indent, inline)
        return "'" + self.folded(content.replace("'", "''"), indent, inline) + "'"

    def is_plain(self, content):
        return not content.startswith(tuple("&*!|>'\"%@`[]{},#?:-")) and content == content.strip() \
            and ": " not in content and " #" not in content and not content.endswith(":") \
            and not any(c in content for c in "[]{},?\n")

    def folded(self, content, indent, inline):
        """Breaks it over lines now and then."""
        if inline or not self.chance(0.1):
            return content
        pad = "\n" + " " * (max(indent, 0) + self.random.randint(1, 4))
        return "".join(self.pick([pad, pad, "\n" + pad]) if c == " " and self.chance(0.5) else c
                       for c in content)

    def double(self, content, indent, inline):
        parts = []
        for c in content:
            if c == '"' or c == "\\":
                parts.append("\\" + c)
            elif not c.isprintable() and not self.odd():
                parts.append(self.escape(c))
            else:
                parts.append(c)
            if self.chance(0.02):
                parts.append(self.pick(ESCAPES))
            if not inline and self.chance(0.01):
                parts.append(self.pick(["\\\n", "\n", "\n\n", " \n", "\\ \n"]) + " " * (max(indent, 0) + 2))
        return '"' + "".join(parts) + '"'

    def escape(self, c):
        code = ord(c)
        if code <= 0xFF:
            return f"\\x{code:02x}"
        return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08x}"

    def block_scalar(self, content, style, indent):
        step = self.random.randint(1, 4)
        hint = str(step) if content.startswith((" ", "\n", "\t")) or self.chance(0.1) else ""
        chomp = self.pick(["", "", "-", "+"])
        header = "|" if style == "literal" else ">"
        header += chomp + hint if self.chance(0.3) else hint + chomp
        if self.odd():
            header += self.pick([" ", " # c", "0", "#", "+-", "\t", "10"])
        pad = " " * (indent + step)
        lines = (content + self.pick(["", "\n", "\n\n"])).split("\n")
        return header + "\n" + "\n".join(pad + line if line or self.odd() else "" for line in lines)

    # Bytes.

    def mutated(self, text):
        """A few characters changed, doubled, dropped or put in."""
        for _ in range(self.pick([1, 1, 1, 2, 3, 8])):
            at = self.random.randint(0, len(text))
            roll = self.random.random()
            pool = self.pick([CHARACTERS, PUNCTUATION, SPECIALS, NUMBERS, TAGS, ESCAPES,
                              ["\n", " ", "\t", "\n\n", "  ", "- ", ": ", "? ", "&a ", "*a ", "<<: *a\n"]])
            if roll < 0.5:
                text = text[:at] + self.pick(pool) + text[at:]
            elif roll < 0.7:
                text = text[:at] + text[at + self.random.randint(1, 4):]
            elif roll < 0.8:
                text = text[:at] + self.pick(pool) + text[at + self.random.randint(1, 4):]
            elif roll < 0.9:
                lines = text.split("\n")
                lines.insert(self.random.randint(0, len(lines)), self.pick(lines))
                text = "\n".join(lines)
            else:
                text = text[:at]
        return text

    def encoded(self, text):
        if self.chance(0.04):
            one = self.pick(BREAKS)
            text = "".join(one if c == "\n" and self.chance(0.9) else c for c in text)
        roll = self.random.random()
        if roll < 0.02:
            mark, codec = self.pick([("\ufeff", "utf-16-le"), ("\ufeff", "utf-16-be"), ("", "utf-16-le")])
            return (mark + text).encode(codec, "surrogatepass")
        data = text.encode("utf-8", "surrogatepass")
        if roll < 0.04:
            at = self.random.randint(0, len(data))
            data = data[:at] + self.pick([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\x80",
                                          b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"]) + data[at:]
        elif roll < 0.06:
            data = b"\xef\xbb\xbf" + data
        return data
