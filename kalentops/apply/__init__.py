"""The plan comes true: the protocol of safe creation.

`run` shares the sourcings out to threads; `sourcing` does one of them from its first list to its last;
`creating`, `updating` and `resuming` do one address; `settling` finds out what an unknown outcome was. `base`
holds what they share, `result` what comes out.
"""
