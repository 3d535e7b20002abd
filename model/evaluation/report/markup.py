"""HTML built as a tree, so that whatever names and kinds hold is text and never markup."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

Child = Element | str


def tag(name: str, /, *children: Child, **attributes: object) -> Element:
    """Return an element with children in order; `class_` becomes `class` and `data_kind` becomes `data-kind`."""
    element = Element(name, {_attribute(key): str(value) for key, value in attributes.items()})
    for child in children:
        _append(element, child)
    return element


def spaced(elements: Iterable[Element]) -> list[Child]:
    """Return the elements with a space after each, for readers without style sheets."""
    return [child for element in elements for child in (element, " ")]


def to_html(element: Element) -> str:
    """Write an element down as HTML."""
    return tostring(element, encoding="unicode", method="html")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _append(element: Element, child: Child) -> None:
    if isinstance(child, Element):
        element.append(child)
    elif len(element):
        element[-1].tail = (element[-1].tail or "") + child
    else:
        element.text = (element.text or "") + child
