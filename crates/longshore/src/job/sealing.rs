//! Seals secrets on the customer's side: what the service keeps then, nobody but it can open, and only to tell a station.

use agefile::{Chance, Recipient};
use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::JobType;
use model::manifest::with_secrets;
use model::secret::{DeviceSecret, SEALED, is_sealed};

use super::client::Client;
use crate::cli::RecipientArgs;
use crate::exit::Failure;

/// For whom is sealed, if anything is.
///
/// # Errors
/// What keeps us from asking the service, and what is no recipient.
pub(super) fn recipient(
    args: &RecipientArgs,
    client: &Client,
) -> Result<Option<Recipient>, Failure> {
    match (&args.seal_for, args.seal) {
        (Some(told), _) => Ok(Some(*told)),
        (None, true) => {
            let text = client.recipient()?;
            let read = text.parse::<Recipient>();
            let read = read.with_context(|| "the service does not say for whom to seal".to_owned());
            Ok(Some(read?))
        }
        (None, false) => Ok(None),
    }
}

/// A manifest with its secrets sealed; those that are stay as they are.
///
/// # Errors
/// If they cannot be told from the rest of the text for sure.
pub(super) fn manifest(
    text: &str,
    job_type: JobType,
    recipient: &Recipient,
) -> Result<String, Failure> {
    // Chance is drawn before: what changes a text has no errors of its own.
    let mut chances = vec![draw()?, draw()?];
    let drawn = std::cell::RefCell::new(&mut chances);
    let seal = |secret: &str| {
        let chance = drawn.borrow_mut().pop()?;
        (!is_sealed(secret)).then(|| sealed(secret, recipient, &chance).ok())?
    };
    match with_secrets(text, job_type, &seal) {
        Ok(Some(sealed)) => Ok(sealed),
        Ok(None) => Err(Failure::usage(
            "there is nothing to seal: the manifest has no pinCode or trueCryptPassword in clear",
        )),
        Err(error) => Err(Failure::usage(error.to_string()).hint(
            "is the manifest good, and do its secrets stand in it once? `--validate-only` says what is wrong with it",
        )),
    }
}

/// A secret, sealed.
///
/// # Errors
/// If there is no chance to be had.
pub(super) fn secret(
    secret: &DeviceSecret,
    recipient: &Recipient,
) -> Result<DeviceSecret, Failure> {
    let text = sealed(secret.expose(), recipient, &draw()?)?;
    Ok(DeviceSecret::new(text).map_err(|why| anyhow!("the sealed password {why}"))?)
}

fn sealed(secret: &str, recipient: &Recipient, chance: &Chance) -> anyhow::Result<String> {
    let file = agefile::seal(recipient, secret.as_bytes(), chance)?;
    Ok(format!("{SEALED}{}", STANDARD.encode(file)))
}

fn draw() -> anyhow::Result<Chance> {
    let mut chance = Chance {
        ephemeral: [0; 32],
        file_key: [0; 16],
        salt: [0; 16],
    };
    for part in [
        &mut chance.ephemeral[..],
        &mut chance.file_key,
        &mut chance.salt,
    ] {
        getrandom::fill(part)
            .map_err(|error| anyhow!("the system gives no random bytes: {error}"))?;
    }
    Ok(chance)
}
