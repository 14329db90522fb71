"""Where the state is kept. `session` is written once, over small backends; `file` is one of them."""

from __future__ import annotations

from pathlib import Path

from kalentops.state.store.file import FileStore
from kalentops.state.store.session import Store


def open_store(location: Path) -> Store:
    """The store at a location: the only place that knows which kinds there are. Raises StoreFailure."""
    return FileStore(location)
