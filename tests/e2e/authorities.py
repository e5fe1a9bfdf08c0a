"""Directories of certificates as docker and podman keep them, and certificates by openssl."""

import shutil
import subprocess


def issue(directory, name, ca, *options):
    """A certificate and its key, signed by ca (PEM, its key beside it): (certificate, key)."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-keyout", key, "-out", certificate,
                    *options], check=True, capture_output=True)
    return certificate, key


def fill(directory, ca=None, client=None):
    """ca.crt of ca, client.cert and client.key of a (certificate, key); returns the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    if ca:
        shutil.copy(ca, directory / "ca.crt")
    if client:
        shutil.copy(client[0], directory / "client.cert")
        shutil.copy(client[1], directory / "client.key")
        (directory / "client.key").chmod(0o600)
    return directory
