"""A cache of computed values with a bounded number of keys, safe in threads."""

from collections.abc import Callable, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST = 8192  # keys; then the cache starts empty again


class BoundedCache(dict[K, V]):
    """Values that depend on their keys alone; none of them is None."""

    def once(self, key: K, work_out: Callable[[], V]) -> V:
        """Return the value of a key; compute and keep it if it is missing."""
        value = self.get(key)
        if value is None:
            value = work_out()
            self.keep({key: value})
        return value

    def keep(self, values: Mapping[K, V]) -> None:
        """Keep some values."""
        if len(self) >= _MOST:
            self.clear()
        self.update(values)
