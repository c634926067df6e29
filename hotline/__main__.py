"""`python -m hotline`: the command, where the environment that has it is not on the path."""

from hotline.cli.main import main

if __name__ == "__main__":
    main()
