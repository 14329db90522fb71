"""The comment on a pull request, through GitHub's REST API.

`context` knows which pull request, from the environment of a workflow; `body` what a comment looks like; `comments`
which comment is ours and what to do about it; `publish` does it; `client` knows the endpoints. The network is that
of `kalentops.http`.
"""
