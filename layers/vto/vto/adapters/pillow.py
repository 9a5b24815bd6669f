"""Pictures as pixels; only functions that carry Pillow may build this."""

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageCms, UnidentifiedImageError

from vto.domain.pictures import MAX_UPLOAD_PIXELS, Prepared, fit
from vto.errors import PictureRejectedError, Violation

FORMATS = ("JPEG", "PNG", "WEBP")
JPEG_QUALITY = 95
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


class PillowTools:
    """The ``PictureTools`` port on Pillow."""

    def prepare(self, content: bytes) -> Prepared:
        """A model-ready picture; raises PictureRejectedError with a reason a person can act on.

        Header first (type, size, frames), then decode as small as possible, shrink, turn upright, convert to sRGB,
        flatten on white, and write anew, so that neither a byte of the upload nor its metadata survives.
        """
        with _opened(content) as image:
            orientation = image.getexif().get(EXIF_ORIENTATION, 1)
            lies = orientation >= 5  # stored on its side: width and height are swapped
            target = fit(*(image.size[::-1] if lies else image.size))
            stored = target[::-1] if lies else target
            profile = image.info.get("icc_profile")
            image.draft(None, stored)  # JPEG only: decodes at 1/2, 1/4 or 1/8 where that is still large enough
            small = _plain_mode(image).resize(stored, Image.Resampling.LANCZOS)
        if orientation in UPRIGHT:
            small = small.transpose(UPRIGHT[orientation])
        ready = _flattened(_to_srgb(small, profile))
        out = io.BytesIO()
        ready.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return Prepared(out.getvalue(), ready.width, ready.height, hashlib.sha256(out.getvalue()).hexdigest())

    def prepare_mask(self, content: bytes, width: int, height: int) -> bytes:
        """A pure black and white PNG of the source's size; raises PictureRejectedError."""
        with _opened(content) as image:
            drawn = _flattened(_plain_mode(image)).convert("L")
        if abs(drawn.width / drawn.height - width / height) > MASK_ASPECT_TOLERANCE * width / height:
            raise _rejected(
                f"is {drawn.width}×{drawn.height} pixels; it must have the photo's shape ({width}×{height})"
            )
        # nearest neighbour: anything smoother would make greys, which the contract forbids
        fitted = drawn.resize((width, height), Image.Resampling.NEAREST)
        binary = fitted.point(lambda value: 255 if value >= MASK_THRESHOLD else 0)
        if binary.getextrema() == (255, 255):
            raise _rejected("has no black area: paint black what is to be replaced")
        out = io.BytesIO()
        binary.convert("RGB").save(out, "PNG")
        return out.getvalue()

    def verify(self, content: bytes) -> tuple[int, int]:
        """Width and height of a picture that decodes whole; raises PictureRejectedError."""
        with _opened(content) as image:
            image.load()
            return image.size


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """A picture whose header is right; whatever goes wrong while it is decoded is a rejection too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        _ensure_decodable(image)
        yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        limit = MAX_UPLOAD_PIXELS // 1_000_000
        raise _rejected(f"has too many pixels: at most {limit} megapixels are accepted") from problem
    except UnidentifiedImageError as problem:
        raise _rejected("is not a JPEG, PNG or WebP picture, whatever its name says") from problem
    except (OSError, SyntaxError, ValueError, EOFError) as problem:  # what Pillow's decoders raise on damaged data
        raise _rejected("is damaged or cut off: upload it again") from problem


def _ensure_decodable(image: Image.Image) -> None:
    """Refuse by the header what would fill the memory, or has no one picture in it."""
    if image.width * image.height > MAX_UPLOAD_PIXELS:
        raise Image.DecompressionBombError
    if getattr(image, "is_animated", False) and image.format != "MPO":  # an MPO's first frame is the photo
        raise _rejected("is animated: use a still picture")


def _plain_mode(image: Image.Image) -> Image.Image:
    """The picture in one of the modes that resize and convert well: L, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:  # an alpha channel, or one colour that means "nothing here"
        return image.convert("RGBA")
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
    colours = colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _flattened(image: Image.Image) -> Image.Image:
    """The picture on white; what lies hidden under transparency must not show."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _rejected(problem: str) -> PictureRejectedError:
    return PictureRejectedError(problem, [Violation("picture", problem)])
