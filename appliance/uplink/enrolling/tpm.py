# SPDX-License-Identifier: GPL-2.0-only
"""A box's key in its TPM 2.0: made there, and good on that machine alone, whoever copies the disk.

The file `key.pem` then holds what only this TPM can load (`TSS2 PRIVATE KEY`), below its owner's hierarchy, which a
factory reset of the machine's firmware ends. OpenSSL knows it by tpm2-openssl: Python's ssl has that provider loaded
into its own libcrypto, beside the default one, which goes on doing all else; what ssl has no words for `openssl` does.
"""

import _ssl
import ctypes
import os
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.uplink.enrolling.private import write_private

DEVICE = Path("/dev/tpmrm0")
"""By the kernel's resource manager, so that any number of processes have their keys in it."""
TCTI = "TPM2OPENSSL_TCTI"
"""Where the provider finds the TPM, a name of the environment; tests name a software TPM by it."""
HEAD = b"-----BEGIN TSS2 PRIVATE KEY-----"
ANSWER_S = 20.0
"""A TPM makes a key in one second or so."""
_BOTH = ("-provider", "tpm2", "-provider", "default")
_PREFERRED = ("-propquery", "?provider=tpm2")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
"""AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 §3.2) in DER."""


class TpmError(OSError):
    """No TPM, or not the one of this key; the text is the sentence."""


class TpmKey:
    """Of a file that `make` has written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._public: ec.EllipticCurvePublicKey | None = None

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Raises TpmError."""
        if self._public is None:
            told = _openssl("pkey", "-in", str(self._path), "-pubout", *_BOTH)
            found = serialization.load_pem_public_key(told)
            if not isinstance(found, ec.EllipticCurvePublicKey):
                raise TpmError(f"{self._path} is no key on a curve (P-256)")
            self._public = found
        return self._public

    def sign(self, octets: bytes) -> bytes:
        """ECDSA with SHA-256, in DER. Raises TpmError."""
        return _openssl("dgst", "-sha256", "-sign", str(self._path), *_BOTH, *_PREFERRED, given=octets)

    def request(self, subject: x509.Name) -> bytes:
        """PKCS #10 in DER. Raises TpmError."""
        stand_in = ec.generate_private_key(ec.SECP256R1())
        made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(stand_in, hashes.SHA256())
        return self._signed(made.tbs_certrequest_bytes, stand_in)

    def certificate(self, subject: x509.Name) -> bytes:
        """Its own, by itself, in DER, for a trial. Raises TpmError."""
        stand_in, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        made = (
            x509.CertificateBuilder(subject, subject, stand_in.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(stand_in, hashes.SHA256())
        )
        return self._signed(made.tbs_certificate_bytes, stand_in)

    def _signed(self, told: bytes, stand_in: ec.EllipticCurvePrivateKey) -> bytes:
        """What was told of a stand-in, told of this key: points of a curve are all of one length."""
        told = told.replace(_point(stand_in.public_key()), _point(self.public_key()))
        signature = b"\0" + self.sign(told)
        return _der(0x30, told + _ECDSA_SHA256 + _der(0x03, signature))


def is_tpm_s(octets: bytes) -> bool:
    """Whether that is a key of a TPM, as a file has it."""
    return octets.lstrip().startswith(HEAD)


def present() -> bool:
    """Whether there is a TPM that opens."""
    if TCTI in os.environ:
        return True
    try:
        os.close(os.open(DEVICE, os.O_RDWR))
    except OSError:
        return False
    return True


def make(path: Path) -> None:
    """A key of the TPM, proved by a handshake before it counts. Raises TpmError, OSError."""
    octets = _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "group:P-256", *_BOTH, *_PREFERRED)
    if not is_tpm_s(octets):
        raise TpmError("OpenSSL has made a key that is not the TPM's")
    with TemporaryDirectory(prefix="branchline-") as folder:
        trial = Path(folder) / path.name
        write_private(trial, octets)
        _prove(trial)
    write_private(path, octets)


def load_provider() -> None:
    """From now on this process's ssl takes a TPM's key from a file; all else stays as it is. Raises TpmError."""
    try:
        library = ctypes.CDLL(_ssl.__file__)  # its libcrypto is whichever it was linked with
        load, there = library.OSSL_PROVIDER_load, library.OSSL_PROVIDER_available
    except (OSError, AttributeError) as error:
        raise TpmError("Python's ssl is linked with an OpenSSL before 3.0, which takes no TPM's key") from error
    load.restype, load.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p)
    there.restype, there.argtypes = ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)
    told, is_there = os.environ.get(TCTI), present()
    os.environ[TCTI] = told or f"device:{DEVICE}"  # it is looked at as the provider is loaded, and then no more
    try:
        for name in (b"default", b"tpm2"):  # who comes first is asked first: never a TPM for what a processor does
            if not there(None, name) and not load(None, name):
                raise TpmError(_absent(is_there=is_there))
    finally:
        if told is None:
            del os.environ[TCTI]


def _prove(path: Path) -> None:
    """A handshake of TLS 1.3 in memory, in which the key answers for itself. Raises TpmError."""
    load_provider()
    key, name = TpmKey(path), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "trial")])
    own = x509.load_der_x509_certificate(key.certificate(name))
    pem = path.with_name("trial.pem")
    pem.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    try:
        own.verify_directly_issued_by(own)
        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.load_verify_locations(pem)
        server.load_cert_chain(pem, path)
        _shake(server, client)
    except (ssl.SSLError, InvalidSignature) as error:
        raise TpmError(f"the TPM's key cannot be used in TLS: {error}") from error


def _shake(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)]
    for _ in range(4):
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)
    if ends:
        raise TpmError("the TPM's key cannot be used in TLS: the handshake has no end")


def _openssl(*words: str, given: bytes = b"") -> bytes:
    environment = {TCTI: f"device:{DEVICE}", **os.environ}
    try:
        done = subprocess.run(
            ["openssl", *words], input=given, capture_output=True, check=True, timeout=ANSWER_S, env=environment
        )
    except FileNotFoundError as error:
        raise TpmError("the program openssl is missing") from error
    except subprocess.TimeoutExpired as error:
        raise TpmError(f"the TPM did not answer within {ANSWER_S:.0f} s") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TpmError(f"{_absent(is_there=present())} ({said[-1] if said else error.returncode})") from error
    return done.stdout


def _absent(*, is_there: bool) -> str:
    if not is_there:
        return f"the key is one of a TPM, and {DEVICE} is not there or does not open"
    return "the key cannot be used: it is another TPM's, or the package tpm2-openssl is missing"


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _der(tag: int, octets: bytes) -> bytes:
    length = len(octets)
    if length < 0x80:
        return bytes((tag, length)) + octets
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size) + octets
