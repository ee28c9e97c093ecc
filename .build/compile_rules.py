"""Build step of the wheel: checks the rules and puts their compiled forms beside them.

A wheel whose rules do not hold together is not built.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRules(BuildHookInterface[Any]):
    """Adds `.compiled` and `.tables.sqlite` to `cptcli/_rules`; an editable install compiles those of the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is put together."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from cptcli.cms import shipped as tables
        from cptcli.rulebook.compiled import BUILT, compile_files
        from cptcli.rulebook.files import Files

        rules = Path(self.root) / "rules"
        shipped = Files(rules)
        self._made = Path(tempfile.mkdtemp(prefix="cpt-build-"))
        for name, content in (
            (BUILT, compile_files(shipped, None, shipped.sha256)),
            (tables.BUILT, tables.compile_tables(Files(rules / "tables"))),
        ):
            (self._made / name).write_bytes(content)
            build_data["force_include"][str(self._made / name)] = f"cptcli/_rules/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        if version != "editable":
            shutil.rmtree(self._made, ignore_errors=True)
