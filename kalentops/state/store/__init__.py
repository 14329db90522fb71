"""Where the state is kept. `session` is written once, over small backends; `file` is one of them."""

from __future__ import annotations

from pathlib import Path

from kalentops.errors import SharedStoreFailure
from kalentops.state.store.file import FileStore
from kalentops.state.store.location import Location
from kalentops.state.store.session import Store


def open_store(location: Location | Path, root: Path = Path(), environment: str | None = None) -> Store:
    """The store at a location: the only place that knows which kinds there are. `root` is the folder of the project.

    Raises StateError, StoreFailure.
    """
    if isinstance(location, Path):
        location = Location.of_file(location)
    if location.path is not None:
        return FileStore(location.path, environment)
    # No backend is loaded without need.
    if location.kind == "git":
        from kalentops.state.store.git import GitBackend

        return Store(GitBackend(root, location.text.removeprefix("git:")), environment)
    if location.kind == "postgresql":
        try:
            from kalentops.state.store.postgresql import PostgresqlBackend
        except ImportError:
            raise _missing(location, "postgresql") from None
        return Store(PostgresqlBackend(location), environment)
    if location.kind in {"s3", "az"}:
        try:
            from kalentops.state.store.objects import ObjectBackend
        except ImportError:
            raise _missing(location, "cloud") from None
        return Store(ObjectBackend(location), environment)
    raise AssertionError(f"no backend of {location.where}")


def _missing(location: Location, extra: str) -> SharedStoreFailure:
    """For a kind whose library is not installed."""
    from kalentops.support.installed import command_for

    return SharedStoreFailure(
        f"{location.where} needs the extra `{extra}` of kalentops",
        hint=f"`{command_for(extra)}` installs it",
    )
