"""Finds whatever in a derived picture is not the picture: metadata, thumbnails, words, bytes behind its end."""

import zlib

JPEG_PARTS = {0xDB: "DQT", 0xC4: "DHT", 0xDD: "DRI", 0xC0: "SOF0", 0xC2: "SOF2"}  # tables and frames
NAMES = {
    b"Exif\0\0": "EXIF",
    b"http://ns.adobe.com/xap/1.0/": "XMP",
    b"http://ns.adobe.com/xmp/extension/": "extended XMP",
    b"Photoshop 3.0": "IPTC",
    b"ICC_PROFILE": "ICC profile",
    b"MPF\0": "more pictures",
    b"JFXX\0": "thumbnail",
}
PNG_PARTS = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def residue(content: bytes) -> list[str]:
    """What is in a JPEG or PNG besides its pixels and what is needed to decode them; nothing of that is known here."""
    return _of_png(content) if content.startswith(b"\x89PNG\r\n\x1a\n") else _of_jpeg(content)


def _of_jpeg(content: bytes) -> list[str]:
    if not content.startswith(b"\xff\xd8"):
        return ["no JPEG"]
    found, at = [], 2
    while content[at : at + 2] != b"\xff\xda":
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        body = content[at + 4 : at + 2 + length]
        if content[at] != 0xFF or length < 2:
            return [*found, f"stray bytes at {at}"]
        if marker == 0xE0 and body.startswith(b"JFIF\0"):
            if body[12:14] != b"\0\0" or len(body) != 14:
                found.append("thumbnail")
        elif marker not in JPEG_PARTS:
            found.append(
                next((name for start, name in NAMES.items() if body.startswith(start)), f"marker {marker:02X}")
            )
        at += 2 + length
    at += 2
    while at < len(content) - 1:  # pixels: only stuffed bytes, restarts and further scans may follow a 0xFF
        at = content.find(b"\xff", at)
        if at < 0:
            return [*found, "no end"]
        following = content[at + 1]
        if following == 0xD9:
            return [*found, f"{len(content) - at - 2} bytes behind the end"] if at + 2 != len(content) else found
        if following != 0 and not 0xD0 <= following <= 0xD7:
            found.append(f"marker {following:02X} among the pixels")
        at += 2
    return [*found, "no end"]


def _of_png(content: bytes) -> list[str]:
    found, at = [], 8
    while at + 8 <= len(content):
        length, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        data, check = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if zlib.crc32(name + data).to_bytes(4) != check:
            return [*found, f"damaged {name.decode('ascii', 'replace')}"]
        if name not in PNG_PARTS:
            found.append(f"chunk {name.decode('ascii', 'replace')}")
        at += 12 + length
        if name == b"IEND":
            return [*found, f"{len(content) - at} bytes behind the end"] if at != len(content) else found
    return [*found, "no end"]
