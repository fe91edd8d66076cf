"""Writes BCF 2.1 and 3.0: topics with the elements they are about. The same bytes every time.

https://github.com/buildingSMART/BCF-XML/tree/release_2_1/Documentation, and release_3_0 for the newer one.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape, quoteattr

Version = Literal["2.1", "3.0"]
Vector = tuple[float, float, float]

EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold
OLDEST = "1980-01-01T00:00:00Z"
AUTHOR = "ifcpipe"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
GLOBAL_ID = re.compile(r"[0-3][0-9A-Za-z_$]{21}")
# What xs:dateTime and the time stamp of a STEP file have in common; the latter often lacks a zone.
TIME = re.compile(r"(\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?")
UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A perspective: where the eye is and where it looks, in metres and as a direction."""

    eye: Vector
    direction: Vector
    up: Vector = (0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One issue, and the elements that its viewpoint selects. GlobalIds that are none are left out."""

    title: str
    description: str
    global_ids: Sequence[str] = ()
    camera: Camera | None = None
    kind: str = "Error"
    label: str = ""
    files: Sequence[str] = ()


def write_topics(path: Path, topics: Sequence[Topic], *, project: str, date: str, version: Version) -> None:
    """Write a BCF file about the models of `project`, the same bytes for the same topics.

    `date` is the creation date of all topics; what is no date becomes 1980. The files of a topic are the
    names of the models that it is about.
    """
    found = TIME.fullmatch(date)
    stamp = f"{found[1]}{found[3] or 'Z'}" if found else OLDEST
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _parts(topics, project=project, stamp=stamp, version=version):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, HEAD + content)


def _parts(
    topics: Sequence[Topic], *, project: str, stamp: str, version: Version
) -> Iterator[tuple[str, str]]:
    """Yield the files in the archive."""
    detail = "<DetailedVersion>2.1</DetailedVersion>" if version == "2.1" else ""
    yield "bcf.version", f'<Version VersionId="{version}">{detail}</Version>'
    about = f'<Project ProjectId="{uuid5(NAMESPACE_URL, project)}"><Name>{_text(project)}</Name></Project>'
    if version == "2.1":
        schema = "<ExtensionSchema></ExtensionSchema>"
        yield "project.bcfp", f"<ProjectExtension>{about}{schema}</ProjectExtension>"
    else:
        yield "project.bcfp", f"<ProjectInfo>{about}</ProjectInfo>"
        yield "extensions.xml", _extensions(topics)
    for number, topic in enumerate(topics):
        guid = str(uuid5(NAMESPACE_URL, f"{project}\n{number}\n{topic.title}\n{topic.description}"))
        view = str(uuid5(NAMESPACE_URL, guid))
        yield f"{guid}/markup.bcf", _markup(topic, guid, view, stamp, version)
        if _has_view(topic):
            yield f"{guid}/viewpoint.bcfv", _viewpoint(topic, view, version)


def _has_view(topic: Topic) -> bool:
    return bool(topic.global_ids or topic.camera)


def _extensions(topics: Sequence[Topic]) -> str:
    kinds = "".join(f"<TopicType>{_text(kind)}</TopicType>" for kind in sorted({one.kind for one in topics}))
    labels = "".join(
        f"<TopicLabel>{_text(label)}</TopicLabel>" for label in sorted({one.label for one in topics} - {""})
    )
    return (
        f"<Extensions><TopicTypes>{kinds}</TopicTypes><TopicStatuses><TopicStatus>Open</TopicStatus>"
        f"</TopicStatuses>{f'<TopicLabels>{labels}</TopicLabels>' if labels else ''}"
        f"<Users><User>{AUTHOR}</User></Users></Extensions>"
    )


def _markup(topic: Topic, guid: str, view: str, stamp: str, version: Version) -> str:
    """Return a markup; in BCF 3.0 the viewpoints stand in the topic, and lists in an element."""
    file = "<Viewpoint>viewpoint.bcfv</Viewpoint>"
    inside, beside = "", f'<Viewpoints Guid="{view}">{file}</Viewpoints>' if _has_view(topic) else ""
    models = "".join(
        f'<File isExternal="true"><Filename>{_text(name)}</Filename></File>' for name in topic.files
    )
    label = f"<Labels>{_text(topic.label)}</Labels>" if topic.label else ""
    if version == "3.0":
        inside = f'<Viewpoints><ViewPoint Guid="{view}">{file}</ViewPoint></Viewpoints>' if beside else ""
        beside = ""
        models = f"<Files>{models.replace('isExternal', 'IsExternal')}</Files>"
        label = label and f"<Labels><Label>{_text(topic.label)}</Label></Labels>"
    return (
        f"<Markup>{f'<Header>{models}</Header>' if topic.files else ''}"
        f'<Topic Guid="{guid}" TopicType={quoteattr(topic.kind)} TopicStatus="Open">'
        f"<Title>{_text(topic.title)}</Title>{label}<CreationDate>{stamp}</CreationDate>"
        f"<CreationAuthor>{AUTHOR}</CreationAuthor><Description>{_text(topic.description)}</Description>"
        f"{inside}</Topic>{beside}</Markup>"
    )


def _viewpoint(topic: Topic, guid: str, version: Version) -> str:
    """Return what a viewer selects, and from where it looks."""
    chosen = "".join(f'<Component IfcGuid="{one}"/>' for one in topic.global_ids if GLOBAL_ID.fullmatch(one))
    selection = f"<Selection>{chosen}</Selection>" if chosen else ""
    camera = topic.camera
    if camera is None and version == "3.0":  # which demands one
        camera = Camera(eye=(0.0, 0.0, 0.0), direction=(0.0, 1.0, 0.0))
    return (
        f'<VisualizationInfo Guid="{guid}"><Components>{selection}<Visibility DefaultVisibility="true"/>'
        f"</Components>{_perspective(camera, version) if camera else ''}</VisualizationInfo>"
    )


def _perspective(camera: Camera, version: Version) -> str:
    places = {
        "CameraViewPoint": camera.eye,
        "CameraDirection": camera.direction,
        "CameraUpVector": camera.up,
    }
    vectors = "".join(
        f"<{name}><X>{x:.6f}</X><Y>{y:.6f}</Y><Z>{z:.6f}</Z></{name}>" for name, (x, y, z) in places.items()
    )
    aspect = "<AspectRatio>1.5</AspectRatio>" if version == "3.0" else ""
    return f"<PerspectiveCamera>{vectors}<FieldOfView>60</FieldOfView>{aspect}</PerspectiveCamera>"


def _text(text: str) -> str:
    return escape(UNFIT.sub("\ufffd", text))
