"""An answer -> text. Computes nothing and decides nothing; Rich is imported in terminal.py and progress.py only."""
