"""A transcript as a Word document. Pure.

Screen readers find their way by its headings: the title, then one for each passage with who speaks and when. Every text
is written as text: nothing in it can become a field, a link or a picture.
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

_TITLE_LENGTH = 200  # the properties of a document take 255
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")  # what `one_line` leaves and XML does not take
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


def as_document(transcript: Transcript, *, title: str, at: datetime, time_marks: bool = True) -> bytes:
    """The bytes of a `.docx` made at that moment; `title` may be anybody's text."""
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
        if speaker or rest:  # an empty heading is announced by screen readers, too
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
    """Say what it is, and in which language, in place of what the library's own template says of itself."""
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "Threadscribe", ""
    properties.created = properties.modified = at
    codes = [code for code in transcript.languages if _LANGUAGE.fullmatch(code)]
    code = codes[0] if len(transcript.languages) == len(codes) == 1 else None
    for language in document.styles.element.iter(qn("w:lang")):
        for script in ("w:val", "w:eastAsia", "w:bidi"):
            # A wrong language is read aloud wrongly; without any, a reader goes by its own.
            if code:
                language.set(qn(script), code)
            else:
                language.attrib.pop(qn(script), None)
