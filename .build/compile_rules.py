"""Build step of the wheel: checks the rules and puts their compiled form beside them.

A wheel whose rules do not hold together is not built.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRules(BuildHookInterface[Any]):
    """Adds `cptcli/_rules/.compiled`; an editable install reads the YAML of the checkout instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is put together."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from cptcli.rulebook.compiled import BUILT, compile_files
        from cptcli.rulebook.files import Files

        shipped = Files(Path(self.root) / "rules")
        folder = Path(tempfile.mkdtemp(prefix="cpt-build-"))
        (folder / BUILT).write_bytes(compile_files(shipped, None, shipped.sha256))
        self._made = folder
        build_data["force_include"][str(folder / BUILT)] = f"cptcli/_rules/{BUILT}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        if version != "editable":
            shutil.rmtree(self._made, ignore_errors=True)
