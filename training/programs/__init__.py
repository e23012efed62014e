"""The programs behind `python -m training`, each imported only when the command line asks for it."""
