"""The way in, for the `cpt` command and for `python -m cptcli`."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code: 130 after Ctrl-C, also while modules are still loading."""
    try:
        import gc  # in here, as every import that takes time: Ctrl-C may come at any of them
        import signal

        gc.disable()  # a process of a tenth of a second: collecting while it imports costs more than it frees
        from .commands.main import main as run

        try:
            run()
        finally:  # the answer is complete: nothing is left to interrupt or to collect
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            gc.freeze()
    except (KeyboardInterrupt, RuntimeError) as error:
        if not isinstance(error, KeyboardInterrupt) and not isinstance(error.__cause__, KeyboardInterrupt):
            raise  # Python up to 3.11 hands on as RuntimeError what a class meets while it is made
        if sys.stderr:
            sys.stderr.write("\nInterrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
