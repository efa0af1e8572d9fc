//! The variables of the process, as a value: the code that decides by them can be tested without
//! changing the process.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use awshttp::Surroundings;
use server::config::VARIABLES;

/// Environment variables. An empty one counts as absent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// The given ones.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self(
            variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// A variable that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.to_str()
    }

    /// A variable that is a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    /// The data folder: the one given by `--data`, else `LONGSHORE_DATA`, else
    /// `$XDG_DATA_HOME/longshore`, else `~/.local/share/longshore` (XDG base directory
    /// specification: a relative `XDG_DATA_HOME` is to be ignored). `None` without a home.
    pub(crate) fn data_folder(&self, given: Option<&Path>) -> Option<PathBuf> {
        let named = given
            .map(Path::to_owned)
            .or_else(|| self.path("LONGSHORE_DATA"));
        if named.is_some() {
            return named;
        }
        let data_home = self
            .path("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| Some(self.path("HOME")?.join(".local/share")))?;
        Some(data_home.join("longshore"))
    }

    /// Those about the network.
    pub(crate) fn of_network(&self) -> BTreeMap<String, String> {
        let found = VARIABLES.into_iter();
        found
            .filter_map(|name| Some((name.to_owned(), self.text(name)?.to_owned())))
            .collect()
    }

    /// What stands between this host and others, as the environment says.
    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings::of_variables(&|name| self.text(name).map(str::to_owned))
    }

    fn value(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_is_where_the_desktop_specification_says() {
        let home = ("HOME", "/h");
        let folder = |variables: &[(&str, &str)], given: Option<&str>| {
            Environment::of(variables).data_folder(given.map(Path::new))
        };
        let named = ("LONGSHORE_DATA", "/n");
        assert_eq!(folder(&[home, named], Some("d")), Some("d".into()));
        assert_eq!(folder(&[home, named], None), Some("/n".into()));
        assert_eq!(
            folder(&[home, ("XDG_DATA_HOME", "/x")], None),
            Some("/x/longshore".into())
        );
        let standard = Some(PathBuf::from("/h/.local/share/longshore"));
        assert_eq!(folder(&[home, ("XDG_DATA_HOME", "x")], None), standard);
        assert_eq!(folder(&[home, ("XDG_DATA_HOME", "")], None), standard);
        assert_eq!(folder(&[], None), None);
    }
}
