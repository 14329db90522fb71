"""One text is needed, and there is one for each language.

A template and snippets can have a text in several languages. The blueprints of a sourcing have one language, so each
of their texts is one text.

Wrong:
    with:
      pitch: {en: We build payments., fr: Nous construisons des paiements.}

Right:
    language: fr
    with:
      pitch: Nous construisons des paiements.
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL411", "text-for-each-language", __doc__, hides=Hides.BLUEPRINT)
