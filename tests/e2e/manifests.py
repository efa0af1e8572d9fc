"""Writes manifests."""

ADDRESS = {
    "name": "Web Operations",
    "company": "Assets Ltd",
    "street1": "900 Fourth Street",
    "street2": "Dock 2",
    "city": "Sacramento",
    "stateOrProvince": "CA",
    "postalCode": "95814",
    "country": "USA",
    "phoneNumber": "+1-916-555-0160",
}


def _lines(options, indent=""):
    for name, value in options.items():
        if value is None:
            continue
        if isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "    ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{name}:"
            for entry in value:
                first, *rest = _lines(entry)
                yield f"{indent}    - {first}"
                yield from (f"{indent}      {line}" for line in rest)
        elif isinstance(value, list):
            yield f"{indent}{name}:"
            yield from (f"{indent}    - {item}" for item in value)
        else:
            yield f"{indent}{name}: {value}"


def manifest(**options):
    """A manifest of these options. `None` leaves one of the usual ones out."""
    usual = {
        "manifestVersion": "2.0",
        "deviceId": "E2E-1",
        "eraseDevice": "no",
        "notificationEmail": "web@assets.example",
    }
    return "\n".join(_lines(usual | options | {"returnAddress": options.get("returnAddress", ADDRESS)})) + "\n"


def importing(bucket, **options):
    """The manifest of an import into `bucket`."""
    return manifest(bucket=bucket, **options)


def exporting(bucket, log_bucket, **options):
    """The manifest of an export from `bucket`."""
    usual = {
        "fileSystem": "EXT4",
        "trueCryptPassword": "eight-Words_here",
        "logBucket": log_bucket,
        "operations": [{"exportBucket": bucket}],
        "eraseDevice": None,
    }
    return manifest(**(usual | options))
