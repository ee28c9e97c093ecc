"""Values worked out once and kept by key: of a bounded number of keys, and safe in threads."""

from collections.abc import Callable, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST = 8192  # keys; then all is worked out anew


class BoundedCache(dict[K, V]):
    """Values that depend on their keys alone; none of them is None."""

    def __init__(self, most: int = _MOST) -> None:
        super().__init__()
        self.most = most

    def once(self, key: K, work_out: Callable[[], V]) -> V:
        """Return the value of a key, worked out where it is not kept."""
        value = self.get(key)
        if value is None:
            value = work_out()
            self.keep({key: value})
        return value

    def keep(self, values: Mapping[K, V]) -> None:
        """Keep some values."""
        if len(self) >= self.most:
            self.clear()
        self.update(values)
