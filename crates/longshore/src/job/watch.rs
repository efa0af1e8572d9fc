//! `longshore job status --watch`: asks GetStatus again and again until the job is over. On a
//! terminal one line moves and changes of state stay; elsewhere there are plain lines.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::answers::Status;
use super::client::{ApiError, Client};
use super::connection::connect;
use super::show;
use crate::cli::ApiArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::progress_bar::LINE_EVERY;
use crate::screen::OnScreen;

/// How often it is asked.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Shows a job until its data has an outcome.
///
/// # Errors
/// What the API refuses, and that stdout cannot be written.
pub(super) fn watch(job: &str, api: &ApiArgs) -> Result<Exit, Failure> {
    let client = connect(api)?;
    let mut now = client.status(job)?;
    let mut viewer = Viewer::new(if api.json { Form::Json } else { Form::here() });
    viewer.show(&now)?;
    while !now.is_over() {
        std::thread::sleep(WATCH_EVERY);
        if let Some(answer) = patiently(&client, job)? {
            now = answer;
            viewer.show(&now)?;
        }
    }
    Ok(outcome(&now))
}

/// A service that is away for a moment is asked again at the next turn.
fn patiently(client: &Client, job: &str) -> Result<Option<Status>, ApiError> {
    match client.status(job) {
        Ok(status) => Ok(Some(status)),
        Err(error @ (ApiError::Unreachable { .. } | ApiError::Odd { .. })) => {
            tracing::warn!(%error, "status not known");
            Ok(None)
        }
        Err(ApiError::Fault { status, error }) if status.is_server_error() => {
            tracing::warn!(code = %error.code, "status not known");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// How the program ends when a job has ended. `Success` is an older name of `Complete` (developer
/// guide, *GetStatus*).
fn outcome(status: &Status) -> Exit {
    ending(status.progress_code.as_deref())
}

/// The same by the code alone.
pub(super) fn ending(code: Option<&str>) -> Exit {
    match code {
        Some("Complete" | "Success") => Exit::Ok,
        Some("SuccessWithErrors") => Exit::SomeFailed,
        _ => Exit::Refused,
    }
}

/// How a job is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A line that moves, below lines that stay.
    Terminal,
    /// Lines.
    Lines,
    /// The whole answer at every change.
    Json,
}

impl Form {
    fn here() -> Self {
        if io::stdout().is_terminal() && io::stderr().is_terminal() {
            Self::Terminal
        } else {
            Self::Lines
        }
    }
}

/// Shows answers as they come.
struct Viewer {
    form: Form,
    moving: Option<OnScreen>,
    last: Option<(Status, Instant)>,
}

impl Viewer {
    fn new(form: Form) -> Self {
        Self {
            form,
            moving: (form == Form::Terminal).then(moving_line),
            last: None,
        }
    }

    fn show(&mut self, now: &Status) -> Result<(), Failure> {
        if let Some(moving) = &self.moving {
            moving.bar().set_message(show::loading(now));
            moving.bar().tick();
        }
        let last = self.last.as_ref();
        let last = last.map(|(status, at)| (status, at.elapsed()));
        if !is_news(self.form, last, now) {
            return Ok(());
        }
        self.last = Some((now.clone(), Instant::now()));
        if self.form == Form::Json {
            return output::json(now);
        }
        let time = model::time::Timestamp::new(time::OffsetDateTime::now_utc());
        output::data(&format!("{time}  {}\n", show::change(now)))
    }
}

/// A spinner, so that it is seen to live, and what is going on.
fn moving_line() -> OnScreen {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(200));
    OnScreen::put(bar)
}

/// Whether an answer is written down. A new state always is. How far the transfer is, which the
/// message says and which changes all the time, is written now and then, and on a terminal never:
/// there the line that moves has it.
fn is_news(form: Form, last: Option<(&Status, Duration)>, now: &Status) -> bool {
    let Some((last, since)) = last else {
        return true;
    };
    // Links to sheets are made anew with every answer, and nothing is new about that.
    let same_state = Status {
        progress_message: now.progress_message.clone(),
        artifact_list: now.artifact_list.clone(),
        ..last.clone()
    } == *now;
    let same_message = last.progress_message == now.progress_message;
    if !same_state {
        return true;
    }
    match form {
        Form::Terminal => false,
        Form::Lines => !same_message && since >= LINE_EVERY,
        Form::Json => !same_message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use awsproto::xml;

    fn status(code: &str, message: &str) -> Status {
        let answer = format!(
            "<R><JobId>ABCDE</JobId><LocationCode>AtAWS</LocationCode>\
             <ProgressCode>{code}</ProgressCode><ProgressMessage>{message}</ProgressMessage></R>"
        );
        Status::read(&xml::parse(answer.as_bytes()).unwrap())
    }

    #[test]
    fn states_are_told_at_once_and_figures_now_and_then() {
        let soon = Duration::from_secs(2);
        let (last, same) = (
            status("InProgress", "1 file"),
            status("InProgress", "1 file"),
        );
        let (more, over) = (
            status("InProgress", "2 files"),
            status("Complete", "1 file"),
        );
        for (form, since, now, news) in [
            (Form::Lines, soon, &same, false),
            (Form::Lines, LINE_EVERY, &same, false),
            (Form::Lines, soon, &more, false),
            (Form::Lines, LINE_EVERY, &more, true),
            (Form::Lines, soon, &over, true),
            (Form::Terminal, LINE_EVERY, &more, false),
            (Form::Terminal, soon, &over, true),
            (Form::Json, soon, &same, false),
            (Form::Json, soon, &more, true),
        ] {
            let told = is_news(form, Some((&last, since)), now);
            assert_eq!(told, news, "{form:?} {since:?} {now:?}");
        }
        for form in [Form::Lines, Form::Terminal, Form::Json] {
            assert!(is_news(form, None, &last), "the first answer");
        }
    }

    #[test]
    fn links_that_are_made_anew_are_no_news() {
        let with_link = |url: &str| {
            let answer = format!(
                "<R><JobId>ABCDE</JobId><LocationCode>NotReceived</LocationCode>\
                 <ProgressCode>Pending</ProgressCode><ArtifactList><member><Description>Sheet\
                 </Description><URL>{url}</URL></member></ArtifactList></R>"
            );
            Status::read(&xml::parse(answer.as_bytes()).unwrap())
        };
        let (last, now) = (with_link("http://a/1"), with_link("http://a/2"));
        assert_ne!(last, now);
        for form in [Form::Lines, Form::Terminal, Form::Json] {
            assert!(!is_news(form, Some((&last, LINE_EVERY)), &now), "{form:?}");
        }
    }

    #[test]
    fn the_exit_code_tells_how_the_job_ended() {
        for (code, exit) in [
            ("Complete", Exit::Ok),
            ("Success", Exit::Ok),
            ("SuccessWithErrors", Exit::SomeFailed),
            ("Canceled", Exit::Refused),
            ("MissingSignature", Exit::Refused),
            ("Expired", Exit::Refused),
        ] {
            assert_eq!(outcome(&status(code, "")), exit, "{code}");
        }
    }
}
