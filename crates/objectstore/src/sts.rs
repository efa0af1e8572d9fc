//! Keys that end by themselves: `AssumeRole` of the security token service that goes with a store (AWS Security Token
//! Service API reference, version 2011-06-15; Ceph, MinIO and SeaweedFS have it at the address of the store).
//!
//! Such a key may do what the role may and a policy says as well, which is written for each.

use std::fmt;

use awshttp::Answer;
use awshttp::connection::{Connection, Dialect, Sign};
use awshttp::endpoint::{InvalidEndpoint, ServiceConfig};
use awshttp::reply::Reply;
use awshttp::request::{Body, Request};
use awsproto::claims::AccessKeyId;
use awsproto::params::Params;
use awsproto::secret::{SecretKey, SessionToken};
use awsproto::sign::{Credentials, FORM};
use awsproto::xml::{self, Element};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use ureq::http::Method;

use crate::error::StoreError;

/// Longest policy that services take, in characters (API reference, `AssumeRole`).
pub const POLICY_CHARS: usize = 2048;

/// Longest name of a session.
pub const SESSION_CHARS: usize = 64;

/// The dialect of the service.
#[derive(Debug, Clone, Copy)]
enum Sts {}

impl Dialect for Sts {
    type Error = StoreError;

    const SIGNING_NAME: &'static str = "sts";
    const SIGN: Sign = awsproto::sign::rest;
    const HEADERS: &'static [(&'static str, &'static str)] = &[];

    fn is_signed(_: &str) -> bool {
        true
    }

    fn code(_: &Reply<Self>, document: &[u8]) -> Option<String> {
        let root = xml::parse(document).ok()?;
        Some(xml::remote_error(&root)?.code)
    }

    fn refusal(reply: &Reply<Self>, document: &[u8]) -> StoreError {
        let status = reply.status().as_u16();
        let error = xml::parse(document).ok();
        let error = error.as_ref().and_then(xml::remote_error);
        let answer = error.map_or_else(
            || Answer::new(status, "", ""),
            |error| Answer {
                request_id: error.request_id,
                ..Answer::new(status, &error.code, &error.message)
            },
        );
        StoreError::from_answer(answer, None)
    }
}

/// A service that gives keys, spoken to under one of its own.
#[derive(Debug)]
pub struct TokenService {
    connection: Connection<Sts>,
}

/// What a key is wanted for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The role that is assumed. Some services do without.
    pub role: Option<&'a str>,
    /// What the service's own records call the holder: letters, digits and `=,.@-_`, at most [`SESSION_CHARS`].
    pub session: &'a str,
    /// What the key may do of what the role may, as JSON, at most [`POLICY_CHARS`].
    pub policy: &'a str,
    /// Seconds for which it is to be good.
    pub seconds: u32,
}

/// A key that ends by itself.
#[derive(Clone)]
pub struct ShortLivedKey {
    /// The key, with its token.
    pub credentials: Credentials,
    /// Seconds for which it is good, as of its coming.
    pub seconds: u32,
}

impl fmt::Debug for ShortLivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShortLivedKey")
            .field("id", &self.credentials.access_key_id)
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}

impl TokenService {
    /// Prepares to speak to the service at the endpoint. Nothing is sent before the first call.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if the endpoint is not an `http` or `https` address.
    pub fn connect(config: &ServiceConfig) -> Result<Self, InvalidEndpoint> {
        Ok(Self {
            connection: Connection::new(config)?,
        })
    }

