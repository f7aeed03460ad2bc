"""``python -m remora_hub``: the command line."""

from remora_hub.cli.main import main

main()
