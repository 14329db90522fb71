"""What Kalent holds → files and state.

Lists, files and state → `planning` (what becomes of each blueprint: `holdings` says what is ours, `matching` what is
the files' own, `choosing` takes one into an address, `naming` makes keys and file names) → `drafting` (texts, each read
again before it counts; `placing` says where) → `carrying_out` (files first, then the state) → `result`.
"""
