"""The comment on a pull request, through GitHub's REST API."""
