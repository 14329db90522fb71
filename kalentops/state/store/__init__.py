"""Where the state is kept.

`base` says what a store can do; `filestore` is the one for files, made of `durable` (writes that survive a
power cut), `journal` (one record at a time) and `lock`. Another kind of store passes the same tests.
"""
