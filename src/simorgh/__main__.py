"""python -m simorgh, for torchrun."""

from simorgh.cli import main

main()
