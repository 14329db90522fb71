"""Results → text and JSON. Nothing else formats.

`lines` is what a text report consists of, `console` puts it on a terminal (the only user of rich), `findings`,
`plans`, `results`, `sourcings` and `states` are a report each, `machine` gives the JSON forms.
"""
