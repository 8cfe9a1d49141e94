"""OpenPGP keys that sign the indexes of PPAs, in so many formats as apt checks: RSA, version 4, SHA-512.

For tests only: arithmetic of constant time, passphrases and verification are no concern here. It starts no program and
keeps nothing on disk, so that an archive is signed on every machine.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache

BITS, EXPONENT = 2048, 65_537
MADE = 1_577_836_800  # when all of them were made: earlier than whatever is signed
DIGEST = bytes.fromhex("3051300d060960864801650304020305000440")  # what PKCS #1 puts before a SHA-512
RSA, SHA512, USER_KEY = 1, 10, 0x13
PUBLIC_KEY, USER_ID, SIGNATURE = 6, 13, 2
BINARY, TEXT = 0x00, 0x01
SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


@dataclass(frozen=True)
class SigningKey:
    """A key that can sign, and the name that it is for."""

    name: str
    primes: tuple[int, int]

    @cached_property
    def modulus(self) -> int:
        """The number of the public key."""
        return self.primes[0] * self.primes[1]

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the key, in capitals."""
        return hashlib.sha1(self._framed, usedforsecurity=False).hexdigest().upper()

    @cached_property
    def armored(self) -> str:
        """The public key with its name, as text."""
        name = self.name.encode()
        signed = self._framed + b"\xb4" + struct.pack(">I", len(name)) + name
        flags = _subpacket(27, b"\x03")
        packets = [(PUBLIC_KEY, self._public), (USER_ID, name), (SIGNATURE, self._sign(signed, USER_KEY, MADE, flags))]
        return _armored("PUBLIC KEY BLOCK", b"".join(_packet(*packet) for packet in packets))

    def detached(self, content: bytes, at: int) -> str:
        """A signature of a file, made at that time (in seconds since 1970)."""
        return _armored("SIGNATURE", _packet(SIGNATURE, self._sign(content, BINARY, at)))

    def clear_signed(self, text: str, at: int) -> str:
        """The text with its signature around it; a text ends with a newline."""
        lines = text.removesuffix("\n").split("\n")
        canonical = "\r\n".join(line.rstrip(" \t\r") for line in lines).encode()
        shown = "\n".join(f"- {line}" if line.startswith("-") else line for line in lines)
        signature = _armored("SIGNATURE", _packet(SIGNATURE, self._sign(canonical, TEXT, at)))
        return f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{shown}\n{signature}"

    @cached_property
    def _public(self) -> bytes:
        return b"\x04" + struct.pack(">IB", MADE, RSA) + _number(self.modulus) + _number(EXPONENT)

    @property
    def _framed(self) -> bytes:
        return b"\x99" + struct.pack(">H", len(self._public)) + self._public

    def _sign(self, content: bytes, kind: int, at: int, more: bytes = b"") -> bytes:
        fingerprint = bytes.fromhex(self.fingerprint)
        hashed = _subpacket(2, struct.pack(">I", at)) + _subpacket(33, b"\x04" + fingerprint) + more
        head = bytes([4, kind, RSA, SHA512]) + struct.pack(">H", len(hashed)) + hashed
        digest = hashlib.sha512(content + head + b"\x04\xff" + struct.pack(">I", len(head))).digest()
        size = BITS // 8
        padded = b"\x00\x01" + b"\xff" * (size - 3 - len(DIGEST) - len(digest)) + b"\x00" + DIGEST + digest
        issuer = _subpacket(16, fingerprint[-8:])
        value = self._raised(int.from_bytes(padded, "big"))
        return head + struct.pack(">H", len(issuer)) + issuer + digest[:2] + _number(value)

    def _raised(self, value: int) -> int:
        """The value to the power of the secret: prime by prime, which takes a third of the time."""
        one, other = self.primes
        low, high = (pow(value, pow(EXPONENT, -1, prime - 1), prime) for prime in (other, one))
        return low + other * ((high - low) * pow(other, -1, one) % one)


@lru_cache(maxsize=64)
def signing_key(owner: str) -> SigningKey:
    """The key of an owner's PPAs, the same one as long as the process lives; making it takes up to seconds."""
    return SigningKey(f"Launchpad PPA for {owner}", (_prime(BITS // 2), _prime(BITS // 2)))


def _prime(bits: int) -> int:
    while True:
        number = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        if any(number % small == 0 for small in SMALL_PRIMES) or number % EXPONENT == 1:
            continue
        if all(pow(base, number - 1, number) == 1 for base in (2, 3, 5)):
            return number


def _number(value: int) -> bytes:
    return struct.pack(">H", value.bit_length()) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def _subpacket(kind: int, body: bytes) -> bytes:
    return bytes([len(body) + 1, kind]) + body


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + struct.pack(">I", len(body)) + body


def _armored(kind: str, data: bytes) -> str:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    check = base64.b64encode(_checksum(data).to_bytes(3, "big")).decode()
    return "\n".join([f"-----BEGIN PGP {kind}-----", "", *lines, f"={check}", f"-----END PGP {kind}-----", ""])


def _checksum(data: bytes) -> int:
    register = 0xB704CE
    for byte in data:
        register ^= byte << 16
        for _ in range(8):
            register <<= 1
            if register & 0x1000000:
                register ^= 0x1864CFB
    return register & 0xFFFFFF
