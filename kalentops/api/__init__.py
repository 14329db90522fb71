"""The Kalent API, as docs/kalent-api.md has it.

`client` knows the endpoints that are read, `writing` the two that are written, `reading` many lists at once, `readonly`
a network that lets nothing but GET through, `transport` the real one (the only user of httpx), `dialect` what differs
for another API, `watchdog` how long a request may take, `listing` when a list can be trusted, `throttle` how long to
wait, `retrying` when to try again (the only user of stamina), `secret` the key, `address` where it may go.
"""
