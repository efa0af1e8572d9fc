//! Why an object is not written under its own name.

use crate::limits;

/// Why an object goes to the recovery directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Two slashes follow each other, or one stands at the begin.
    #[error("a part of the name is empty")]
    EmptyPart,
    /// `.` or `..`, which are not names.
    #[error("`{0}` is a way, not a name")]
    Dots(String),
    /// Nothing is left of a part.
    #[error("nothing is left of `{0}` without the characters that are not allowed")]
    NothingLeft(String),
    /// A device of DOS, which Windows cannot open as a file.
    #[error("Windows keeps the name `{0}` for a device")]
    Device(String),
    /// The form that FAT gives to short names of its own, which may be another file's.
    #[error("`{0}` may be the short name of another file")]
    ShortName(String),
    /// A part the file system has no room for.
    #[error("a part of the name has {length} {unit}, more than {most}")]
    PartTooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        most: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// The whole path, in bytes.
    #[error("the path has {0} bytes, more than {max}", max = limits::PATH_BYTES)]
    PathTooLong(usize),
    /// The substitutions make it grow without bound.
    #[error("the substitutions make the name too long")]
    SubstitutedTooLong,
    /// A directory cannot hold the object's data.
    #[error("the key ends in `/` and the object is not empty")]
    DirectoryWithData,
    /// An earlier object has the name.
    #[error("an earlier object has the name `{0}`")]
    Taken(String),
    /// A part of the path is a file.
    #[error("`{0}` is a file, and would have to be a directory")]
    BelowFile(String),
    /// The path is a directory.
    #[error("`{0}` is a directory, and would have to be a file")]
    IsDirectory(String),
    /// The job has a file of its own there.
    #[error("`{0}` is a file of the job itself")]
    Reserved(String),
    /// A directory of the file system holds no more.
    #[error("the directory `{0}` is full")]
    DirectoryFull(String),
}