    /// Asks for a key.
    ///
    /// # Errors
    /// [`StoreError::AccessDenied`] if we may not have the role, and whatever else keeps a store from answering.
    pub fn assume_role(&self, wanted: &Wanted<'_>) -> Result<ShortLivedKey, StoreError> {
        let mut form = Params::new();
        form.set("Action", "AssumeRole")
            .set("Version", "2011-06-15")
            .set("RoleSessionName", wanted.session)
            .set("DurationSeconds", wanted.seconds.to_string())
            .set("Policy", wanted.policy);
        if let Some(role) = wanted.role {
            form.set("RoleArn", role);
        }
        let target = self.connection.address().target("/");
        let mut request = Request::new(Method::POST, target);
        request.say("content-type", FORM);
        request.body = Body::hashed(form.encode().into_bytes());
        let mut reply = self.connection.ask(&request)?.streaming()?;
        let date = reply.header("date").map(str::to_owned);
        let document = reply.document()?;
        let root = xml::parse(&document).map_err(|error| reply.protocol(error.to_string()))?;
        let now = date.and_then(|date| OffsetDateTime::parse(&date, &Rfc2822).ok());
        let now = now.unwrap_or_else(OffsetDateTime::now_utc);
        key_of(&root, wanted.seconds, now)
            .ok_or_else(|| reply.protocol("there is no key in the answer"))
    }
}

/// The key in an answer of `now`. It is believed to be good for no longer than was asked for.
fn key_of(root: &Element, most: u32, now: OffsetDateTime) -> Option<ShortLivedKey> {
    let key = root.descend(&["AssumeRoleResult", "Credentials"])?;
    let text = |name| key.text_of(name).map(str::trim);
    let until = OffsetDateTime::parse(text("Expiration")?, &Rfc3339).ok()?;
    let left = (until - now).whole_seconds().max(0);
    Some(ShortLivedKey {
        credentials: Credentials {
            access_key_id: AccessKeyId::parse(text("AccessKeyId")?)?,
            secret: SecretKey::new(text("SecretAccessKey")?),
            session_token: Some(SessionToken::new(text("SessionToken")?)),
        },
        seconds: u32::try_from(left).unwrap_or(most).min(most),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As AWS documents it.
    const AWS: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
  <SourceIdentity>Alice</SourceIdentity>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>
      <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>
       AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW
      </SessionToken>
      <Expiration>2019-11-09T13:34:41Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>"#;

    /// As MinIO writes it: on one line, with parts of a second.
    const MINIO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><Arn/><AssumeRoleId/></AssumedRoleUser><Credentials><AccessKeyId>Y4RJU1RNFGK48LGO9I2S</AccessKeyId><SecretAccessKey>sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg</SecretAccessKey><Expiration>2019-11-09T13:20:00.5Z</Expiration><SessionToken>eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9</SessionToken></Credentials></AssumeRoleResult><ResponseMetadata/></AssumeRoleResponse>"#;

    fn key(document: &str) -> Option<ShortLivedKey> {
        let now = OffsetDateTime::parse("2019-11-09T13:19:41Z", &Rfc3339).unwrap();
        key_of(&xml::parse(document.as_bytes()).unwrap(), 3600, now)
    }

    #[test]
    fn keys_are_read_as_services_write_them() {
        let aws = key(AWS).unwrap();
        assert_eq!(
            aws.credentials.access_key_id.as_str(),
            "ASIAIOSFODNN7EXAMPLE"
        );
        let token = aws.credentials.session_token.unwrap();
        assert!(token.expose().starts_with("AQoDYXdz") && token.expose().ends_with("wdQW"));
        assert_eq!(aws.seconds, 900);
        let minio = key(MINIO).unwrap();
        assert_eq!(
            minio.credentials.secret.expose(),
            "sYLRKS1Z7hSjluf6gEbb9066hnx315wHTiACPAjg"
        );
        assert_eq!(minio.seconds, 19);
    }

    #[test]
    fn a_key_is_good_for_no_longer_than_was_asked_for_and_one_that_is_over_not_at_all() {
        let until =
            |time: &str| key(&AWS.replace("2019-11-09T13:34:41Z", time)).map(|key| key.seconds);
        assert_eq!(until("2031-01-01T00:00:00Z"), Some(3600));
        assert_eq!(until("2019-11-09T13:00:00Z"), Some(0));
        assert_eq!(until("soon"), None);
        for name in [
            "AccessKeyId",
            "SecretAccessKey",
            "SessionToken",
            "Expiration",
        ] {
            assert!(key(&AWS.replace(name, "Other")).is_none(), "{name}");
        }
    }
}
