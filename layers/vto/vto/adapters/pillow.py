"""Pictures as pixels; only functions that carry Pillow may build this."""

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image, ImageCms, PngImagePlugin, UnidentifiedImageError

from vto.adapters.containers import Layout, look_at
from vto.adapters.heic import Heic, is_heic
from vto.adapters.renditions import shown_and_preview
from vto.domain.pictures import LOWER_TIER, MAX_UPLOAD_PIXELS, Prepared, Rendition, Tier, fit
from vto.errors import PictureRejectedError, Violation

FORMATS = ("JPEG", "PNG", "WEBP")
FOR_ENGINES = ("JPEG", "MPO", "PNG")
JPEG_QUALITY = 95
LANCZOS, BICUBIC = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC
EXIF_ORIENTATION = 0x0112
UPRIGHT = {  # how a picture stored with each EXIF orientation is turned upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
MASK_ASPECT_TOLERANCE = 0.02
MASK_THRESHOLD = 128

# What decoding may take, so that a function stays below 512 MB with the upload, what is made of it, and AWS's SDK.
DECODING_LIMIT = 240_000_000
# Measured, in bytes per pixel: a WebP lies in four canvases at once. A JPEG is decoded at half its size or less where
# it would be large, and ``Layout`` knows what is kept of it besides.
DECODING_BYTES = {"PNG": 4, "WEBP": 16}
BAND_PIXELS = 2_000_000  # how much of a large picture is shrunk at a time

PngImagePlugin.MAX_TEXT_MEMORY = 8_000_000  # nobody reads the words in a PNG, and 64 MB of them are Pillow's default

# Pillow lets through whatever its parsers stumble over in damaged data, and each release finds another place: these are
# all the classes that broken input can lead to. A mistake of ours would be among them too, hence a detail with its name
# and the cause; that is the lesser evil, as an upload that escapes here never becomes a row with a reason.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)


class PillowTools:
    """The ``PictureTools`` port on Pillow."""

    def prepare(self, content: bytes, tier: Tier = LOWER_TIER) -> Prepared:
        """A model-ready picture; raises PictureRejectedError with a reason a person can act on.

        Header first (type, size, frames), then decode as small as possible, shrink, turn upright, convert to sRGB,
        flatten on white, and write anew, so that neither a byte of the upload nor its metadata survives.
        """
        small, profile = _small_heic(content, tier) if is_heic(content) else _small(content, tier)
        ready = _flattened(_to_srgb(small, profile))
        content = _saved(ready, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return Prepared(content, ready.width, ready.height, hashlib.sha256(content).hexdigest())

    def prepare_mask(self, content: bytes, width: int, height: int) -> bytes:
        """A pure black and white PNG of the source's size; raises PictureRejectedError.

        The shape is compared before a pixel is decoded, and the size reduced before anything else is done to them.
        """
        with _opened(content) as image:
            size = image.size
            if _alike(size, (width, height)) or _alike(size[::-1], (width, height)):  # lying, it may fit when turned
                orientation = _orientation(image)
                size = _turned(size, orientation)
            if not _alike(size, (width, height)):
                problem = f"is {size[0]}×{size[1]} pixels; it must have the photo's shape ({width}×{height})"
                raise _rejected(problem, "draw it over the photo as it is")
            stored = _turned((width, height), orientation)
            image.draft(None, stored)
            # nearest neighbour: anything smoother would make greys, which the contract forbids
            small = _plain_mode(image.resize(stored, Image.Resampling.NEAREST))
            fitted = _flattened(_upright(small, orientation)).convert("L")
        binary = fitted.point(lambda value: 255 if value >= MASK_THRESHOLD else 0)
        if binary.getextrema() == (255, 255):
            raise _rejected("has no black area", "paint black what is to be replaced")
        if binary.getextrema() == (0, 0):
            raise _rejected("has no white area", "paint white what is to stay")
        return _saved(binary.convert("RGB"), "PNG")

    def rendition(self, content: bytes) -> Rendition:
        """What is shown of a picture that decodes whole; raises PictureRejectedError."""
        with _opened(content) as image:
            image.load()
            size, profile = image.size, image.info.get("icc_profile")
            colours = _to_srgb(_upright(_plain_mode(image), _orientation(image)), profile)
        return Rendition(*size, *shown_and_preview(colours))

    def measure(self, content: bytes) -> tuple[int, int]:
        """Width and height of a picture that an engine can be given as it is; raises PictureRejectedError."""
        remedy = "let the import prepare it, or save it so"
        with _opened(content) as image:
            if image.format not in FOR_ENGINES or image.mode not in ("RGB", "RGBA"):
                kind = f"{image.format} picture of mode {image.mode}"
                raise _rejected(f"is a {kind}; engines take JPEG and PNG with 8-bit RGB", remedy)
            if _orientation(image) in UPRIGHT:
                raise _rejected("is turned by its EXIF data; engines may not obey that", remedy)
            image.load()
            if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
                raise _rejected("has transparent pixels; engines take none", remedy)
            return image.size


def _small(content: bytes, tier: Tier) -> tuple[Image.Image, bytes | None]:
    """A picture upright and as small as the tier wants it, and its colour profile."""
    with _opened(content) as image:
        orientation = _orientation(image)
        stored = _turned(fit(*_turned(image.size, orientation), tier), orientation)
        profile, size = image.info.get("icc_profile"), image.size
        image.draft(None, stored)  # JPEG only: decodes at 1/2, 1/4 or 1/8 where that is still large enough
        # What a decoder has made half as large has lost its finest lines already. Lanczos would cost half as much
        # again there, to be 0.1 dB nearer to what it makes of all pixels (docs/performance.md).
        small = _shrunk(image, stored, LANCZOS if image.size == size else BICUBIC)
    return _upright(small, orientation), profile


def _small_heic(content: bytes, tier: Tier) -> tuple[Image.Image, bytes | None]:
    """The same of a HEIC, which no decoder can make smaller on its way."""
    with _rejecting():
        heic = Heic(content)
        _ensure_fits(heic.pixels, heic.decoding_bytes, "such a HEIC")
        return _shrunk_by_bands(heic.rows, heic.size, fit(*heic.size, tier)), heic.profile


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """A picture whose header is right; whatever goes wrong while it is decoded is a rejection too."""
    with _rejecting():
        layout = look_at(content)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        _ensure_decodable(image, layout)
        yield image


@contextmanager
def _rejecting() -> Iterator[None]:
    """Whatever goes wrong while a picture is opened or decoded is a reason to reject it."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as cause:
        limit = MAX_UPLOAD_PIXELS // 1_000_000
        raise _rejected(
            f"has too many pixels: at most {limit} megapixels are accepted", "use a smaller picture"
        ) from cause
    except UnidentifiedImageError as cause:
        problem = "is not a JPEG, PNG or WebP picture, whatever its name says"
        raise _rejected(problem, "save it as one of them") from cause
    except DAMAGE as cause:
        raise _rejected("is damaged or cut off", "upload it again", type(cause).__name__) from cause


def _ensure_decodable(image: Image.Image, layout: Layout) -> None:
    """Refuse by the header what would fill the memory, or has no one picture in it."""
    each = layout.sample_bytes or DECODING_BYTES.get(image.format or "", 0)
    kind = "JPEG that is not baseline" if layout.sample_bytes else image.format or ""
    _ensure_fits(image.width * image.height, each, kind)
    if getattr(image, "is_animated", False) and image.format != "MPO":  # an MPO's first frame is the photo
        raise _rejected("is animated", "use a still picture")


def _ensure_fits(pixels: int, each: float, kind: str) -> None:
    """Refuse what has too many pixels, or takes too many bytes for each of them."""
    if pixels > MAX_UPLOAD_PIXELS:
        raise Image.DecompressionBombError
    if pixels * each > DECODING_LIMIT:
        limit = DECODING_LIMIT // (each * 1_000_000)
        problem = f"has too many pixels: at most {limit:.0f} megapixels are accepted as {kind}"
        raise _rejected(problem, "use a smaller picture")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; what cannot be read as one counts as 1, upright: the pixels may still be good."""
    if image.format == "PNG":
        image.load()  # reads what lies behind the pixels too, and lets a damaged picture not pass for bad EXIF
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow has one for each of its entries that is wrong
            orientation = image.getexif().get(EXIF_ORIENTATION)
    except Exception:  # noqa: BLE001 - EXIF is a small file system that anybody may have written, in any way
        return 1
    return orientation if isinstance(orientation, int) and orientation in UPRIGHT else 1


def _turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height upright, of those as stored; or the other way round."""
    return size[::-1] if orientation >= 5 else size


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _alike(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes have the same shape."""
    wanted = other[0] / other[1]
    return abs(size[0] / size[1] - wanted) <= MASK_ASPECT_TOLERANCE * wanted


def _shrunk(image: Image.Image, size: tuple[int, int], how: Image.Resampling) -> Image.Image:
    """The picture in a plain mode and of another size."""
    image.load()
    if image.mode in ("RGB", "CMYK", "L") and not image.has_transparency_data:
        return image.resize(size, how)
    return _shrunk_by_bands(lambda top, bottom: image.crop((0, top, image.width, bottom)), image.size, size)


def _shrunk_by_bands(
    rows: Callable[[int, int], Image.Image], stored: tuple[int, int], size: tuple[int, int]
) -> Image.Image:
    """The same, converted and shrunk by bands of rows, so that no second copy of all pixels is made.

    What comes out is what would come out of all of it at once: Pillow too goes over rows first, and over columns then.

    Args:
        rows: Gives the rows from one to above another.
        stored: Width and height of all of them.
        size: What is wanted.
    """
    width, height = stored
    step = max(1, BAND_PIXELS // width)
    narrow: Image.Image | None = None
    for top in range(0, height, step):
        band = _plain_mode(rows(top, min(top + step, height)))
        if band.mode == "RGBA":
            band = band.convert("RGBa")  # what is transparent must not colour its neighbours
        band = band.resize((size[0], band.height), LANCZOS)
        narrow = narrow or Image.new(band.mode, (size[0], height))
        narrow.paste(band, (0, top))
    if narrow is None:
        raise ValueError("no rows")
    small = narrow.resize(size, LANCZOS)
    return small.convert("RGBA") if small.mode == "RGBa" else small


def _plain_mode(image: Image.Image) -> Image.Image:
    """The picture in one of the modes that resize and convert well: L, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:  # an alpha channel, or one colour that means "nothing here"
        return image if image.mode == "RGBA" else image.convert("RGBA")  # Pillow would copy all of it
    return image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB; phones' photos are often Display P3, and dropping the profile would change the garment."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha else image
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken or foreign profile is no reason to refuse a photo
        colours = converted or colours
    colours = _rgb(colours)
    if alpha:
        colours.putalpha(alpha)
    return colours


def _flattened(image: Image.Image) -> Image.Image:
    """The picture on white; what lies hidden under transparency must not show."""
    if image.mode != "RGBA":
        return _rgb(image)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _rgb(image: Image.Image) -> Image.Image:
    """The picture in RGB; itself where it is: Pillow would copy it."""
    return image if image.mode == "RGB" else image.convert("RGB")


def _saved(image: Image.Image, kind: str, **options: int) -> bytes:
    """The picture as a file, without what Pillow would carry on from the upload: its comment, its profile, its text."""
    image.info.clear()
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _rejected(problem: str, remedy: str, cause: str = "") -> PictureRejectedError:
    return PictureRejectedError(f"{problem} ({cause})" if cause else problem, [Violation("picture", problem, remedy)])
