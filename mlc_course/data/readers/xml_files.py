"""XML files without document types, entities and endless nesting."""

import re
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat

from .json_files import head_of, too_deep


def load_xml(path):
    "The root element of an XML file. A DTD, damage or endless nesting are errors that say where."
    builder, depth, seen = TreeBuilder(), 0, 0
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*args):
        raise ValueError(
            f"{path} row {parser.CurrentLineNumber} has a document type or an entity, which"
            " annotation files don't need and which can fill the memory. It was not read."
        )

    def start(tag, attrs):
        nonlocal depth, seen
        depth, seen = depth + 1, seen + 1
        if depth > 100:
            raise too_deep(path)
        builder.start(tag, attrs)

    def end(tag):
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        with open(path, "rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as e:
        raise ValueError(
            f"{path} row {e.lineno}, column {e.offset + 1}: not valid XML"
            f" ({expat.ErrorString(e.code)}). The file is damaged or cut off: fetch it again."
        ) from None
    except (LookupError, UnicodeError) as e:
        raise ValueError(f"{path}: {e}. Save it as UTF-8, and say so in its first row.") from None
    return builder.close()


def xml_root(path):
    "The name of the first element in an XML file's head, or ''."
    head = head_of(path)
    if head.lstrip()[:1] != "<":
        return ""
    found = re.search(r"<([A-Za-z_][\w.-]*)", re.sub(r"<!--.*?(-->|$)", "", head, flags=re.S))
    return found.group(1) if found else ""
