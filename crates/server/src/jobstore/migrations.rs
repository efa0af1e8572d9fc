//! How a job store came to its present form: the statements of `migrations/`, in order. Those that were
//! ever part of a release are never changed, for each store remembers their checksums.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Name and statements of each migration of a database.
macro_rules! migrations {
    ($database:literal: $($name:literal),+) => {
        [$((
            $name,
            include_str!(concat!("../../migrations/", $database, "/", $name, ".sql")),
        )),+]
    };
}

/// Those of SQLite.
pub(super) fn of_sqlite() -> Migrator {
    migrator(migrations!("sqlite":
        "0001_begin", "0002_stopped", "0003_clock", "0004_heartbeats", "0005_holds",
        "0006_operators", "0007_mended", "0008_audit", "0009_parcels", "0010_shares", "0011_ledger",
        "0012_disposal", "0013_outbox", "0014_condition", "0015_console", "0016_identities",
        "0017_customers", "0018_days", "0019_secrets", "0020_rates", "0021_two_persons", "0022_passkeys",
        "0023_settling", "0024_request_shares", "0025_limits", "0026_order_stays"))
}

/// Those of PostgreSQL.
pub(super) fn of_postgres() -> Migrator {
    migrator(migrations!("postgres":
        "0001_begin", "0002_stopped", "0003_clock", "0004_heartbeats", "0005_holds",
        "0006_operators", "0007_mended", "0008_audit", "0009_parcels", "0010_shares", "0011_ledger",
        "0012_disposal", "0013_outbox", "0014_condition", "0015_console", "0016_identities",
        "0017_customers", "0018_days", "0019_secrets", "0020_rates", "0021_two_persons", "0022_passkeys",
        "0023_settling", "0024_request_shares", "0025_limits", "0026_order_stays"))
}

/// The number of the last, which is the same for both.
pub(super) fn last() -> i64 {
    let versions = of_sqlite();
    let versions = versions.iter().map(|migration| migration.version);
    versions.max().unwrap_or(0)
}

/// A name is a number of four digits and a description.
fn migrator<const N: usize>(all: [(&'static str, &'static str); N]) -> Migrator {
    let migration = |(name, statements): (&'static str, &'static str)| {
        let (number, description) = name.split_once('_').expect("a description");
        let once = MigrationType::Simple;
        Migration::new(
            number.parse().expect("four digits"),
            description.into(),
            once,
            statements.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(all.into_iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn both_databases_have_as_many() {
        let of_postgres = of_postgres();
        let newest = of_postgres.iter().map(|it| it.version).max();
        assert_eq!(newest, Some(last()));
    }

    #[test]
    fn every_file_is_a_migration_and_none_is_changed_in_secret() {
        for (database, migrator) in [("sqlite", of_sqlite()), ("postgres", of_postgres())] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("migrations")
                .join(database);
            assert_eq!(
                fs::read_dir(&folder).unwrap().count(),
                migrator.iter().count()
            );
            for migration in migrator.iter() {
                let name = format!("{:04}_{}.sql", migration.version, migration.description);
                let statements = fs::read_to_string(folder.join(name)).unwrap();
                assert_eq!(migration.sql.as_str(), statements);
            }
        }
    }
}
