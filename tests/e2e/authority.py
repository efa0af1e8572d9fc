"""Certificates by an authority of the tests' own."""

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """An authority that nobody trusts who was not told to."""

    def __init__(self, folder):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = self._name("Authority of this test")
        self.issuer = name
        made = self._certificate(name, self.key).add_extension(x509.BasicConstraints(True, None), critical=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    @staticmethod
    def _name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def _certificate(self, subject, key, days=90):
        now = datetime.datetime.now(datetime.UTC)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self.issuer).public_key(key.public_key())
        return (made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=days)))

    def pair(self, host, days=90):
        """A certificate for a host, by its name or address, and its key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._certificate(self._name(host), key, days)
        made = made.add_extension(x509.SubjectAlternativeName([self._alternative(host)]), critical=False)
        made = made.add_extension(x509.BasicConstraints(False, None), critical=True)
        made = made.sign(self.key, hashes.SHA256())
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                    serialization.NoEncryption())
        return made.public_bytes(serialization.Encoding.PEM), private

    @staticmethod
    def _alternative(host):
        try:
            return x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            return x509.DNSName(host)

    def server_context(self, host):
        """What a server of Python shows as this host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pair = self.file.with_name(f"{host}.pem")
        pair.write_bytes(b"".join(self.pair(host)))
        context.load_cert_chain(pair)
        return context

    def context(self):
        return ssl.create_default_context(cafile=self.file)
