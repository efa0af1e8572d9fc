//! Folders that are bays: whether something can be laid down in each, or attached from it.

use std::time::Duration;

use server::config::BayConfig;
use station::port::Place;
use station::watch::UnusableFolder;

use super::finding::{Code, Finding};

/// How long a folder may take to be listed: that of a server that has gone takes for ever.
const WITHIN: Duration = Duration::from_secs(5);

/// What is wrong with the folders of bays.
pub(super) fn findings(bays: &[BayConfig]) -> Vec<Finding> {
    bays.iter().flat_map(of_bay).collect()
}

fn of_bay(bay: &BayConfig) -> Vec<Finding> {
    let folders = bay.ports.iter().filter_map(|port| match Place::of(port) {
        Place::Images(folder) | Place::Inbox(folder) => Some(folder),
        Place::Socket => None,
    });
    let wrong = folders.filter_map(|folder| UnusableFolder::of(&folder, WITHIN));
    wrong
        .map(|why| {
            let what = format!("bay `{}`: {why}", bay.name);
            Finding::fault(Code::BayFolderUnusable, what, why.remedy())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use model::ids::{BayName, PortId};

    use super::*;

    #[test]
    fn a_bay_whose_folder_is_missing_or_a_file_is_a_fault_that_names_both() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let bay = |name: &str, kind: &str, path: &std::path::Path| BayConfig {
            name: BayName::new(name).unwrap(),
            ports: vec![PortId::new(format!("{kind}:{}", path.display())).unwrap()],
        };
        let missing = folder.path().join("missing");
        let bays = [
            bay("well", "folder", folder.path()),
            bay("T1", "folder", &file),
            bay("T2", "loop", &missing),
        ];
        let found = findings(&bays);
        let codes: Vec<Code> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::BayFolderUnusable; 2]);
        for (finding, bay, path) in [(&found[0], "`T1`", &file), (&found[1], "`T2`", &missing)] {
            let named = format!("`{}`", path.display());
            assert!(finding.what.contains(bay) && finding.what.contains(&named));
        }
    }
}
