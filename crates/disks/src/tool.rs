//! The system's own programs: run without a shell, in the C locale, and heard out when they fail.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Command, ExitStatus, Output, Stdio};

/// Where administrators' programs are; the search path of an ordinary login leaves these out.
const ADMINISTRATORS: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// The name by which a program opens again what it has as its standard input. It leads to the very
/// device or file, whatever has its name by then.
pub const STDIN: &str = "/proc/self/fd/0";

/// Bytes of a program's own words that are kept, from the end.
const WORDS: usize = 2_000;

/// A program of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// What it is called.
    pub name: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
}

/// A program of the system that did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It is not installed.
    #[error("`{name}` is not installed; Debian has it in the package `{package}`")]
    Missing {
        /// What it is called.
        name: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// It could not be started.
    #[error("could not start `{name}`")]
    NotStarted {
        /// What it is called.
        name: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It ended without success.
    #[error("`{name}` failed ({status}): {words}")]
    Failed {
        /// What it is called.
        name: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        words: String,
    },
}

impl Tool {
    /// Runs it with `stdin` as its standard input, and demands success.
    pub fn run<A: AsRef<OsStr>>(
        self,
        arguments: impl IntoIterator<Item = A>,
        stdin: Stdio,
    ) -> Result<Output, ToolError> {
        let output = self.output(arguments, stdin)?;
        if output.status.success() {
            Ok(output)
        } else {
            Err(self.failed(&output))
        }
    }

    /// Runs it, however it ends.
    pub fn output<A: AsRef<OsStr>>(
        self,
        arguments: impl IntoIterator<Item = A>,
        stdin: Stdio,
    ) -> Result<Output, ToolError> {
        // Nothing of our environment reaches it: programs of this kind take settings from there.
        let output = Command::new(self.name)
            .args(arguments)
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", search_path())
            .stdin(stdin)
            .output();
        output.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.missing(),
            _ => ToolError::NotStarted {
                name: self.name,
                source,
            },
        })
    }

    /// Whether it is installed.
    pub fn is_there(self) -> bool {
        is_installed(self.name)
    }

    /// That it is not there.
    pub fn missing(self) -> ToolError {
        ToolError::Missing {
            name: self.name,
            package: self.package,
        }
    }

    /// That it ended as `output` says.
    pub fn failed(self, output: &Output) -> ToolError {
        ToolError::Failed {
            name: self.name,
            status: output.status,
            words: words(output),
        }
    }
}

impl ToolError {
    /// Whether it said this of its failure.
    pub fn says(&self, what: &str) -> bool {
        matches!(self, Self::Failed { words, .. } if words.contains(what))
    }
}

/// Whether there is a program of this name.
pub fn is_installed(name: &str) -> bool {
    std::env::split_paths(&search_path()).any(|folder| folder.join(name).is_file())
}

/// Our own search path and the administrators'.
fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    path.push(":");
    path.push(ADMINISTRATORS);
    path
}

/// What a program said of its failure, in one line.
fn words(output: &Output) -> String {
    let said = match output.stderr.trim_ascii() {
        b"" => output.stdout.trim_ascii(),
        said => said,
    };
    let end = &said[said.len().saturating_sub(WORDS)..];
    let lines = String::from_utf8_lossy(end);
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    model::readable::name(&lines.join("; "), WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SH: Tool = Tool {
        name: "sh",
        package: "dash",
    };

    #[test]
    fn a_failure_is_told_in_the_programs_own_words() {
        let script = "echo first >&2; echo second >&2; exit 3";
        let failed = SH.run(["-c", script], Stdio::null()).unwrap_err();
        assert_eq!(
            failed.to_string(),
            "`sh` failed (exit status: 3): first; second"
        );
    }

    #[test]
    fn only_the_locale_and_the_search_path_reach_a_program() {
        let output = SH.run(["-c", "export -p"], Stdio::null()).unwrap();
        let exported = String::from_utf8(output.stdout).unwrap();
        assert!(exported.contains("LC_ALL='C'"), "{exported}");
        assert!(exported.contains("/usr/sbin"), "{exported}");
        assert!(!exported.contains("HOME"), "{exported}");
    }

    #[test]
    fn a_missing_program_is_told_with_its_package() {
        let tool = Tool {
            name: "mkfs.of-the-day",
            package: "calendar",
        };
        assert!(SH.is_there() && !tool.is_there());
        let missing = tool.run(["x"], Stdio::null()).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "`mkfs.of-the-day` is not installed; Debian has it in the package `calendar`"
        );
    }
}
