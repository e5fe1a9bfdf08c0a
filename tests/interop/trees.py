"""Random chart directories with a random .helmignore, for a comparison of what is packed."""

import os
import shutil

from archives import archive

NAMES = ["a", "b", "ab", "abc", "a.b", "a.txt", "b.yaml", ".a", ".b.txt", "A", "a b", " a", "#a", "!a",
         "a~", "-a", "é", "u\u0308", "ü", "*", "?", "[a]", "a[", "{a}", "a,b", "a+b", "_a", "...",
         "..a", "a..", "values.yaml", "NOTES.txt", ".helmignore", "requirements.lock",
         "a.prov", "\u3000", "a" * 101, "\u00e9" * 60]
ODD = ["a\\b", "a\nb", "a\x1b", "a\x7f", "\u202ea", b"a\xff".decode("utf-8", "surrogateescape"), "a:b"]
PLACES = ["", "", "", "templates", "templates", "files", "files/a", "a", "a/b", "ab", "crds", ".a",
          "templates/a", "templates/.a", "templates/tests", "charts/sub", "charts/sub/templates",
          "charts/sub/charts/deep", "charts/_a", "charts/.a"]
CONTENTS = [b"", b"a: b\n", b"\xef\xbb\xbfa: b\n", b"\xef\xbb\xbf\xef\xbb\xbfx", b"\0\xff\xfe", b"x" * 600,
            b"{{ no template", b"---\n---\n"]
GLOBS = ["*", "?", "a*", "*a", "*.txt", "*.yaml", "a?", "[ab]", "[a-c]*", "[^a]", "[^a]*", "[!a]", "\\a",
         "\\*", "[\\]]", "*/*", "a/*", "*/a", "?*", ".*", ".?*", "..", ".", "./", "./a", "/", "//",
         "a//b", "a/./b", "*\\/a", "[é]", "é*", "*[b-é]"]
BROKEN = ["a\\", "[", "a[", "[a-]", "[]a]", "**", "a/**"]
BLANKS = ["", "", "", "", "", " ", "\t", "\u00a0", "\u3000", "\x0b", "\r", "\x1c", "\u2028", "\ufeff"]


def chart_yaml(name, api="v2"):
    return f"apiVersion: {api}\nname: {name}\nversion: 0.1.0\n".encode()


class Tree(dict):
    """{path: bytes, or the target of a link as text}; paths are relative."""

    def write(self, directory):
        """Makes a directory of it; what another entry leaves no place for is left out."""
        shutil.rmtree(directory, ignore_errors=True)
        os.mkdir(directory)
        made = {""}
        for path, content in self.items():
            parent = os.path.dirname(path)
            full = os.path.join(directory, path)
            try:
                if parent not in made:
                    os.makedirs(os.path.join(directory, parent), exist_ok=True)
                    made.add(parent)
                if isinstance(content, str):
                    os.symlink(content, full)
                else:
                    descriptor = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
                    os.write(descriptor, content)
                    os.close(descriptor)
            except OSError:
                pass

    def without(self, paths):
        return Tree((path, content) for path, content in self.items() if path not in paths)


class Trees:
    """Gives one tree after the other."""

    def __init__(self, rng):
        self.rng = rng

    def tree(self):
        rng = self.rng
        tree = Tree()
        tree["Chart.yaml"] = chart_yaml("top", rng.choice(["v2", "v2", "v2", "v1"]))
        if rng.random() < 0.9:
            tree[".helmignore"] = self._helmignore()
        if rng.random() < 0.3:
            tree["values.yaml"] = rng.choice([b"a: 1\n", b"\xef\xbb\xbfa: 1\n", b""])
        if rng.random() < 0.4:
            self._charts(tree)
        for _ in range(rng.randrange(1, 12)):
            path = self._path()
            for place in ("charts/sub", "charts/sub/charts/deep"):
                if path.startswith(place + "/") and rng.random() < 0.98:
                    tree.setdefault(f"{place}/Chart.yaml", chart_yaml(os.path.basename(place)))
            if path.endswith((".lock", "values.yaml")) and rng.random() < 0.9:
                tree.setdefault(path, b"" if path.endswith(".lock") else b"a: b\n")
            tree.setdefault(path, self._content(tree, path))
        return tree

    def _name(self):
        return self.rng.choice(ODD if self.rng.random() < 0.01 else NAMES)

    def _path(self):
        place = self.rng.choice(PLACES)
        return f"{place}/{self._name()}" if place else self._name()

    def _content(self, tree, path):
        kind = self.rng.random()
        if kind > 0.05:
            return self.rng.choice(CONTENTS)
        depth = path.count("/")
        if kind > 0.005:
            return "../" * depth + self.rng.choice([*tree, *tree, "templates", "files", "a", "charts"])
        return self.rng.choice(["..", ".", "nowhere", os.path.basename(path), "/etc/hostname",
                                "../" * (depth + 1) + "outside"])

    def _charts(self, tree):
        """Charts in charts/, some of them packed."""
        for number in range(self.rng.randrange(1, 4)):
            name = self.rng.choice(["sub", "other", f"n{number}", f"n{number}"])
            place = self.rng.choice([name, name, "sub", "_a", ".a", f"{name}-0.1.0"])
            if self.rng.random() < 0.4:
                files = {f"{name}/Chart.yaml": chart_yaml(name), f"{name}/.helmignore": b"*\n",
                         f"{name}/{self.rng.choice(['a', 'templates/a', '.a', 'README.md'])}": b"x"}
                tree[f"charts/{place}-0.1.0.tgz"] = archive(files)
            else:
                tree[f"charts/{place}/Chart.yaml"] = chart_yaml(name)
                tree.setdefault(f"charts/{place}/.helmignore", b"*\n")
                tree.setdefault(f"charts/{place}/{self._name()}", b"x")
        if self.rng.random() < 0.05:
            tree[f"charts/{self._name()}"] = b"loose"

    def _pattern(self):
        rng = self.rng
        kind = rng.random()
        if kind < 0.01:
            return rng.choice(BROKEN)
        if kind < 0.4:
            pattern = rng.choice(GLOBS)
        elif kind < 0.7:
            pattern = rng.choice(NAMES)
        else:
            pattern = "/".join(rng.choice([rng.choice(NAMES), rng.choice(GLOBS), "templates", "charts"])
                               for _ in range(rng.randrange(2, 4)))
        if rng.random() < 0.2:
            pattern = "/" + pattern
        if rng.random() < 0.25:
            pattern += "/"
        if rng.random() < 0.1:
            pattern = "!" + pattern
        return pattern

    def _helmignore(self):
        rng = self.rng
        lines = []
        for _ in range(rng.randrange(0, 6)):
            line = rng.choice(["", "# comment", "#", "!", "/", "!/"]) if rng.random() < 0.1 else \
                self._pattern()
            # A few of these rules leave nothing of a chart, and are not worth much time.
            if line.startswith(("!", "*", "?*", "[^")) and rng.random() < 0.7:
                continue
            lines.append(rng.choice(BLANKS) + line + rng.choice(BLANKS))
        text = rng.choice(["\n", "\n", "\n", "\r\n"]).join(lines) + rng.choice(["\n", "", "\r"])
        start = b"\xef\xbb\xbf" if rng.random() < 0.05 else b""
        return start + text.encode("utf-8", "surrogateescape")
