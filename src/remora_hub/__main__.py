"""``python -m remora_hub``: the command line."""

from remora_hub.entry import main

main()
