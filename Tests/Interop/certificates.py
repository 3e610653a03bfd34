#!/usr/bin/env python3
"""Makes certificates of libp2p hosts, good and bad: `certificates.py FOLDER` (specs: tls/tls.md, peer-ids/peer-ids.md).

Needs `cryptography`. Each case NAME has NAME.key (the certificate's key in PEM) and NAME.0.der, NAME.1.der, … (the chain);
the file `cases.json` says of each what a judge finds: {"name", "alert" (0: accepted), "wire" (the alert in a handshake
where it is another), "peer" (who it is), "expecting" (whom a client dials), "text" (what it is)}. `keys.json` has private keys as hosts keep them, in hexadecimal:
{"text", "private", "public", "peer", "signature" (of the bytes "hello")}.
"""

import datetime
import hashlib
import json
import pathlib
import secrets
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

BAD, UNSUPPORTED, EXPIRED, UNKNOWN, DECRYPT_ERROR = 42, 43, 45, 46, 51
RSA, ED25519, SECP256K1, ECDSA = range(4)
LIBP2P = "1.3.6.1.4.1.53594.1.1"
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# DER by hand, because no library makes what is wrong.


def element(tag, *contents):
    content = b"".join(contents)
    count = len(content)
    if count < 0x80:
        return bytes([tag, count]) + content
    length = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*contents):
    return element(0x30, *contents)


def octets(content):
    return element(0x04, content)


def bits(content):
    return element(0x03, b"\0", content)


def integer(value):
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def identifier(text):
    first, second, *rest = map(int, text.split("."))
    content = bytes([40 * first + second])
    for number in rest:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.insert(0, 0x80 | number & 0x7F)
        content += bytes(digits)
    return element(0x06, content)


