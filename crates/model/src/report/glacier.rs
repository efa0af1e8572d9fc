//! The log of a Glacier import: a text of two lines (developer guide, *Glacier import log file*).
//!
//! The page shows one line of fields and speaks of two lines; the first is taken to name them.

use crate::ids::AccountId;
use crate::time::Timestamp;

use super::csv::quoted;

/// `Content-Type` of the log object.
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// The first line.
pub const HEADER: &str = "Date,Vault Name,Archive Location,Archive Comment\n";

/// The path of an archive as the log names it. `account` is the vault's.
#[must_use]
pub fn archive_location(account: &AccountId, vault: &str, archive: &str) -> String {
    format!("/{account}/vaults/{vault}/archives/{archive}")
}

/// The log of an import that ended at `at`. `location` is the archive's path, or bucket and key where
/// the image became an object.
#[must_use]
pub fn log(at: Timestamp, vault: &str, location: &str, comment: &str) -> String {
    let [vault, location, comment] = [vault, location, comment].map(quoted);
    let at = at.log_form();
    format!("{HEADER}{at},{vault},{location},{comment}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_two_lines_whatever_the_comment_holds() {
        let at = "2012-12-24T08:00:00Z".parse().unwrap();
        let account = AccountId::new("012345678901").unwrap();
        let location = archive_location(
            &account,
            "cold-2013",
            "NkbByEejwEggmBz2fTHgJrg0XBoDfjP4q6iu87",
        );
        assert_eq!(
            log(at, "cold-2013", &location, "disk 1 of 3"),
            "Date,Vault Name,Archive Location,Archive Comment\n\
             Mon 24 Dec 2012 08:00:00 GMT,cold-2013,/012345678901/vaults/cold-2013/archives/\
             NkbByEejwEggmBz2fTHgJrg0XBoDfjP4q6iu87,disk 1 of 3\n"
        );
        let odd = log(at, "v", "l", "x: colon, comma and quotes \" inside");
        assert!(
            odd.ends_with(",v,l,\"x: colon, comma and quotes \"\" inside\"\n"),
            "{odd}"
        );
    }
}
