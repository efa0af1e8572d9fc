//! From a path on the device to the key of an object (developer guide, *Manipulating S3 key
//! names*).

use crate::entry::EntryPath;
use crate::ids::ObjectKey;
use crate::limits;
use crate::manifest::{S3Import, Substitution};

/// Why a path has no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Not UTF-8: such a file is not imported (developer guide, *Guidelines and limitations*).
    #[error("the name is not UTF-8")]
    NotUtf8,
    /// Substitutions left nothing.
    #[error("the substitutions leave an empty name")]
    Empty,
    /// Longer than S3 allows.
    #[error("the key would have {0} bytes, more than {max}", max = limits::KEY_BYTES)]
    TooLong(usize),
}

/// The key of the object that a file becomes: prefix and path joined without a slash, then every
/// substitution in manifest order over the whole result, left to right, once each.
///
/// # Errors
/// [`NameProblem`] if the path has no key.
pub fn import_key(rules: &S3Import, path: &EntryPath) -> Result<ObjectKey, NameProblem> {
    let path = path.as_str().ok_or(NameProblem::NotUtf8)?;
    let named = substituted(format!("{}{path}", rules.prefix), &rules.substitutions)?;
    if named.is_empty() {
        return Err(NameProblem::Empty);
    }
    let bytes = named.len();
    ObjectKey::new(named).map_err(|_| NameProblem::TooLong(bytes))
}

/// Whether two paths may come to one key: only substitutions can do that.
#[must_use]
pub fn may_collide(rules: &S3Import) -> bool {
    !rules.substitutions.is_empty()
}

pub(crate) fn substituted(
    mut name: String,
    substitutions: &[Substitution],
) -> Result<String, NameProblem> {
    for Substitution { from, to } in substitutions {
        let times = name.matches(from.as_str()).count();
        if times == 0 {
            continue;
        }
        let bytes =
            (name.len() - times * from.len()).saturating_add(times.saturating_mul(to.len()));
        if bytes > limits::NAME_BYTES {
            return Err(NameProblem::TooLong(bytes));
        }
        name = name.replace(from.as_str(), to);
    }
    Ok(name)
}
