"""The proof that somebody knows a password, without sending it: Cognito's USER_SRP_AUTH, the one flow that prod allows.

SRP-6a over the 3072-bit group of RFC 3526 with generator 2 and SHA-256; the names are the protocol's. Source: AWS's own
client, https://github.com/aws-amplify/amplify-js (``AuthenticationHelper``), and RFC 5054.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

N: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G: Final = 2
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class BadChallengeError(Exception):
    """The server's part of the dialogue is not one that a proof may be given to."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One side's part of one sign-in; ``a`` is its secret and must be new each time."""

    pool_id: str
    password: str = field(repr=False)
    a: int = field(default_factory=lambda: secrets.randbits(1024), repr=False)

    @property
    def public(self) -> str:
        """A, in hex: what opens the dialogue."""
        return f"{self._public:x}"

    @property
    def _public(self) -> int:
        return pow(G, self.a, N)

    def answer(self, challenge: Mapping[str, str], now: datetime) -> dict[str, str]:
        """What to answer to the challenge PASSWORD_VERIFIER.

        Args:
            challenge: Its parameters, as Cognito sends them.
            now: This moment; Cognito takes a clock that is a few minutes off.

        Raises:
            BadChallengeError: Its B would give the password away, or it is no such challenge.
        """
        try:
            user, block = challenge["USER_ID_FOR_SRP"], challenge["SECRET_BLOCK"]
            salt, b = int(challenge["SALT"], 16), int(challenge["SRP_B"], 16)
            secret = base64.b64decode(block)
        except (KeyError, ValueError) as problem:
            raise BadChallengeError(f"unreadable: {type(problem).__name__}") from problem
        if salt < 0 or b < 0 or b % N == 0:
            raise BadChallengeError("its public value is zero, or no number")
        u = _hash(_bytes(self._public), _bytes(b))  # zero once in 2²⁵⁶
        name = self.pool_id.partition("_")[2]
        x = _hash(_bytes(salt), hashlib.sha256(f"{name}{user}:{self.password}".encode()).digest())
        k = _hash(_bytes(N), _bytes(G))
        s = pow(b - k * pow(G, x, N), self.a + u * x, N)
        key = _mac(_mac(_bytes(u), _bytes(s)), b"Caldera Derived Key\x01")[:16]
        at = stamp(now)
        signature = _mac(key, f"{name}{user}".encode() + secret + at.encode())
        return {
            "USERNAME": user,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
            "TIMESTAMP": at,
        }


def stamp(now: datetime) -> str:
    """A moment as Cognito wants it, in English whatever the machine speaks: ``Sat Nov 7 09:03:05 UTC 2026``."""
    at = now.astimezone(UTC)
    return f"{DAYS[at.weekday()]} {MONTHS[at.month - 1]} {at.day} {at:%H:%M:%S} UTC {at.year}"


def _bytes(number: int) -> bytes:
    """Big-endian, with a zero byte before a set highest bit, as Java's BigInteger writes it."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
