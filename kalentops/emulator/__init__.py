"""A local stand-in for the Kalent API, strict where docs/kalent-api.md is.

`server` runs it over HTTP, `app` is the ASGI application, `store` keeps the data. This module imports none of
them: starlette and uvicorn are an optional extra.
"""
