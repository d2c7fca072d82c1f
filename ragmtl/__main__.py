"""`python -m ragmtl`."""

from ragmtl.cli import main

if __name__ == "__main__":
    main()
