//! Proof beyond the store's word: what was stored is read back and hashed again.

use awshttp::retry::RealTime;
use lanes::Sha256;
use model::entry::EntryPath;
use model::ids::ObjectKey;
use model::outcome::{Failure, Stored};
use model::proof::ReadBack;
use objectstore::StoreError;
use objectstore::reading::{ReadError, Reading};

use crate::import::run::Run;

/// Of so many files one is read back when sampled.
const SAMPLE: u32 = 100;

/// How often an object that is replaced while it is read is begun anew.
const TRIES: u32 = 5;

/// Why an object cannot be compared.
enum NotReadBack {
    Store(StoreError),
    /// It is longer or shorter than the file.
    Length(u64),
    /// The run is over.
    Stopped,
}

impl Run<'_> {
    /// Reads an object back if that is wanted. The error is a line of the report, or `None` if the
    /// run stops.
    pub(crate) fn read_back(
        &self,
        path: &EntryPath,
        bytes: u64,
        stored: Stored,
    ) -> Result<Stored, Option<Failure>> {
        let is_wanted = match self.read_back {
            ReadBack::Off => false,
            ReadBack::Sampled => is_in_sample(path),
            ReadBack::Full => true,
        };
        if !is_wanted {
            return Ok(stored);
        }
        let _being_read_back = self.progress.reads_back();
        let differs = |reason: String| Some(Failure::read_back(reason, stored.key.clone()));
        match self.sha256_of_object(&stored.key, bytes) {
            Ok(found) if found == stored.sha256 => Ok(Stored {
                read_back: true,
                ..stored
            }),
            Ok(found) => Err(differs(format!("read back, its SHA-256 is {found}"))),
            Err(NotReadBack::Length(found)) => Err(differs(format!(
                "read back, it has {found} bytes and not {bytes}"
            ))),
            Err(NotReadBack::Store(error)) => Err(self.judge(error, &stored.key)),
            Err(NotReadBack::Stopped) => Err(None),
        }
    }

    fn sha256_of_object(&self, key: &ObjectKey, bytes: u64) -> Result<String, NotReadBack> {
        let patience = RealTime::new(self.stop.flag());
        let mut tries = 1;
        loop {
            let mut sha256 = Sha256::new();
            let mut reading = Reading::new(self.bucket, key, &patience).sized(bytes);
            match reading.stream(0, &mut |bytes| sha256.update(bytes)) {
                Ok(_) => return Ok(hex::encode(sha256.finish())),
                Err(ReadError::Replaced) if tries < TRIES => tries += 1,
                Err(ReadError::OtherSize(found)) => return Err(NotReadBack::Length(found)),
                Err(ReadError::Stopped) => return Err(NotReadBack::Stopped),
                Err(why) => return Err(NotReadBack::Store(why.into_store_error())),
            }
        }
    }
}

/// Whether a file is in the sample: chosen by its path, so that every attempt chooses the same.
fn is_in_sample(path: &EntryPath) -> bool {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(path.as_bytes());
    digest.finalize().is_multiple_of(u64::from(SAMPLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_about_one_in_a_hundred() {
        let names = (0..20_000).map(|i| EntryPath::new(format!("folder/file-{i}.jpg")));
        let sampled = names.filter(is_in_sample).count();
        assert!((120..280).contains(&sampled), "{sampled}");
    }
}
