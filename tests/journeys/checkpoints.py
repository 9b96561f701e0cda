"""Checkpoints: the named places at which tests kill a bot.

They are all external calls that a step, a listener or the start can make.

The names are derived from the code: the coroutines of the steps' `Tools`, and every function of `bot` and `handlers`
that writes to the database. So a new call is a new checkpoint, and a test that visits all checkpoints fails until it
visits the new one. Each checkpoint is before its call: dying right after a call is the same as dying before the next.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from bot.oauth.many_workspaces import ManyWorkspaces
from bot.slack.downloads import Downloads
from bot.slack.workspace import Workspace
from bot.slack.workspaces import Site, Workspaces
from bot.worker.spool import Spool
from bot.worker.tools import Tools
from transcription.transcriber import Transcriber

ROOT = Path(__file__).parents[2]

KINDS: Mapping[str, type] = MappingProxyType(
    {"workspace": Workspace, "downloads": Downloads, "spool": Spool, "provider": Transcriber}
)

BESIDE_THE_BOT = frozenset({"bot/cli/job_commands.py", "bot/cli/doctor.py", "bot/cli/transcribe.py"})
"""Commands of the operator: no job is in their hands."""

Reach = Callable[[str], None]


def checkpoints() -> list[str]:
    """All of them."""
    calls = [f"{name}.{method}" for name, kind in KINDS.items() for method in _coroutines(kind)]
    return sorted({*calls, "convert", *_writes()})


def watched(tools: Tools, reach: Reach) -> Tools:
    """The same tools; `reach` is called with the name of each checkpoint before it is passed."""
    database = cast("Any", _Database(tools.database, reach))
    workspaces = tools.workspaces
    if isinstance(workspaces, ManyWorkspaces):
        make = workspaces.make
        workspaces.registry = replace(workspaces.registry, database=database)
        workspaces.make = lambda token: cast("Any", _Workspace(make(token), reach))
    else:
        workspaces = cast("Any", _Workspaces(workspaces, reach))
    return replace(
        tools,
        database=database,
        workspaces=workspaces,
        spool=cast("Any", _Watched(tools.spool, "spool", reach)),
        transcribers={
            name: cast("Any", _Watched(transcriber, "provider", reach))
            for name, transcriber in tools.transcribers.items()
        },
        convert=_passing("convert", tools.convert, reach),
    )


class _Watched:
    def __init__(self, tool: object, name: str, reach: Reach) -> None:
        self._tool = tool
        self._name = name
        self._reach = reach

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._tool, attribute)
        if not inspect.iscoroutinefunction(found):
            return found
        return _passing(f"{self._name}.{attribute}", found, self._reach)


class _Workspace(_Watched):
    def __init__(self, workspace: Workspace, reach: Reach) -> None:
        super().__init__(workspace, "workspace", reach)
        self.downloads = _Watched(workspace.downloads, "downloads", reach)


class _Workspaces:
    """The one that comes out of it is watched."""

    def __init__(self, workspaces: Workspaces, reach: Reach) -> None:
        self._workspaces = workspaces
        self._reach = reach

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._workspaces, attribute)

    def of(self, *, team: str, enterprise: str | None) -> _Workspace:
        return _Workspace(self._workspaces.of(team=team, enterprise=enterprise), self._reach)

    async def find(self, *, team: str | None, enterprise: str | None, is_enterprise_install: bool) -> _Workspace | None:
        found = await self._workspaces.find(
            team=team, enterprise=enterprise, is_enterprise_install=is_enterprise_install
        )
        return _Workspace(found, self._reach) if found is not None else None

    async def sites(self, place: str) -> Sequence[Site]:
        sites = await self._workspaces.sites(place)
        return [replace(site, workspace=cast("Any", _Workspace(site.workspace, self._reach))) for site in sites]


class _Database(_Watched):
    def __init__(self, database: object, reach: Reach) -> None:
        super().__init__(database, "database", reach)

    async def write(self, work: Callable[[Any], Any]) -> Any:
        writer = sys._getframe(1)  # whoever awaits this
        self._reach(f"write {writer.f_globals['__name__']}:{writer.f_code.co_qualname}")
        return await self._tool.write(work)  # type: ignore[attr-defined]


def _passing(name: str, call: Callable[..., Awaitable[Any]], reach: Reach) -> Any:
    async def passing(*arguments: Any, **named: Any) -> Any:
        reach(name)
        return await call(*arguments, **named)

    return passing


def _coroutines(kind: type) -> list[str]:
    public = [name for name in vars(kind) if not name.startswith("_") and name != "close"]
    return [name for name in public if inspect.iscoroutinefunction(getattr(kind, name))]


def _writes() -> Iterator[str]:
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]:
        name = path.relative_to(ROOT).as_posix()
        if name not in BESIDE_THE_BOT:
            module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from (f"write {module}:{function}" for function in _writers(tree, within=""))


def _writers(node: ast.AST, *, within: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from _writers(child, within=f"{within}{name}.<locals>.")
            case ast.ClassDef(name=name):
                yield from _writers(child, within=f"{within}{name}.")
            case ast.Call(func=ast.Attribute(attr="write", value=value)) if "database" in ast.unparse(value):
                yield within.removesuffix(".<locals>.")
                yield from _writers(child, within=within)
            case _:
                yield from _writers(child, within=within)
