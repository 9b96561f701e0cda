"""Write a transcript as a Word document (.docx). Pure.

Headings let screen readers navigate: the title, then one heading per passage with the speaker and the time. All text is
written as plain text, so that none of it can become a field, a link or a picture.
"""

from __future__ import annotations

import io
import re
from datetime import datetime

from docx import Document
from docx.document import Document as Opened
from docx.oxml.ns import qn

from transcription.naming import one_line, shortened, summary, time_mark
from transcription.paragraphs import paragraphs
from transcription.transcript import Transcript

_TITLE_LENGTH = 200  # document properties hold 255 characters
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")  # `one_line` keeps these; XML does not allow them
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


def as_document(transcript: Transcript, *, title: str, at: datetime, time_marks: bool = True) -> bytes:
    """Return the bytes of a `.docx` with the creation time `at`. `title` may be untrusted text."""
    document = Document()
    heading = _text(shortened(title, limit=_TITLE_LENGTH))
    _describe(document, transcript, title=heading, at=at)
    document.add_heading(heading, level=1)
    document.add_paragraph(_text(summary(transcript)))
    if remark := _text(transcript.note or ""):
        document.add_paragraph().add_run(remark).italic = True
    speaking = document.styles["Heading 2"]
    for paragraph in paragraphs(transcript):
        mark = time_mark(paragraph.start) if time_marks and paragraph.start is not None else ""
        language = f"({_text(paragraph.language)})" if paragraph.language else ""
        rest = "  ".join(filter(None, [mark, language]))
        speaker = _text(paragraph.speaker)
        if speaker or rest:  # screen readers announce an empty heading, too
            passage = document.add_paragraph(style=speaking)
            passage.add_run(speaker).bold = True
            passage.add_run(f"  {rest}" if speaker and rest else rest).bold = False
        document.add_paragraph(_text(paragraph.text))
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _text(text: str) -> str:
    return _NO_CHARACTERS.sub("\ufffd", one_line(text))


def _describe(document: Opened, transcript: Transcript, *, title: str, at: datetime) -> None:
    """Set title, times and language, and remove what the library's template says there."""
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "Threadscribe", ""
    properties.created = properties.modified = at
    codes = [code for code in transcript.languages if _LANGUAGE.fullmatch(code)]
    code = codes[0] if len(transcript.languages) == len(codes) == 1 else None
    for language in document.styles.element.iter(qn("w:lang")):
        for script in ("w:val", "w:eastAsia", "w:bidi"):
            # With a wrong language the text is read aloud wrongly. Without one, a screen reader uses its own setting.
            if code:
                language.set(qn(script), code)
            else:
                language.attrib.pop(qn(script), None)
