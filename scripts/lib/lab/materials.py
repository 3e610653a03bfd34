"""What an experiment is given: files to serve and certificates."""

import hashlib
import random
import string
import subprocess

NAMES = "DNS:server,DNS:server4,DNS:server6,DNS:server46"
AUTHORITY = ["keyUsage=critical,keyCertSign", "basicConstraints=critical,CA:TRUE"]
DAYS = "10"


def make_files(folder, files, seed):
    """Writes (name, size) with random bytes; a name of None is chosen. Returns {name: digest}."""
    dice = random.Random(seed)
    result = {}
    for name, size in files:
        name = name or "".join(dice.choices(string.ascii_lowercase, k=12))
        data = dice.randbytes(size)
        (folder / name).write_bytes(data)
        result[name] = hashlib.sha256(data).hexdigest()
    return result


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def make_certificates(folder, length=1):
    """ca.pem, a chain of that many certificates below it in cert.pem, the leaf's key in priv.key, all of EC P-256.
    A chain that is longer than one gets a leaf with twenty names of 250 characters, to fill many packets."""
    names = NAMES
    if length > 1:
        dice = random.Random(length)
        letters = string.ascii_lowercase + string.digits
        names += "".join(f",DNS:{''.join(dice.choices(letters, k=250))}" for _ in range(20))
    _openssl(folder, *_key("ca"), "-x509", "-out", "ca.pem", "-subj", "/O=tern laboratory root", *_extend(AUTHORITY))
    issuer, chain = "ca", []
    for number in range(1, length + 1):
        is_leaf = number == length
        name = "priv" if is_leaf else f"intermediate{number}"
        subject = "/O=tern laboratory leaf" if is_leaf else f"/O=tern laboratory intermediate {number}"
        extensions = [f"subjectAltName={names}", "basicConstraints=critical,CA:FALSE"] if is_leaf else AUTHORITY
        _openssl(folder, *_key(name), "-out", f"{name}.csr", "-subj", subject)
        (folder / f"{name}.ext").write_text("\n".join(extensions) + "\n")
        sign = ["x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"]
        _openssl(
            folder, *sign, "-CAcreateserial", "-days", DAYS, "-sha256", "-extfile", f"{name}.ext", "-out", f"{name}.pem"
        )
        chain.insert(0, (folder / f"{name}.pem").read_text())
        issuer = name
    (folder / "cert.pem").write_text("".join(chain))
    for path in folder.iterdir():
        if path.name not in ("ca.pem", "cert.pem", "priv.key"):
            path.unlink()


def _key(name):
    return ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]


def _extend(extensions):
    return ["-days", DAYS] + [word for extension in extensions for word in ("-addext", extension)]


def _openssl(folder, *words):
    result = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"openssl {words[0]} made no certificate: {result.stderr.strip()}")
