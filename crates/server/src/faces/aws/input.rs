//! Reads parameters, in the order in which faults are told: what is missing, then values.

use awsproto::params::Params;

use super::Fault;
use super::fault::echo;

/// A required parameter. An empty one counts as absent.
pub(super) fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, Fault> {
    optional(params, name).ok_or(Fault::MissingParameter(name))
}

/// The id of the job an operation is about, as sent. That it is missing has the code of a job that
/// does not exist: the operations that only take an id know no other.
pub(super) fn job_id(params: &Params) -> Result<String, Fault> {
    optional(params, "JobId")
        .map(str::to_owned)
        .ok_or(Fault::MissingJobId)
}

/// The id of the job, where an operation takes nothing else.
///
/// # Errors
/// `MissingJobId`, `InvalidVersion`.
pub(super) fn only_job_id(params: &Params) -> Result<String, Fault> {
    let job_id = job_id(params)?;
    check_api_version(params)?;
    Ok(job_id)
}

/// A parameter that may be absent. An empty one is.
pub(super) fn optional<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|value| !value.trim().is_empty())
}

/// Checks `APIVersion`, the version of the client's tool. Every tool has some date there, so only
/// what is no date is refused.
pub(super) fn check_api_version(params: &Params) -> Result<(), Fault> {
    match optional(params, "APIVersion") {
        Some(version) if !is_date(version.trim()) => Err(Fault::InvalidVersion),
        _ => Ok(()),
    }
}

fn is_date(text: &str) -> bool {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    time::Date::parse(text, &form).is_ok()
}

/// Reads a truth value, in any case.
pub(super) fn boolean(params: &Params, name: &'static str) -> Result<bool, Fault> {
    let Some(value) = optional(params, name) else {
        return Ok(false);
    };
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::InvalidParameter(format!(
            "{name} must be true or false, not `{}`",
            echo(value)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(name: &str, value: &str) -> Params {
        [(name, value)].into_iter().collect()
    }

    #[test]
    fn a_tool_version_is_a_date_or_nothing() {
        for good in ["", "2010-06-03", "2014-12-18", "2012-01-14"] {
            assert_eq!(
                check_api_version(&params("APIVersion", good)),
                Ok(()),
                "{good}"
            );
        }
        for bad in ["1", "2010-13-01", "2010-06-03x", "latest"] {
            let checked = check_api_version(&params("APIVersion", bad));
            assert_eq!(checked, Err(Fault::InvalidVersion), "{bad}");
        }
    }

    #[test]
    fn truth_is_told_in_four_ways_and_absence_is_false() {
        for (text, value) in [("true", true), ("TRUE", true), ("1", true), ("0", false)] {
            assert_eq!(
                boolean(&params("ValidateOnly", text), "ValidateOnly"),
                Ok(value)
            );
        }
        assert_eq!(boolean(&Params::new(), "ValidateOnly"), Ok(false));
        assert!(boolean(&params("ValidateOnly", "yes"), "ValidateOnly").is_err());
    }
}
