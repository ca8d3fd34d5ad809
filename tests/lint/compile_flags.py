"""The compiler flags of a build folder's compile_commands.json."""
import json
import pathlib
import shlex


class CompileFlags:
    def __init__(self, build, root):
        self.root = pathlib.Path(root).resolve()
        self.flags = {}
        for entry in json.loads((pathlib.Path(build) / "compile_commands.json").read_text()):
            path = pathlib.Path(entry["file"]).resolve()
            if self.root in path.parents and path.suffix in (".cpp", ".cc"):
                self.flags[path] = self._strip(shlex.split(entry["command"]))

    @staticmethod
    def _strip(command):
        """Keeps what decides how a header reads: defines, include paths, language and warnings."""
        kept, words = [], iter(command)
        for word in words:
            if word in ("-isystem", "-include", "-iquote"):
                kept += [word, next(words)]
            elif word.startswith(("-D", "-I", "-std=", "-W", "-f")):
                kept.append(word)
        return kept

    def sources(self):
        return sorted(self.flags)

    def for_header(self, header):
        """Flags of the source nearest to the header: same folder, else the nearest folder above."""
        for folder in header.resolve().parents:
            near = [path for path in self.sources() if folder in path.parents]
            if near:
                return self.flags[near[-1]]
        return []
