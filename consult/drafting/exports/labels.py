"""The words of the formats that people read, in English; the caller translates them."""

from collections.abc import Mapping
from types import MappingProxyType

from consult.core.i18n import N_

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "document_title": N_("Contributions to the consultation"),
        "forum": N_("Forum"),
        "space": N_("Space"),
        "filter": N_("Filter"),
        "filter_none": N_("No filter"),
        "filter_search": N_("Words searched for"),
        "filter_objective": N_("Objectives"),
        "filter_question": N_("Questions"),
        "filter_language": N_("Languages"),
        "filter_category": N_("Categories"),
        "filter_region": N_("Regions"),
        "filter_kind": N_("Kinds"),
        "filter_month": N_("Months"),
        "filter_words": N_("Words that a text must have"),
        "filter_glossary": N_("Glossary"),
        "filter_state": N_("States"),
        "fact": N_("%(label)s: %(value)s"),
        "as_of": N_("As of"),
        "as_of_none": N_("Nothing has been published yet"),
        "as_of_header": N_("%(space)s, as of %(instant)s"),
        "count_questions": N_("Questions by participants"),
        "count_comments": N_("Comments"),
        "count_context": N_("Shown as context only"),
        "role": N_("Made for"),
        "checksum": N_("Checksum of the rows (SHA-256)"),
        "context_note": N_(
            "Contributions marked “Context” lie outside the filter. They are kept so that the "
            "replies to them can be understood."
        ),
        "contents": N_("Contents"),
        "question_heading": N_("Question %(number)s. %(text)s"),
        "question_participant": N_("Question %(number)s, posed by a participant. %(text)s"),
        "question_unnumbered": N_("Question without a number yet. %(text)s"),
        "no_contributions": N_("No contribution to this question."),
        "context": N_("Context"),
        "in_reply_to": N_("in reply to %(reference)s"),
        "edited": N_("edited on %(date)s"),
        "on_behalf_of": N_("on behalf of %(name)s"),
        "unconfirmed": N_("entered by the secretariat, not confirmed yet"),
        "objectives": N_("Objectives %(numbers)s"),
        "objective": N_("Objective %(numbers)s"),
        "attachments": N_("Attachments: %(names)s"),
        "removed_hidden": N_("%(reference)s was hidden by the moderators."),
        "removed_withdrawn": N_("%(reference)s was withdrawn by its author."),
        "removed_erased": N_("%(reference)s was erased."),
        "page": N_("Page %(page)s of %(pages)s"),
        "yes": N_("yes"),
        # Translators: the names of two sheets in a workbook; at most 31 characters each.
        "sheet_about": N_("About"),
        "sheet_overflow": N_("Overflow"),
        "overflow_pointer": N_(
            "This text is longer than a cell can hold. It begins here; the whole text is in the "
            "sheet “%(sheet)s”, from row %(row)s."
        ),
        "overflow_column": N_("Column"),
        "overflow_part": N_("Part"),
        "dictionary": N_("What the columns mean"),
        "column_reference": N_("Reference"),
        "meaning_reference": N_("The name of the contribution; it is never given to another one."),
        "column_type": N_("Type"),
        "meaning_type": N_("“question” for one posed by a participant, else “comment”."),
        "column_in_reply_to": N_("In reply to"),
        "meaning_in_reply_to": N_("The reference of the contribution that this one answers."),
        "column_depth": N_("Depth"),
        "meaning_depth": N_("0 for an answer to the question, 1 for a reply to it, and so on."),
        "column_author": N_("Author"),
        "meaning_author": N_("The name as its author chose to show it."),
        "column_organisation": N_("Organisation"),
        "meaning_organisation": N_("The organisation the author belongs to."),
        "column_category": N_("Category"),
        "meaning_category": N_("The stakeholder category of the author."),
        "column_country": N_("Country"),
        "meaning_country": N_("The country of the author, as an ISO 3166 code."),
        "column_region": N_("Region"),
        "meaning_region": N_("The region of the author."),
        "column_on_behalf_of": N_("On behalf of"),
        "meaning_on_behalf_of": N_("For whom the author speaks, if not for themselves."),
        "column_language": N_("Language"),
        "meaning_language": N_("The language of the text."),
        "column_objectives": N_("Objectives"),
        "meaning_objectives": N_("The numbers of the objectives the text belongs to."),
        "column_text": N_("Text"),
        "meaning_text": N_("The text without its formatting."),
        "column_created_at": N_("Written"),
        "meaning_created_at": N_("When it was written, in UTC; empty where that is not known."),
        "column_published_at": N_("Published"),
        "meaning_published_at": N_("When readers could first see it, in UTC."),
        "column_edited_at": N_("Edited"),
        "meaning_edited_at": N_("When the text shown replaced an earlier one, in UTC."),
        "column_context": N_("Context"),
        "meaning_context": N_("“yes” if it lies outside the filter and is kept for its replies."),
        "column_unconfirmed": N_("Unconfirmed"),
        "meaning_unconfirmed": N_(
            "“yes” if the secretariat entered it for its author, who has not confirmed it yet; the"
            " counts leave it out."
        ),
        "column_removed": N_("Removed"),
        "meaning_removed": N_("“none”, or why only its place in the thread is left."),
        "column_attachments": N_("Attachments"),
        "meaning_attachments": N_("The names of the files that came with the text."),
        "column_permalink": N_("Permanent link"),
        "meaning_permalink": N_("Where the contribution can be read with its thread."),
        "column_id": N_("Identifier"),
        "meaning_id": N_("The identifier in the source, or our own."),
        "column_source": N_("Source"),
        "meaning_source": N_("Where it was imported from; empty for what was written here."),
        "column_escaped": N_("Escaped"),
        "meaning_escaped": N_(
            "The columns of this row that begin with an added apostrophe, so that no program "
            "takes their text for a formula."
        ),
    }
)
"""Every word that a format for people shows, in English; the caller hands over translations.

A caller may add ``KEY=VALUE`` entries (``category=civil-society``) that name a value of the filter.
"""