def time(moment):
    if moment.year < 2050:
        return element(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return element(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def name(text):
    return sequence(element(0x31, sequence(identifier("2.5.4.3"), element(0x0C, text.encode()))))


# Protobuf, and the names of peers.


def varint(value):
    digits = [value & 0x7F]
    while value := value >> 7:
        digits[-1] |= 0x80
        digits.append(value & 0x7F)
    return bytes(digits)


def message(kind, key):
    return b"\x08" + varint(kind) + b"\x12" + varint(len(key)) + key


def base58(data):
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = alphabet[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def peer_id(public):
    if len(public) <= 42:
        return base58(bytes([0, len(public)]) + public)
    return base58(b"\x12\x20" + hashlib.sha256(public).digest())


def spki(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def sign(key, data, digest=None):
    digest = digest or hashes.SHA256()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), digest)
    return key.sign(data, ec.ECDSA(digest))


class Host:
    """A host key. Signatures and the message can be replaced by wrong ones."""

    def __init__(self, kind, key):
        self.kind, self.key = kind, key
        if kind == ED25519:
            public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        elif kind == SECP256K1:
            point = serialization.PublicFormat.CompressedPoint
            public = key.public_key().public_bytes(serialization.Encoding.X962, point)
        else:
            public = spki(key)
        self.public = message(kind, public)
        self.peer = peer_id(self.public)

    def sign(self, data):
        return sign(self.key, data)


class Forger:
    """A host key that is none, with a signature that is none."""

    def __init__(self, public):
        self.public, self.peer = public, peer_id(public)

    def sign(self, data):
        return secrets.token_bytes(64)


def extension(oid, value, critical=False):
    return sequence(identifier(oid), element(0x01, b"\xff") if critical else b"", octets(value))


def proof(host, key, critical=False):
    signature = host.sign(b"libp2p-tls-handshake:" + spki(key))
    return extension(LIBP2P, sequence(octets(host.public), octets(signature)), critical)


ALGORITHMS = {
    "p256": (lambda: ec.generate_private_key(ec.SECP256R1()), "1.2.840.10045.4.3.2", hashes.SHA256()),
    "p384": (lambda: ec.generate_private_key(ec.SECP384R1()), "1.2.840.10045.4.3.3", hashes.SHA384()),
    "sha1": (lambda: ec.generate_private_key(ec.SECP256R1()), "1.2.840.10045.4.1", hashes.SHA1()),
    "rsa": (lambda: rsa.generate_private_key(65537, 2048), "1.2.840.113549.1.1.11", hashes.SHA256()),
    "rsa1024": (lambda: rsa.generate_private_key(65537, 1024), "1.2.840.113549.1.1.11", hashes.SHA256()),
    "ed25519": (ed25519.Ed25519PrivateKey.generate, "1.3.101.112", None),
}
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
HOUR, YEAR = datetime.timedelta(hours=1), datetime.timedelta(days=365)


def certificate(
    key, extensions, algorithm="p256", version=2, start=NOW - HOUR, end=NOW + 100 * YEAR, unique=b"", signer=None,
    damage=False,
):
    _, oid, digest = ALGORITHMS[algorithm]
    chosen = sequence(identifier(oid), element(0x05) if algorithm.startswith("rsa") else b"")
    signed = sequence(
        element(0xA0, integer(version)) if version else b"",
        integer(secrets.randbits(120) | 1),
        chosen,
        name("host"),
        sequence(time(start), time(end)),
        name("host"),
        spki(key),
        unique,
        element(0xA3, sequence(*extensions)) if extensions else b"",
    )
    signature = bytearray(sign(signer or key, signed, digest))
    if damage:
        signature[-1] ^= 1
    return sequence(signed, chosen, bits(bytes(signature)))


class Cases:
    def __init__(self, folder):
        self.folder, self.cases = folder, []
        self.alice = Host(ED25519, ed25519.Ed25519PrivateKey.generate())

    def add(self, case, text, alert, peer, key, *chain, wire=None, expecting=None):
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / f"{case}.key").write_bytes(pem)
        for index, der in enumerate(chain):
            (self.folder / f"{case}.{index}.der").write_bytes(der)
        self.cases.append({
            "name": case, "text": text, "alert": alert, "wire": alert if wire is None else wire, "peer": peer,
            "expecting": expecting, "count": len(chain),
        })

    def host(self, case, text, host, alert=0, critical=False):
        """A good certificate, except perhaps for its host key."""
        key = ALGORITHMS["p256"][0]()
        self.add(case, text, alert, host.peer, key, certificate(key, [proof(host, key, critical)]))

    def shape(self, case, text, alert, algorithm="p256", extensions=None, wire=None, **named):
        """A good host key in a certificate with something about it. `extensions`: made from the key and the proof."""
        key = ALGORITHMS[algorithm][0]()
        mine = proof(self.alice, key)
        chosen = extensions(key, mine) if extensions else [mine]
        der = certificate(key, chosen, algorithm, **named)
        self.add(case, text, alert, self.alice.peer, key, der, wire=wire)

    def value(self, case, text, make):
        """An extension whose value is made from what it should hold."""

        def extensions(key, _):
            signature = self.alice.sign(b"libp2p-tls-handshake:" + spki(key))
            return [extension(LIBP2P, make(self.alice.public, signature))]

        self.shape(case, text, BAD, extensions=extensions)


def low_and_high(host, data):
    """The signature with the higher of both possible S, which libsecp256k1 alone would refuse."""
    r, s = utils.decode_dss_signature(sign(host.key, data))
    return utils.encode_dss_signature(r, max(s, SECP256K1_ORDER - s))


def rsa_message(modulus, exponent=65537):
    numbers = sequence(integer(modulus), integer(exponent))
    return message(RSA, sequence(sequence(identifier("1.2.840.113549.1.1.1"), element(0x05)), bits(numbers)))


def private_keys():
    """Private keys in all forms that peer-ids allows."""
    form, plain = serialization.PrivateFormat, serialization.NoEncryption()

    def der(key, form):
        return key.private_bytes(serialization.Encoding.DER, form, plain)

    keys = []

    def add(text, host, content):
        keys.append({
            "text": text, "private": message(host.kind, content).hex(), "public": host.public.hex(),
            "peer": host.peer, "signature": host.sign(b"hello").hex(),
        })

    host = Host(ED25519, ed25519.Ed25519PrivateKey.generate())
    seed = host.key.private_bytes(serialization.Encoding.Raw, form.Raw, plain)
    add("Ed25519", host, seed + host.public[4:])
    add("Ed25519 as older files have it", host, seed + 2 * host.public[4:])
    host = Host(SECP256K1, ec.generate_private_key(ec.SECP256K1()))
    add("secp256k1", host, host.key.private_numbers().private_value.to_bytes(32, "big"))
    for curve in ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1():
        host = Host(ECDSA, ec.generate_private_key(curve))
        add(f"ECDSA on {curve.name} in SEC 1", host, der(host.key, form.TraditionalOpenSSL))
        add(f"ECDSA on {curve.name} in PKCS #8", host, der(host.key, form.PKCS8))
    for size in 2048, 3072:
        host = Host(RSA, rsa.generate_private_key(65537, size))
        add(f"RSA of {size} bits", host, der(host.key, form.TraditionalOpenSSL))
    return keys


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    cases = Cases(folder)
    alice = cases.alice

    # Accepted.
    cases.host("ed25519", "an Ed25519 host key", alice)
    cases.host("ecdsa", "an ECDSA host key", Host(ECDSA, ec.generate_private_key(ec.SECP256R1())))
    cases.host("ecdsa384", "an ECDSA host key on P-384", Host(ECDSA, ec.generate_private_key(ec.SECP384R1())))
    cases.host("ecdsa521", "an ECDSA host key on P-521", Host(ECDSA, ec.generate_private_key(ec.SECP521R1())))
    secp256k1 = Host(SECP256K1, ec.generate_private_key(ec.SECP256K1()))
    cases.host("secp256k1", "a secp256k1 host key", secp256k1)
    secp256k1.sign = lambda data: low_and_high(secp256k1, data)
    cases.host("secp256k1-high", "a secp256k1 signature with a high S", secp256k1)
    cases.host("rsa2048", "an RSA host key of 2048 bits", Host(RSA, rsa.generate_private_key(65537, 2048)))
    cases.host("rsa4096", "an RSA host key of 4096 bits", Host(RSA, rsa.generate_private_key(65537, 4096)))
    cases.host("critical", "a critical libp2p extension", alice, critical=True)
    cases.shape(
        "other", "another extension that is not critical", 0,
        extensions=lambda key, mine: [extension("1.3.6.1.4.1.53594.9.9", b"\x05\x00"), mine])
    cases.shape("certificate-p384", "a certificate on P-384 with SHA-384", 0, "p384")
    cases.shape("certificate-rsa", "an RSA certificate with SHA-256", 0, "rsa")
    cases.shape("certificate-ed25519", "an Ed25519 certificate", 0, "ed25519")
    cases.shape("long", "a certificate until the year 4096", 0, end=NOW.replace(year=4096, day=1))

    # The shape of the certificate.
    cases.shape("expired", "an expired certificate", EXPIRED, start=NOW - 2 * YEAR, end=NOW - HOUR)
    cases.shape("early", "a certificate that is not good yet", EXPIRED, start=NOW + HOUR)
    cases.shape("damaged", "a self-signature with a wrong bit", BAD, damage=True)
    cases.shape("signer", "a certificate that another key signed", BAD, signer=ALGORITHMS["p256"][0]())
    cases.shape("version-1", "a certificate of version 1", BAD, version=0, extensions=lambda key, mine: [])
    cases.shape("version-2", "a certificate of version 2", BAD, version=1, extensions=lambda key, mine: [])
    cases.shape("issuer-id", "an issuer's unique identifier", BAD, unique=element(0x81, b"\0id"))
    cases.shape("subject-id", "a subject's unique identifier", BAD, unique=element(0x82, b"\0id"))
    cases.shape("sha1", "a certificate signed with SHA-1", UNSUPPORTED, "sha1")
    cases.shape("certificate-rsa1024", "an RSA certificate of 1024 bits", UNSUPPORTED, "rsa1024")
    key = ALGORITHMS["p256"][0]()
    good = certificate(key, [proof(alice, key)])
    cases.add("two", "two certificates", BAD, alice.peer, key, good, good)
    cases.add("garbage", "bytes that are no certificate", BAD, alice.peer, key, secrets.token_bytes(300))
    cases.add("trailing", "a byte after the certificate", BAD, alice.peer, key, good + b"\0")

    # Its extensions.
    cases.shape("bare", "no extension at all", BAD, extensions=lambda key, mine: [])
    cases.shape(
        "without", "only another extension", BAD,
        extensions=lambda key, mine: [extension("1.3.6.1.4.1.53594.9.9", b"\x05\x00")])
    cases.shape("twice", "the libp2p extension twice", BAD, extensions=lambda key, mine: [mine, mine])
    cases.shape(
        "other-twice", "another extension twice", BAD,
        extensions=lambda key, mine: [mine] + 2 * [extension("1.3.6.1.4.1.53594.9.9", b"\x05\x00")])
    cases.shape(
        "other-critical", "another critical extension", UNSUPPORTED,
        extensions=lambda key, mine: [mine, extension("1.3.6.1.4.1.53594.9.9", b"\x05\x00", True)])
    cases.shape(
        "usage-critical", "a critical key usage", UNSUPPORTED,
        extensions=lambda key, mine: [mine, extension("2.5.29.15", b"\x03\x02\x07\x80", True)])

    # The value of the extension.
    cases.value("value-empty", "an empty value", lambda public, signature: b"")
    cases.value("value-random", "a value that is no DER", lambda public, signature: b"\xff" * 80)
    cases.value("value-set", "a SET", lambda public, signature: element(0x31, octets(public), octets(signature)))
    cases.value("value-key", "the key alone", lambda public, signature: sequence(octets(public)))
    cases.value("value-bits", "a BIT STRING", lambda public, signature: sequence(octets(public), bits(signature)))
    cases.value(
        "value-inside", "a byte behind the signature",
        lambda public, signature: sequence(octets(public), octets(signature), b"\0"))
    cases.value(
        "value-behind", "a byte behind the value",
        lambda public, signature: sequence(octets(public), octets(signature)) + b"\0")
    cases.value(
        "value-third", "a third element",
        lambda public, signature: sequence(octets(public), octets(signature), octets(b"")))
    cases.value(
        "value-length", "a length in a longer form than needed",
        lambda public, signature: b"\x30\x82" + (len(public + signature) + 4).to_bytes(2, "big")
        + octets(public) + octets(signature))
    cases.value(
        "value-cut", "a value cut off", lambda public, signature: sequence(octets(public), octets(signature))[:-1])
    cases.value(
        "value-order", "the signature before the key",
        lambda public, signature: sequence(octets(b"\1" + signature), octets(public)))

    # The host key and its signature.
    raw = alice.public[4:]
    cases.host("key-4", "key type 4", Forger(message(4, raw)), UNSUPPORTED)
    cases.host("key-31", "an Ed25519 key of 31 bytes", Forger(message(ED25519, raw[:31])), BAD)
    cases.host("key-33", "an Ed25519 key of 33 bytes", Forger(message(ED25519, raw + b"\0")), BAD)
    cases.host("key-behind", "a byte behind the key message", Forger(alice.public + b"\0"), BAD)
    cases.host("key-type", "an Ed25519 key that is called RSA", Forger(message(RSA, raw)), BAD)
    cases.host("key-point", "33 bytes that are no point", Forger(message(SECP256K1, b"\x02" + b"\xff" * 32)), BAD)
    cases.host("rsa1024", "an RSA host key of 1024 bits", Host(RSA, rsa.generate_private_key(65537, 1024)), UNSUPPORTED)
    modulus = secrets.randbits(8200) | 1 << 8199 | 1
    cases.host("rsa8200", "an RSA host key of 8200 bits", Forger(rsa_message(modulus)), UNSUPPORTED)
    modulus >>= 8200 - 2048
    cases.host("rsa-exponent", "an RSA exponent above 2^31", Forger(rsa_message(modulus | 1, 1 << 32 | 1)), BAD)
    curve = Host(ECDSA, ec.generate_private_key(ec.SECP224R1()))
    cases.host("ecdsa224", "an ECDSA host key on P-224", curve, UNSUPPORTED)
    for kind, host in {
        "ed25519": Host(ED25519, ed25519.Ed25519PrivateKey.generate()),
        "secp256k1": Host(SECP256K1, ec.generate_private_key(ec.SECP256K1())),
        "ecdsa": Host(ECDSA, ec.generate_private_key(ec.SECP256R1())),
        "rsa": Host(RSA, rsa.generate_private_key(65537, 2048)),
    }.items():
        signs = host.sign
        host.sign = lambda data, signs=signs: signs(data + b"!")
        cases.host(f"signature-{kind}", f"an {kind} signature of something else", host, BAD)
        host.sign = lambda data: secrets.token_bytes(64)
        cases.host(f"random-{kind}", f"an {kind} signature of random bytes", host, BAD)

    # Who it is.
    key, thief = ALGORITHMS["p256"][0](), ALGORITHMS["p256"][0]()
    moved = certificate(thief, [proof(alice, key)])
    cases.add("moved", "the extension of another certificate", BAD, alice.peer, thief, moved)
    cases.add(
        "stolen", "another host's certificate, without its key", 0, alice.peer, thief,
        certificate(key, [proof(alice, key)]), wire=DECRYPT_ERROR)
    bob = Host(ED25519, ed25519.Ed25519PrivateKey.generate())
    good = certificate(key, [proof(alice, key)])
    cases.add("expected", "the peer that is dialled", 0, alice.peer, key, good, expecting=alice.peer)
    cases.add("unexpected", "another peer than the one that is dialled", UNKNOWN, alice.peer, key, good,
              expecting=bob.peer)
    (folder / "cases.json").write_text(json.dumps(cases.cases, indent=1))
    (folder / "keys.json").write_text(json.dumps(private_keys(), indent=1))
    return cases.cases


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(len(make(pathlib.Path(sys.argv[1]))), "certificates")
