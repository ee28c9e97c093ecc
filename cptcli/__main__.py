"""The way in, for the `cpt` command and for `python -m cptcli`."""

import gc


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.disable()  # a process that lives for a moment: collecting while it imports costs 5 percent of a start
    from .later import put_off

    put_off()
    from .commands.main import main as run

    try:
        run()
    finally:
        gc.freeze()  # nor on the way out, where Python would look through all that it is about to give back


if __name__ == "__main__":
    main()
