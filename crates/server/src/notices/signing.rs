//! The signatures of webhooks: who sent a request, when, and that it was not changed (Standard Webhooks, `v1`).
//!
//! A secret is `whsec_` and 32 bytes in base64. What is signed is `ID.TIME.BODY` by HMAC-SHA256, as `v1,BASE64`; while a
//! secret is replaced there are two signatures with a space between.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use model::ids::NoticeId;
use model::time::Timestamp;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::jobstore::{Secret, StoredWebhook};
use crate::sealing::random;

/// What stands before a secret.
const PREFIX: &str = "whsec_";

/// Bytes of one: as many as the digest has.
const SECRET_BYTES: usize = 32;

/// A new secret.
pub(crate) fn draw() -> Secret {
    Secret::new(random::<SECRET_BYTES>().to_vec())
}

/// The secret as its receiver has it; the caller shows it once.
pub(crate) fn text(secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(secret.expose())))
}

/// The `webhook-signature` of a request that is sent now.
pub(crate) fn signatures(
    webhook: &StoredWebhook,
    id: &NoticeId,
    now: Timestamp,
    body: &[u8],
) -> String {
    let mut all = sign(&webhook.secret, id, now, body);
    if let Some((before, until)) = &webhook.before
        && now < *until
    {
        all.push(' ');
        all.push_str(&sign(before, id, now, body));
    }
    all
}

fn sign(secret: &Secret, id: &NoticeId, now: Timestamp, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose()).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{}.", now.unix()).as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use model::operator::notices::WebhookForm;

    use super::*;

    fn webhook(before: Option<(Secret, Timestamp)>) -> StoredWebhook {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        StoredWebhook {
            id: "wh-1".parse().unwrap(),
            account: None,
            kinds: Vec::new(),
            form: WebhookForm::Standard,
            url: String::new(),
            secret: Secret::new(secret),
            before,
            added: Timestamp::from_unix(0),
            off: None,
        }
    }

    /// The example of the specification's libraries, whose id has an underscore; ours is made with OpenSSL:
    /// `printf 'msg-p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:…`
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let id: NoticeId = "msg-p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap();
        let body = br#"{"test": 2432232314}"#;
        let now = Timestamp::from_unix(1_614_265_330);
        let found = signatures(&webhook(None), &id, now, body);
        assert_eq!(found, "v1,yzBbibAtJ1kv/y1YC/R/e+Op+zHbDECxrbYeEk1b0Lc=");
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let id: NoticeId = "ABCDE-1".parse().unwrap();
        let at = Timestamp::from_unix;
        let webhook = webhook(Some((Secret::new(vec![1; 32]), at(100))));
        let both = signatures(&webhook, &id, at(99), b"{}");
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.split(' ').all(|one| one.starts_with("v1,")));
        let one = signatures(&webhook, &id, at(100), b"{}");
        assert_eq!(one.split(' ').count(), 1);
    }

    #[test]
    fn a_secret_is_drawn_anew_and_has_no_face() {
        let secret = draw();
        assert_ne!(secret, draw());
        let text = text(&secret);
        let bytes = text.strip_prefix(PREFIX).unwrap();
        assert_eq!(STANDARD.decode(bytes).unwrap(), secret.expose());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
