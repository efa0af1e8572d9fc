//! `longshore mail`: how mails look, and whether they are taken.

use model::operator::notices::{MailShown, TestMail, TestMailSent};

use crate::cli::MailCommand;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore mail` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &MailCommand) -> Result<Exit, Failure> {
    match command {
        MailCommand::Show {
            job,
            event,
            json,
            store,
        } => {
            let query = [
                ("job".to_owned(), job.to_string()),
                ("event".to_owned(), event.to_string()),
            ];
            let shown: MailShown = Way::open(store)?.get("mail/show", &query)?;
            if *json {
                output::json(&shown)?;
                return Ok(Exit::Ok);
            }
            output::data(&shown.mail)?;
            let to = match shown.to.as_slice() {
                [] => "nobody: the manifest names no address".to_owned(),
                all => output::printable(&all.join(", ")),
            };
            output::note(&format!("Nothing was sent. It goes to {to}."));
            Ok(Exit::Ok)
        }
        MailCommand::Test {
            address,
            json,
            store,
        } => {
            let message = TestMail {
                to: address.clone(),
            };
            let sent: TestMailSent = Way::open(store)?.post("mail/test", &message)?;
            match json {
                true => output::json(&sent)?,
                false => output::note(&format!(
                    "The mail server has it: {}",
                    output::printable(&sent.answer)
                )),
            }
            Ok(Exit::Ok)
        }
    }
}
