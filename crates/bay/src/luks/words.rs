//! The arguments of `cryptsetup`. Pure: whatever they say, no password is among them.
//!
//! What a host's own defaults would decide is named outright, so that a device is the same wherever it is made, and no
//! header asks for more than a small machine of its customer has.

use std::ffi::OsString;
use std::path::Path;

use disks::tool::STDIN;
use model::ids::JobId;

/// Sectors of 512 bytes before the encrypted ones.
const HEADER_SECTORS: &str = "32768";

/// AES with a key of 256 bits, which XTS takes twice, and what any kernel counts in.
const CIPHER: [&str; 4] = ["--cipher", "aes-xts-plain64", "--key-size", "512"];

/// Argon2id over 256 MiB, four times: a second or two, and a machine with 1 GiB can open it.
const STRETCHED: [&str; 8] = [
    "--pbkdf",
    "argon2id",
    "--pbkdf-memory",
    "262144",
    "--pbkdf-parallel",
    "4",
    "--pbkdf-force-iterations",
    "4",
];

/// The lock is held by whoever runs it, and with `flock`, as cryptsetup would lock an image itself.
const UNLOCKED: &str = "--disable-locks";

/// Makes a volume of the device that is the standard input, labelled with the job's id.
pub(super) fn format(job: JobId, key: &Path) -> Vec<OsString> {
    let kind = ["luksFormat", "--batch-mode", UNLOCKED, "--type", "luks2"];
    let fixed = [
        "--hash",
        "sha256",
        "--sector-size",
        "512",
        "--offset",
        HEADER_SECTORS,
    ];
    let mut words = owned(kind);
    words.extend(owned(CIPHER));
    words.extend(owned(fixed));
    words.extend(owned(STRETCHED));
    words.extend(owned(["--label", job.as_str()]));
    with_key(words, key, &[STDIN])
}

/// Opens the volume on the standard input by a name below `/dev/mapper`.
pub(super) fn open(name: &str, key: &Path) -> Vec<OsString> {
    let words = owned(["open", UNLOCKED, "--type", "luks2"]);
    with_key(words, key, &[STDIN, name])
}

/// Opens the device on the standard input as if it were encrypted without a header, to be read: nothing is written, and all
/// that opening a volume needs is there.
pub(super) fn rehearse(name: &str, key: &Path) -> Vec<OsString> {
    let mut words = owned(["open", "--readonly", "--type", "plain"]);
    words.extend(owned(CIPHER));
    with_key(words, key, &[STDIN, name])
}

/// Tries a password on the volume on the standard input.
pub(super) fn try_password(key: &Path) -> Vec<OsString> {
    let words = owned(["open", "--test-passphrase", UNLOCKED, "--type", "luks"]);
    with_key(words, key, &[STDIN])
}

/// Closes what is open by a name.
pub(super) fn close(name: &str) -> Vec<OsString> {
    owned(["close", name])
}

fn with_key(mut words: Vec<OsString>, key: &Path, last: &[&str]) -> Vec<OsString> {
    words.push("--key-file".into());
    words.push(key.into());
    words.extend(last.iter().map(OsString::from));
    words
}

fn owned<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.map(OsString::from).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[OsString]) -> String {
        let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
        words.join(" ")
    }

    #[test]
    fn nothing_is_left_to_the_defaults_of_a_host() {
        let (job, key) = (JobId::new("3Q5KT").unwrap(), Path::new("/proc/7/fd/9"));
        assert_eq!(
            line(&format(job, key)),
            "luksFormat --batch-mode --disable-locks --type luks2 --cipher aes-xts-plain64 --key-size 512 --hash \
             sha256 --sector-size 512 --offset 32768 --pbkdf argon2id --pbkdf-memory 262144 --pbkdf-parallel 4 \
             --pbkdf-force-iterations 4 --label 3Q5KT --key-file /proc/7/fd/9 /proc/self/fd/0"
        );
        assert_eq!(
            line(&open("longshore-3Q5KT", key)),
            "open --disable-locks --type luks2 --key-file /proc/7/fd/9 /proc/self/fd/0 longshore-3Q5KT"
        );
        assert_eq!(
            line(&rehearse("t", key)),
            "open --readonly --type plain --cipher aes-xts-plain64 --key-size 512 --key-file /proc/7/fd/9 \
             /proc/self/fd/0 t"
        );
        assert_eq!(
            line(&try_password(key)),
            "open --test-passphrase --disable-locks --type luks --key-file /proc/7/fd/9 /proc/self/fd/0"
        );
        let sectors: u64 = HEADER_SECTORS.parse().unwrap();
        assert_eq!(sectors * 512, super::super::HEADER_BYTES);
    }
}
