//! Which crate may know which. Cargo holds that there is no circle; what is a law of the house, and not of
//! Cargo, stands here, and `ARCHITECTURE.md` draws it.

use std::path::Path;

use anyhow::Result;
use toml::{Table, Value};

use super::{crates, text_of};

/// Each crate, from the ground up, and those that it may know.
const ARROWS: &[(&str, &[&str])] = &[
    ("agefile", &[]),
    ("lanes", &[]),
    ("durable", &[]),
    ("filesystems", &[]),
    ("encrypted", &["filesystems"]),
    ("listen", &[]),
    ("awsproto", &[]),
    ("model", &[]),
    ("policy", &[]),
    ("custody", &["model"]),
    ("spool", &["durable"]),
    ("awshttp", &["awsproto"]),
    ("objectstore", &["awshttp", "awsproto", "lanes", "model"]),
    ("imagestore", &["awshttp", "awsproto", "lanes", "model"]),
    ("paper", &["model"]),
    ("passkey", &[]),
    (
        "disks",
        &[
            "durable",
            "encrypted",
            "filesystems",
            "lanes",
            "model",
            "spool",
        ],
    ),
    ("bay", &["disks", "durable", "lanes", "model"]),
    ("localstore", &["awsproto", "durable", "lanes", "listen"]),
    (
        "transfer",
        &[
            "awshttp",
            "awsproto",
            "disks",
            "durable",
            "imagestore",
            "lanes",
            "model",
            "objectstore",
            "spool",
        ],
    ),
    (
        "station",
        &[
            "awshttp",
            "awsproto",
            "bay",
            "disks",
            "durable",
            "encrypted",
            "imagestore",
            "model",
            "objectstore",
            "transfer",
        ],
    ),
    (
        "server",
        &[
            "agefile",
            "awshttp",
            "awsproto",
            "custody",
            "durable",
            "listen",
            "localstore",
            "model",
            "objectstore",
            "paper",
            "passkey",
            "policy",
        ],
    ),
    (
        "longshore",
        &[
            "agefile",
            "awshttp",
            "awsproto",
            "bay",
            "custody",
            "disks",
            "durable",
            "encrypted",
            "imagestore",
            "lanes",
            "listen",
            "localstore",
            "model",
            "objectstore",
            "paper",
            "policy",
            "server",
            "station",
            "transfer",
        ],
    ),
];

/// Crates that know what they may not, and such as the table does not have.
pub(super) fn wrong(root: &Path) -> Result<Vec<String>> {
    let crates = crates(root)?;
    let mut faults = Vec::new();
    for (name, folder) in &crates {
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| known == name) else {
            faults.push(format!(
                "crates/{name}: no arrows are said for it in xtask/src/tidy/arrows.rs"
            ));
            continue;
        };
        let manifest: Table = text_of(&folder.join("Cargo.toml"))?.parse()?;
        for known in dependencies(&manifest) {
            let is_ours = crates.iter().any(|(ours, _)| *ours == known);
            if is_ours && !allowed.contains(&known.as_str()) {
                faults.push(format!(
                    "crates/{name}/Cargo.toml: `{name}` may not know `{known}`"
                ));
            }
        }
    }
    Ok(faults)
}

/// What a crate is built with. What only its tests use may be anything.
fn dependencies(manifest: &Table) -> Vec<String> {
    let table = manifest.get("dependencies").and_then(Value::as_table);
    table.map_or_else(Vec::new, |table| table.keys().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_table_goes_down_only() {
        for (place, (name, known)) in ARROWS.iter().enumerate() {
            for below in *known {
                let found = ARROWS[..place].iter().any(|(name, _)| name == below);
                assert!(
                    found,
                    "`{name}` knows `{below}`, which does not stand above it"
                );
            }
        }
    }

    #[test]
    fn an_arrow_that_is_not_drawn_is_a_fault() {
        let root = tempfile::tempdir().unwrap();
        for (name, known) in [("model", "paper"), ("paper", "model"), ("strange", "model")] {
            let folder = root.path().join("crates").join(name);
            fs::create_dir_all(&folder).unwrap();
            let text = format!("[dependencies]\n{known}.workspace = true\nserde = \"1\"\n");
            fs::write(folder.join("Cargo.toml"), text).unwrap();
        }
        let faults = wrong(root.path()).unwrap();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("`model` may not know `paper`"));
        assert!(faults[1].contains("crates/strange"));
    }
}
