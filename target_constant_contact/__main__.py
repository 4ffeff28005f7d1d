"""``python -m target_constant_contact``: the command line."""

from target_constant_contact.cli import main

if __name__ == "__main__":
    main()
