//! How the program ends: the public, named exit codes, and an error together with the code and the
//! hint that go with it.

use std::process::ExitCode;

/// How the program ends. The numbers are public: scripts depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, all of it.
    Ok,
    /// Something else went wrong.
    Error,
    /// The command line cannot be understood.
    Usage,
    /// The job is done, and some files were not transferred.
    SomeFailed,
    /// The device or the job was refused.
    Refused,
    /// The service or the store cannot be reached or does not work.
    Unavailable,
    /// What was verified is not as the report says.
    Differs,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Exit {
    /// Every code, in the order of the table.
    pub(crate) const ALL: [Exit; 8] = [
        Exit::Ok,
        Exit::Error,
        Exit::Usage,
        Exit::SomeFailed,
        Exit::Refused,
        Exit::Unavailable,
        Exit::Differs,
        Exit::Interrupted,
    ];

    /// The number.
    pub(crate) fn number(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Error => 1,
            Exit::Usage => 2,
            Exit::SomeFailed => 3,
            Exit::Refused => 4,
            Exit::Unavailable => 5,
            Exit::Differs => 6,
            // What a shell gives for a process that SIGINT ended: 128 + 2.
            Exit::Interrupted => 130,
        }
    }

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Exit::Ok => "ok",
            Exit::Error => "error",
            Exit::Usage => "usage",
            Exit::SomeFailed => "some-failed",
            Exit::Refused => "refused",
            Exit::Unavailable => "unavailable",
            Exit::Differs => "differs",
            Exit::Interrupted => "interrupted",
        }
    }

    /// What it means.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Exit::Ok => "all done",
            Exit::Error => "something else went wrong; the message says what",
            Exit::Usage => "the command line or a file named on it is wrong; nothing was done",
            Exit::SomeFailed => "done, but some files failed; the report or the list names them",
            Exit::Refused => "the device, the job or the request was refused",
            Exit::Unavailable => "the service or the store could not be reached, or is in trouble",
            Exit::Differs => {
                "what was verified is not as the report or receipt says; the list names it"
            }
            Exit::Interrupted => "interrupted by Ctrl-C or SIGTERM; the work can be gone on with",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}

/// The table of exit codes, as the help shows it.
pub(crate) fn table() -> String {
    let line = |exit: Exit| {
        format!(
            "  {:>3}  {:<12} {}\n",
            exit.number(),
            exit.name(),
            exit.meaning()
        )
    };
    Exit::ALL.into_iter().map(line).collect()
}

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// What is wrong, with its causes.
    pub(crate) error: anyhow::Error,
    /// What the user can do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// An error that ends the program in this way.
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            error: error.into(),
            hint: None,
        }
    }

    /// A fault of the command line that clap cannot see.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, anyhow::Error::msg(message.into()))
    }

    /// A refusal.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, anyhow::Error::msg(message.into()))
    }

    /// The same with advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        self
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Error, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_and_names_are_told_apart() {
        let numbers: BTreeSet<u8> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        let names: BTreeSet<&str> = Exit::ALL.iter().map(|exit| exit.name()).collect();
        assert_eq!(
            (numbers.len(), names.len()),
            (Exit::ALL.len(), Exit::ALL.len())
        );
    }

    #[test]
    fn the_published_numbers_stay() {
        let numbers = Exit::ALL.map(Exit::number);
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 130]);
        assert!(table().contains("    3  some-failed  done, but some"));
    }
}
