"""`python -m website write`: the pages that are made from the code. `python -m website build`: the site."""

from __future__ import annotations

import argparse
import sys

from website.build import SITE, SiteFault, build
from website.pages import write_pages

parser = argparse.ArgumentParser(prog="python -m website", description=__doc__)
parser.add_argument("task", choices=["write", "build"])
if parser.parse_args().task == "write":
    write_pages()
else:
    try:
        build()
    except SiteFault as fault:
        sys.exit(str(fault))
    sys.stdout.write(f"Built. Open {SITE / 'index.html'}\n")
