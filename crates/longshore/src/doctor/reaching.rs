//! Whether a station's server answers, and whether both have the same time.

use std::time::Duration;

use awshttp::Surroundings;
use model::presence::worth_a_word;
use model::time::{Clock as _, SystemClock};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use ureq::http::Uri;

use super::finding::{Code, Finding};

/// How long the server may take to answer.
const WITHIN: Duration = Duration::from_secs(10);

/// From how many seconds on a station with a wrong clock gets no new job (docs/operating.md).
const NO_JOBS: i64 = 60;

/// Looks at the server at `url`.
pub(crate) fn findings(url: &str, surroundings: &Surroundings) -> Vec<Finding> {
    match asked(url, surroundings) {
        Ok(Some(theirs)) => {
            let ours = SystemClock.now().unix();
            clock(ours - theirs.unix_timestamp()).into_iter().collect()
        }
        // A proxy that tells no time.
        Ok(None) => Vec::new(),
        Err(why) => vec![Finding::fault(
            Code::ServerSilent,
            format!("the server `{url}` does not answer: {why}"),
            "look at the URL, the network and the proxy, and whether the service runs",
        )],
    }
}

/// What time it is at the server.
fn asked(url: &str, surroundings: &Surroundings) -> Result<Option<OffsetDateTime>, String> {
    let uri: Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
    let host = uri.authority().ok_or("it names no host")?.as_str();
    let route = surroundings.route(uri.scheme_str().unwrap_or("http"), host);
    let config = route.config().timeout_global(Some(WITHIN));
    let agent = config.http_status_as_error(false).build().new_agent();
    let health = format!("{}/health", url.trim_end_matches('/'));
    let answer = agent.get(&health).call();
    let answer = answer.map_err(|error| error.to_string())?;
    let date = answer
        .headers()
        .get("date")
        .and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok()))
}

/// What is to be said of a clock that is so many seconds ahead of the server's.
fn clock(ahead: i64) -> Option<Finding> {
    let ahead = worth_a_word(ahead)?;
    let what = match ahead {
        0.. => format!("the clock of this host is {ahead} s ahead of the server's"),
        _ => format!("the clock of this host is {} s behind the server's", -ahead),
    };
    let remedy = "set it, and keep it by NTP";
    Some(match ahead.abs() > NO_JOBS {
        true => Finding::fault(
            Code::ClockWrong,
            format!("{what}: it gets no new job"),
            remedy,
        ),
        false => Finding::warning(Code::ClockWrong, what, remedy),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Gravity;

    #[test]
    fn a_clock_is_worth_a_word_and_then_a_fault() {
        assert_eq!(clock(2), None);
        let gravity = |ahead| clock(ahead).map(|finding| finding.gravity);
        assert_eq!(gravity(-20), Some(Gravity::Warning));
        assert_eq!(gravity(61), Some(Gravity::Fault));
        assert!(
            clock(-20)
                .unwrap()
                .what
                .ends_with("20 s behind the server's")
        );
    }

    #[test]
    fn a_server_that_is_not_there_is_found() {
        let found = findings("http://127.0.0.1:1", &Surroundings::default());
        assert_eq!(found[0].code, Code::ServerSilent);
    }
}
