"""Results → what somebody reads, or a program. Nothing else formats.

`lines` is what a text report consists of, `console` puts it on a terminal (the only user of rich), `findings`,
`plans`, `results`, `sourcings` and `states` are a report each; `formats` has the table of the other forms. `marks`,
`inert` and `text.visible` are what texts from outside go through.
"""
