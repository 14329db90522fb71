"""`python -m website write`: the pages that are made from the code."""

from __future__ import annotations

import argparse

from website.pages import write_pages

parser = argparse.ArgumentParser(prog="python -m website", description=__doc__)
parser.add_argument("task", choices=["write"])
parser.parse_args()
write_pages()
