"""What the tests of erasing share: services with rules for it, and by what a person confirms an image."""

import json

# An image tells no serial number: it is confirmed by the last four characters of its name in the manifest.
DEVICE, END = "SHELF-7Q42", "7Q42"


def service(new_service, folder, bucket, **rules):
    """A service with a bucket, whose rules for erasing are these."""
    config = folder / "longshore.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in ({"hold_hours": 0} | rules).items()]
    config.write_text('[embedded_store]\nlisten = "127.0.0.1:0"\n[erase]\n' + "\n".join(lines) + "\n")
    made = new_service(config)
    made.buckets(bucket)
    return made
