//! What a header may cost at most, whatever it says.

use std::time::Duration;

/// How long all slots of a LUKS header together are tried.
pub const LUKS_TIME: Duration = Duration::from_secs(60);

/// How long the passwords of a VeraCrypt volume are tried: each of seven ways to derive its key, on each of four headers,
/// takes up to three seconds.
pub const VERACRYPT_TIME: Duration = Duration::from_secs(300);

/// The most memory of Argon2 in KiB: 1 GiB, above which no program makes a header by itself.
pub const ARGON2_KIB: u32 = 1 << 20;

/// The most lanes of Argon2: what cryptsetup takes at most.
pub const ARGON2_LANES: u32 = 4;

/// The most rounds of Argon2 over its memory.
pub const ARGON2_ROUNDS: u32 = 10_000;

/// The largest PIM: 20 million rounds.
pub const PIM: u32 = 20_000;

/// The longest passphrase in bytes, as cryptsetup has it.
pub const PASSPHRASE_BYTES: usize = 512;

/// The longest key file in bytes, as cryptsetup has it, and all of a volume together.
pub const KEY_FILE_BYTES: usize = 8 << 20;

/// The longest JSON of a LUKS2 header in bytes, with the header before it: 4 MiB is the longest that is defined.
pub(crate) const LUKS2_HEADER_BYTES: u64 = 4 << 20;

/// The longest key of a volume in bytes: a cascade of three ciphers with two keys of 32 bytes each.
pub const KEY_BYTES: usize = 192;

/// The longest name of a key in bytes: the field of a LUKS header that has its UUID.
pub const KEY_ID_BYTES: usize = 40;

/// The most stripes of a key slot: what cryptsetup writes is 4,000.
pub(crate) const STRIPES: u32 = 4_000;

/// The most key slots, digests or segments in a LUKS2 header: 32 are defined.
pub(crate) const SLOTS: usize = 32;

/// The longest metadata of BitLocker in bytes.
pub(crate) const BITLOCKER_BYTES: usize = 64 << 10;

/// The most ways into a BitLocker volume of one kind on which a password is tried, each for up to a third of a second: Windows
/// makes one or two.
pub(crate) const BITLOCKER_WAYS: usize = 16;

/// The most pieces of a plain volume: a header, three reserved regions and the moved header of BitLocker, and what lies
/// between.
pub const PIECES: usize = 16;

/// How many rounds are done before it is said how long all will take.
pub(crate) const SAMPLE_ROUNDS: u32 = 1_000;

/// The memory of Argon2 in KiB with which it is found out how long all of it takes.
pub(crate) const SAMPLE_KIB: u32 = 8 << 10;
