"""Every rule, in the order of its code. Adding one: CONTRIBUTING.md, "Adding a rule"."""

from __future__ import annotations

from typing import Final

from kalentops.rules import (
    kal001_unreadable_file,
    kal002_too_large,
    kal003_yaml_syntax,
    kal004_unquoted_variable,
    kal005_duplicate_key,
    kal006_unknown_tag,
    kal007_one_document,
    kal008_alias,
    kal009_lost_text,
    kal010_unknown_field,
    kal011_missing_field,
    kal012_wrong_type,
    kal013_unknown_value,
    kal014_empty_value,
    kal015_out_of_range,
    kal016_blueprint_key,
    kal017_duplicate_blueprint,
    kal018_duplicate_name,
    kal019_sourcing_id,
    kal020_duplicate_step_id,
    kal021_missing_linkedin_type,
    kal022_linkedin_type_elsewhere,
    kal023_unknown_sourcing,
    kal024_contradictory_key,
    kal025_placeholder_sourcing,
    kal026_reserved_name,
    kal101_unknown_variable,
    kal102_spaces_in_variable,
    kal103_placeholder,
    kal104_unbalanced_braces,
    kal105_empty_message,
    kal106_missing_subject,
    kal107_subject_elsewhere,
    kal201_missing_delay,
    kal202_pointless_delay,
    kal203_second_invitation,
    kal204_nothing_to_settle,
    kal301_long_invitation,
    kal302_dropped_text,
    kal303_long_inmail_subject,
    kal304_blocks_without_contact,
    kal305_link_in_invitation,
    kal306_long_sms,
    kal307_same_moment,
    kal308_unreviewed_draft,
    kal309_unseen_characters,
    kal310_single_braces,
    kal311_closed_sourcing,
    kal312_comment_behind_name,
    kal313_joined_lines,
)
from kalentops.rules.base import Rule
from kalentops.text import nearest

RULES: Final[tuple[Rule, ...]] = (
    kal001_unreadable_file.RULE,
    kal002_too_large.RULE,
    kal003_yaml_syntax.RULE,
    kal004_unquoted_variable.RULE,
    kal005_duplicate_key.RULE,
    kal006_unknown_tag.RULE,
    kal007_one_document.RULE,
    kal008_alias.RULE,
    kal009_lost_text.RULE,
    kal010_unknown_field.RULE,
    kal011_missing_field.RULE,
    kal012_wrong_type.RULE,
    kal013_unknown_value.RULE,
    kal014_empty_value.RULE,
    kal015_out_of_range.RULE,
    kal016_blueprint_key.RULE,
    kal017_duplicate_blueprint.RULE,
    kal018_duplicate_name.RULE,
    kal019_sourcing_id.RULE,
    kal020_duplicate_step_id.RULE,
    kal021_missing_linkedin_type.RULE,
    kal022_linkedin_type_elsewhere.RULE,
    kal023_unknown_sourcing.RULE,
    kal024_contradictory_key.RULE,
    kal025_placeholder_sourcing.RULE,
    kal026_reserved_name.RULE,
    kal101_unknown_variable.RULE,
    kal102_spaces_in_variable.RULE,
    kal103_placeholder.RULE,
    kal104_unbalanced_braces.RULE,
    kal105_empty_message.RULE,
    kal106_missing_subject.RULE,
    kal107_subject_elsewhere.RULE,
    kal201_missing_delay.RULE,
    kal202_pointless_delay.RULE,
    kal203_second_invitation.RULE,
    kal204_nothing_to_settle.RULE,
    kal301_long_invitation.RULE,
    kal302_dropped_text.RULE,
    kal303_long_inmail_subject.RULE,
    kal304_blocks_without_contact.RULE,
    kal305_link_in_invitation.RULE,
    kal306_long_sms.RULE,
    kal307_same_moment.RULE,
    kal308_unreviewed_draft.RULE,
    kal309_unseen_characters.RULE,
    kal310_single_braces.RULE,
    kal311_closed_sourcing.RULE,
    kal312_comment_behind_name.RULE,
    kal313_joined_lines.RULE,
)
BY_CODE: Final[dict[str, Rule]] = {rule.code: rule for rule in RULES}


def meant(word: str) -> str | None:
    """The rule that was probably meant by a word which is none, as its code or its name. A code of another number is
    another rule's, however much the two look alike.
    """
    digits = "".join(each for each in word if each.isdecimal())
    if digits:
        return next((code for code in BY_CODE if code == f"KAL{digits}"), None)
    return nearest(word, (rule.name for rule in RULES))
