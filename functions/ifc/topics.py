"""A BCF 2.1 archive of topics, the same bytes for the same topics.

Layout: https://github.com/buildingSMART/BCF-XML/tree/release_2_1. Ids are made from the content, dates are
given, and the files in the archive carry no time.
"""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SPACE = uuid.UUID("6f1c7b52-2c0c-5d1e-9a55-6a1d7d0c5c55")  # of this project's own ids
EPOCH = (1980, 1, 1, 0, 0, 0)
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What a topic says, and the objects it is about, by GlobalId."""

    title: str
    description: str
    kind: str
    label: str
    global_ids: tuple[str, ...] = ()


def write_topics(path: Path, topics: Iterable[Topic], *, model: str, date: str, author: str) -> int:
    """Write topics about a model into a .bcf file, and return how many they are."""
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        version = ElementTree.Element("Version", VersionId="2.1")
        ElementTree.SubElement(version, "DetailedVersion").text = "2.1"
        _add(archive, "bcf.version", version)
        for count, topic in enumerate(topics, start=1):
            seed = "\0".join((model, str(count), topic.title, topic.description))
            guid = str(uuid.uuid5(SPACE, seed))
            _add(archive, f"{guid}/markup.bcf", _markup(topic, guid, model=model, date=date, author=author))
            if topic.global_ids:
                _add(archive, f"{guid}/viewpoint.bcfv", _viewpoint(topic, guid))
    return count


def _markup(topic: Topic, guid: str, *, model: str, date: str, author: str) -> ElementTree.Element:
    markup = ElementTree.Element("Markup")
    file = ElementTree.SubElement(ElementTree.SubElement(markup, "Header"), "File", isExternal="true")
    ElementTree.SubElement(file, "Filename").text = model
    element = ElementTree.SubElement(markup, "Topic", Guid=guid, TopicType=topic.kind, TopicStatus="Open")
    texts = {
        "Title": topic.title,
        "Labels": topic.label,
        "CreationDate": date,
        "CreationAuthor": author,
        "Description": topic.description,
    }
    for name, text in texts.items():
        ElementTree.SubElement(element, name).text = text
    if topic.global_ids:
        view = ElementTree.SubElement(markup, "Viewpoints", Guid=_view(guid))
        ElementTree.SubElement(view, "Viewpoint").text = "viewpoint.bcfv"
    return markup


def _viewpoint(topic: Topic, guid: str) -> ElementTree.Element:
    info = ElementTree.Element("VisualizationInfo", Guid=_view(guid))
    components = ElementTree.SubElement(info, "Components")
    selection = ElementTree.SubElement(components, "Selection")
    for global_id in topic.global_ids:
        ElementTree.SubElement(selection, "Component", IfcGuid=global_id)
    ElementTree.SubElement(components, "Visibility", DefaultVisibility="true")
    return info


def _view(guid: str) -> str:
    return str(uuid.uuid5(SPACE, f"view of {guid}"))


def _add(archive: zipfile.ZipFile, name: str, root: ElementTree.Element) -> None:
    ElementTree.indent(root)
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, DECLARATION + ElementTree.tostring(root, encoding="utf-8") + b"\n")
