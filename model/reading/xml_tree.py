"""XML of metadata, whatever name space its elements are in."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element


def parse_xml(text: str) -> Element:
    """Return the root of a document; what it declares as its encoding doesn't matter, as it is text already."""
    return ET.fromstring(text)  # noqa: S314 - external entities aren't followed, and expat limits their expansion


def is_tag(element: Element, tag: str) -> bool:
    """Whether an element has this tag."""
    return isinstance(element.tag, str) and element.tag.rpartition("}")[2] == tag


def children(element: Element, tag: str) -> list[Element]:
    """Return the children with a tag."""
    return [child for child in element if is_tag(child, tag)]


def descendants(element: Element, tag: str) -> Iterator[Element]:
    """Yield an element and all below it that have a tag."""
    return (inner for inner in element.iter() if is_tag(inner, tag))


def at_path(element: Element, path: str) -> list[Element]:
    """Return the elements at a path of tags, `a/b/c`."""
    found = [element]
    for tag in path.split("/"):
        found = [child for one in found for child in children(one, tag)]
    return found


def text_of(element: Element, tag: str) -> str:
    """Return the text of the first child with a tag; empty where there is none."""
    return next((child.text or "" for child in children(element, tag)), "").strip()
