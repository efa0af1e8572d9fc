//! Backups of a SQLite installation, made beside a job store that is open, and restored elsewhere.

use std::path::{Path, PathBuf};

use model::actor::Actor;
use model::ids::{AccountId, JobId, JobType};
use model::job::Job;

use super::*;
use crate::config::Overrides;
use crate::jobstore::{Account, Accounts as _, Jobs as _};

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Settings with a data folder of this world.
    fn config(&self, data: &str, more: &str) -> Config {
        let file = self.at(&format!("{data}.toml"));
        std::fs::write(&file, format!("[server]\ndata = \"{data}\"\n{more}")).unwrap();
        Config::load(Some(&file), &Overrides::default()).unwrap()
    }

    /// A data folder with a key and a job store, which stays open.
    async fn installation(&self, data: &str) -> (Config, SqliteJobStore) {
        let config = self.config(data, "");
        std::fs::create_dir(self.at(data)).unwrap();
        let key = MasterKey::load_or_create(&self.at(data).join("secret.key")).unwrap();
        let path = self.at(data).join("longshore.db");
        let store = SqliteJobStore::open(&path, key.sealer()).await.unwrap();
        (config, store)
    }

    async fn back_up(&self, config: &Config, to: &str) -> Result<List, NotBackedUp> {
        let now = Timestamp::from_unix(1_700_000_000);
        back_up(config, BackupScope::Whole, &passphrase(), now, &self.at(to)).await
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.at(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new("a long line".to_owned())
}

async fn put_job(store: &SqliteJobStore, id: &str) -> Job {
    let account = AccountId::new("123456789012").unwrap();
    let made = Timestamp::from_unix(1_700_000_000);
    let job = Job::open(
        JobId::new(id).unwrap(),
        account.clone(),
        JobType::Import,
        "bucket: b\n".to_owned(),
        made,
    );
    let everything = vec!["*".to_owned()];
    let account = Account {
        id: account,
        name: "default".to_owned(),
        import: everything.clone(),
        export: everything,
    };
    // It is there from the second job on.
    let _ = store.insert_account(&account).await;
    store.insert_job(&job, &Actor::Service, None).await.unwrap();
    job
}

async fn jobs_in(data: &Path) -> Vec<Job> {
    let key = MasterKey::load(&data.join("secret.key")).unwrap();
    let path = data.join("longshore.db");
    let store = SqliteJobStore::open(&path, key.sealer()).await.unwrap();
    let mut found = Vec::new();
    for id in ["AAAAA", "BBBBB"] {
        let job = store.job(JobId::new(id).unwrap()).await.unwrap();
        found.extend(job.map(|stored| stored.job));
    }
    store.close().await;
    found
}

#[tokio::test]
async fn what_was_backed_up_beside_a_service_is_restored_elsewhere() {
    let world = World::new();
    let (config, store) = world.installation("here").await;
    let first = put_job(&store, "AAAAA").await;
    let list = world.back_up(&config, "backup").await.unwrap();
    put_job(&store, "BBBBB").await;
    let parts: Vec<Part> = list.files.iter().map(|file| file.part).collect();
    assert_eq!(parts, [Part::SecretKey, Part::Settings, Part::Sqlite]);
    assert!(!world.names("here").contains(&".backup".to_owned()));
    let there = world.config("there", "");
    let restored = restore(&world.at("backup"), &passphrase(), &there)
        .await
        .unwrap();
    assert_eq!(restored.list, list);
    assert_eq!(jobs_in(&world.at("there")).await, [first]);
    let same = |name: &str| {
        let read = |data: &str| std::fs::read(world.at(data).join(name)).unwrap();
        assert_eq!(read("here"), read("there"), "{name}");
    };
    same("secret.key");
    let settings = std::fs::read_to_string(restored.settings.unwrap()).unwrap();
    assert_eq!(settings, "[server]\ndata = \"here\"\n");
    assert_eq!(
        world.names("there"),
        [
            "longshore.db",
            "longshore.db.lock",
            "longshore.toml",
            "secret.key"
        ],
        "the lock is of the test, which has looked at the jobs"
    );
    let again = world.back_up(&config, "backup").await;
    assert!(matches!(again, Err(NotBackedUp::Exists(_))));
}

#[tokio::test]
async fn jobs_whose_secrets_the_key_does_not_open_are_not_backed_up() {
    let world = World::new();
    let (config, store) = world.installation("here").await;
    put_job(&store, "AAAAA").await;
    std::fs::remove_file(world.at("here/secret.key")).unwrap();
    MasterKey::load_or_create(&world.at("here/secret.key")).unwrap();
    let refused = world.back_up(&config, "backup").await;
    assert!(matches!(
        refused,
        Err(NotBackedUp::JobStore(JobStoreError::WrongKey))
    ));
    assert!(!world.at("backup").exists());
}

#[tokio::test]
async fn a_backup_that_is_not_whole_makes_nothing() {
    let world = World::new();
    let (config, store) = world.installation("here").await;
    put_job(&store, "AAAAA").await;
    world.back_up(&config, "backup").await.unwrap();
    let whole = std::fs::read(world.at("backup")).unwrap();
    let there = world.config("there", "");
    let half = whole.len() / 2;
    let mut changed = whole.clone();
    changed[half] ^= 1;
    for broken in [
        &whole[..half],
        &changed,
        &whole[..whole.len() - 1],
        b"PGDMP",
    ] {
        std::fs::write(world.at("broken"), broken).unwrap();
        let refused = restore(&world.at("broken"), &passphrase(), &there).await;
        assert!(
            matches!(refused, Err(NotRestored::Backup { .. })),
            "{refused:?}"
        );
        assert!(!world.at("there").exists(), "nothing is half there");
    }
    let wrong = Passphrase::new("another line".to_owned());
    let refused = restore(&world.at("backup"), &wrong, &there)
        .await
        .unwrap_err();
    let NotRestored::Backup { source, .. } = refused else {
        panic!("{refused:?}")
    };
    assert!(source.to_string().contains("passphrase"));
}

#[tokio::test]
async fn what_is_there_is_never_replaced() {
    let world = World::new();
    let (config, store) = world.installation("here").await;
    put_job(&store, "AAAAA").await;
    world.back_up(&config, "backup").await.unwrap();
    std::fs::create_dir(world.at("there")).unwrap();
    std::fs::write(world.at("there/notes"), "mine").unwrap();
    let there = world.config("there", "");
    let refused = restore(&world.at("backup"), &passphrase(), &there).await;
    assert!(matches!(refused, Err(NotRestored::NotEmpty { found, .. }) if found == "notes"));
    assert_eq!(world.names("there"), ["notes"]);
    let other = world.at("other.key");
    MasterKey::load_or_create(&other).unwrap();
    let elsewhere = world.config("elsewhere", &format!("secret_key_file = {other:?}\n"));
    let refused = restore(&world.at("backup"), &passphrase(), &elsewhere).await;
    assert!(matches!(refused, Err(NotRestored::OtherKey(_))));
    assert!(!world.at("elsewhere").exists());
}
