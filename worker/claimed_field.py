"""Claimed fields: a claim's files as one image for `model.reading`, and what tells one content of them from another."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model.reading.field import ChannelFile, Field, FieldChannel
from model.reading.metadata import ChannelMetadata
from model.reading.pixel_size import PixelSize
from nuqleus.database.files.records import Claim
from nuqleus.database.files.results import ImageResult
from nuqleus.database.late_channels import SEPARATOR, UNKNOWN
from nuqleus.database.plates import KnownChannel
from nuqleus.fields import FieldPlace

SIDECAR = "plate"
"""`images.pixel_size_from` of a size that a file beside the images of a plate gives."""


def field_of(claim: Claim, paths: Sequence[Path]) -> Field | None:
    """Return the field that a claimed file leads; None for a file on its own.

    Args:
        claim: of the lead.
        paths: of its files, in the order of `claim.files`.
    """
    if claim.field_key is None:
        return None
    place, channels = FieldPlace.parse(claim.field_key), plate_channels(claim)
    numbers = {channel.key: channel.channel for channel in channels}
    size = claim.plate.pixel_size_um if claim.plate else None
    return Field(
        [
            ChannelFile(path, numbers[str(file.channel)], file.z)
            for path, file in zip(paths, claim.files, strict=True)
        ],
        [FieldChannel(channel.key, _metadata(channel)) for channel in channels],
        name=f"{place.well}, site {place.site}" if place.well else place.part,
        t=place.t,
        pixel_size=PixelSize(size, SIDECAR) if size else None,
    )


def plate_channels(claim: Claim) -> Sequence[KnownChannel]:
    """The channels of a claim's plate, by number; those of its files alone where nothing is known of the plate."""
    if claim.plate and claim.plate.channels:
        return claim.plate.channels
    keys = sorted({str(file.channel) for file in claim.files})
    return [KnownChannel(number, key, key, None) for number, key in enumerate(keys)]


def field_content(claim: Claim, hashes: Sequence[str]) -> str:
    """SHA-256 of a field: over well, site and time point, and over channel, z and SHA-256 of each file.

    The plate is no part of it: one that is renamed keeps its results. Nor do two fields that are there share
    any: those of blank wells are byte for byte the same.

    Args:
        claim: of its lead.
        hashes: SHA-256 of each file, in the order of `claim.files`.
    """
    place = FieldPlace.parse(str(claim.field_key))
    lines = sorted(
        f"{file.channel}\0{file.z}\0{sha256}" for file, sha256 in zip(claim.files, hashes, strict=True)
    )
    head = f"{place.well}\0{place.site}\0{place.t}\0{place.part}"
    return hashlib.sha256("\n".join([head, *lines]).encode(errors="surrogateescape")).hexdigest()


def located(claim: Claim, image: ImageResult, expected: int | None = None) -> ImageResult:
    """Add the well and the site that an image of a claimed field shows, and what it lacks.

    Args:
        claim: of the field's lead, or of a file on its own, whose image stays as it is.
        image: what was found.
        expected: channels that a rule asks for; those that nobody knows are `UNKNOWN`.
    """
    if claim.field_key is None:
        return image
    place = FieldPlace.parse(claim.field_key)
    keys = [channel.key for channel in plate_channels(claim)]
    unknown = [UNKNOWN] * ((expected or 0) - len(keys))
    missing = [*(keys[number] for number in image.missing_channel_numbers), *unknown]
    return replace(
        image,
        well_id=claim.plate.well_id if claim.plate else None,
        site=place.site,
        missing_channels=SEPARATOR.join(missing) or None,
    )


def _metadata(channel: KnownChannel) -> ChannelMetadata:
    """What is known from beside the images; the name is the key where nothing is."""
    name = "" if channel.name == channel.key else channel.name
    return ChannelMetadata.called(name, excitation_nm=channel.wavelength)
