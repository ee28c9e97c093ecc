"""The lines of a part of a file -> the days that are judged together."""

from collections.abc import Hashable, Sequence

Identity = Hashable  # of a patient, or of a claim where a file names no patient


def days_of(
    identities: Sequence[Identity], days: Sequence[Hashable], marks: Sequence[Hashable]
) -> tuple[list[list[int]], int]:
    """Return the indexes of the lines of each day, and how many runs of a patient or claim were joined to an earlier.

    Lines with one identity are one run, also when others stand between them; `days` separates its days (date,
    payer and billing provider). A later run whose first line has the same mark as that of the earlier one is a copy of
    it (a file that was put together twice), and is judged alone.
    """
    runs: list[list[int]] = []
    open_runs: dict[Identity, list[int]] = {}
    last: Identity = object()
    run: list[int] = []
    joined = 0
    for at, identity in enumerate(identities):
        if identity != last:
            last = identity
            known = open_runs.get(identity)
            if known is None or marks[known[0]] == marks[at]:
                run = open_runs[identity] = []
                runs.append(run)
            else:
                run = known
                joined += 1
        run.append(at)
    found: list[list[int]] = []
    for run in runs:
        if len(run) == 1 or len({days[at] for at in run}) == 1:
            found.append(run)
            continue
        by_day: dict[Hashable, list[int]] = {}
        for at in run:
            by_day.setdefault(days[at], []).append(at)
        found += by_day.values()
    return found, joined
