"""What a power cut could undo: a run's changes to the disk, read from its trace.

A name that others see (one outside of staging places) may come or change only when all that was done
before is on the disk, and all is on the disk when the program says that it is done. So a power cut
leaves what kill -9 leaves, and that is tested at every call (row F4). Only what fsync has answered
for counts, not any file system's own habits.
"""

import re

CALLS = ["openat", "write", "pwrite64", "ftruncate", "fallocate", "copy_file_range", "sendfile",
         "mkdirat", "symlinkat", "linkat", "renameat", "renameat2", "unlinkat", "fsync", "fdatasync",
         "syncfs", "mkdir", "rename", "unlink", "rmdir", "open", "creat", "link", "symlink", "mmap"]

CALL = re.compile(r"(\w+)\((.*)\)\s+= (\S+)")
FILE = re.compile(r"-?\w+<([^>]*)>")
TEXT = re.compile(r'"([^"]*)"')
# Places of ours: in the end they get another name, or are removed. Group 1: the way on below them.
STAGING = re.compile(r"/\.[^/]+\.(?:tmp-[0-9a-f]{16}|(?:[0-9a-f]{8}){1,2}|new)(/.*)?$")


def lines_of(log):
    """The calls of a trace in the order in which they ended; threads interrupt each other."""
    begun = {}
    for line in log.splitlines():
        thread, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[thread] = call[:-len("<unfinished ...>")]
        elif call.startswith("<... "):
            yield begun.pop(thread) + call[call.index(" resumed>") + len(" resumed>"):]
        else:
            yield call


class Disk:
    """Below `directory`: what is not on the disk yet, and the steps that came before it was."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.contents = set()  # files with bytes that no fsync has answered for
        self.entries = set()   # names that came or went, their directory not synced since
        self.early = []        # [(step, what was not on the disk)]
        self.steps = []        # what others see, in order

    def _is_ours(self, path):
        return path.startswith(self.directory + "/")

    def _step(self, name, path, source=None):
        """Something that others see. `source`, a name that becomes another, need not be kept."""
        if not STAGING.search(path):
            pending = (self.contents | self.entries) - ({source} - self.contents)
            if pending and name != "remove":
                self.early.append((f"{name} {path}", sorted(pending)))
            self.steps.append(f"{name} {path[len(self.directory) + 1:]}")

    def _below(self, path):
        return [(kept, found) for kept in (self.contents, self.entries) for found in list(kept)
                if found == path or found.startswith(path + "/")]

    def _forget(self, path):
        for kept, found in self._below(path):
            kept.remove(found)

    def _move(self, source, target):
        for kept, found in self._below(source):
            kept.remove(found)
            kept.add(target + found[len(source):])

    def play(self, call):
        found = CALL.match(call)
        if not found or found.group(3).startswith("-"):
            return
        name, arguments, result = found.groups()
        files, texts = FILE.findall(arguments), TEXT.findall(arguments)
        if name in ("fsync", "fdatasync"):
            self.contents.discard(files[0])
            self.entries = {p for p in self.entries if p.rpartition("/")[0] != files[0]}
        elif name == "syncfs":
            self.contents.clear()
            self.entries.clear()
        elif name in ("write", "pwrite64", "ftruncate", "fallocate"):
            if files and self._is_ours(files[0]) and files[0] not in self.contents:
                self._step("write", files[0], source=files[0])
                self.contents.add(files[0])
        elif name == "openat":
            path, = FILE.findall(result)
            if "O_CREAT" in arguments and self._is_ours(path):
                self._create(path)
        elif name in ("mkdir", "rename", "unlink", "rmdir"):
            self._change_name(name, arguments, texts)
        elif name in ("mkdirat", "renameat", "renameat2", "unlinkat"):
            self._change_name(name, arguments, [f"{place}/{text}" for place, text in zip(files, texts)])
        elif name != "mmap" or ("PROT_WRITE" in arguments and "MAP_SHARED" in arguments):
            assert self.directory not in call, f"not understood: {call}"

    def _create(self, path):
        self._step("create", path)
        staging = STAGING.search(path)
        # Where a staging place is lost, so is what nobody saw.
        if not staging or staging.group(1):
            self.entries.add(path)

    def _change_name(self, name, arguments, paths):
        if not any(map(self._is_ours, paths)):
            return
        if name.startswith("mkdir"):
            self._create(paths[0])
        elif name.startswith("rename"):
            source, target = paths
            self._step("rename", target, source)
            self._forget(target)
            self.entries.discard(source)
            if "RENAME_EXCHANGE" not in arguments:
                self._move(source, target)
            self.entries.add(target)
        else:
            self._step("remove", paths[0])
            self._forget(paths[0])
            if not STAGING.search(paths[0]):
                self.entries.add(paths[0])

    def left(self):
        """What is not on the disk now, though others see it."""
        return sorted(p for p in self.contents | self.entries if not STAGING.search(p))


def judge(log, directory):
    """The Disk after a run, from its trace (strace -f -y of CALLS)."""
    disk = Disk(directory)
    for call in lines_of(log):
        disk.play(call)
    return disk
