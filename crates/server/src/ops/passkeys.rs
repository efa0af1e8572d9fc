//! Passkeys at the console: one's own are added, touched and removed, and let somebody in.
//!
//! They are for people and customers. Whoever is at the host of the service has none: such a passkey would be nobody's, and
//! would be good for everything for ever.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::actor::Actor;
use passkey::{Assertion, Known, PublicKey, Registration, Site};
use sha2::{Digest as _, Sha256};

use super::sign_ins::{Session, may_sign_in, new_session};
use super::{AccountFault, Admin, Refused};
use crate::access::{Action, BearerToken, Caller, Resource, authorize};
use crate::challenges::{AskedFor, CHANCE_BYTES, ChallengeKey};
use crate::jobstore::{FreshPasskey, JobStoreError, PasskeyHolder, StoredPasskey, Touch};
use crate::sealing::random;

/// Seconds for which a passkey is freshly touched.
pub const FRESH_SECONDS: i64 = 5 * 60;

/// Most passkeys of one holder: a few devices, and one in a drawer.
pub const MOST_PASSKEYS: usize = 10;

/// Most characters of what somebody calls a passkey.
pub const NAME_CHARS: usize = 64;

/// What passkeys are asked and looked at with.
pub(crate) struct Gatehouse<'a> {
    pub(crate) admin: Admin,
    pub(crate) challenges: &'a ChallengeKey,
}

impl Gatehouse<'_> {
    fn draw(&self, asked: AskedFor) -> Vec<u8> {
        self.challenges
            .make(asked, self.admin.clock.now(), random::<CHANCE_BYTES>())
    }
}

/// What a page asks a browser for.
#[derive(Debug, Clone)]
pub(crate) struct PasskeyQuestion {
    /// What is to be signed.
    pub(crate) challenge: Vec<u8>,
    /// What passkeys call their user, where one is to be added.
    pub(crate) user: Option<[u8; 32]>,
    /// Those of the holder at this site: none of them is made again, one of them is touched. None where nobody is known yet.
    pub(crate) passkeys: Vec<Vec<u8>>,
}

/// Whether somebody has to touch a passkey before something is done that cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TouchDue {
    /// They have none, or have just touched one.
    No,
    /// One of those that they have for this site.
    Yes,
    /// They have some, and none for this site: for these.
    Elsewhere(Vec<String>),
}

/// The passkeys that the caller may see: all for whoever manages the people who run the service, their own for others.
///
/// # Errors
/// [`Refused`] if the caller may not sign in, or the job store fails.
pub async fn passkeys(admin: &Admin, caller: &Caller) -> Result<Vec<StoredPasskey>, Refused> {
    may_sign_in(caller)?;
    match authorize(caller, Action::ManageOperators, Resource::Service) {
        Ok(()) => Ok(admin.jobs.passkeys().await?),
        Err(_) => own(admin, caller).await,
    }
}

/// The caller's own.
///
/// # Errors
/// As [`passkeys`].
pub async fn own(admin: &Admin, caller: &Caller) -> Result<Vec<StoredPasskey>, Refused> {
    may_sign_in(caller)?;
    match holder(caller) {
        Some(holder) => Ok(admin.jobs.passkeys_of(&holder).await?),
        None => Ok(Vec::new()),
    }
}

/// Removes a passkey; who signed in by it is signed out.
///
/// # Errors
/// [`AccountFault::NoSuchPasskey`] if there is none that the caller may remove.
pub async fn remove(admin: &Admin, caller: &Caller, number: i64) -> Result<(), Refused> {
    let all = passkeys(admin, caller).await?;
    let is_there = all.iter().any(|passkey| passkey.number == number);
    if !is_there || !admin.jobs.remove_passkey(number, admin.clock.now()).await? {
        return Err(AccountFault::NoSuchPasskey(number).into());
    }
    tracing::info!(actor = %caller.actor(), passkey = number, "passkey removed");
    Ok(())
}

/// Whose a passkey is, as lists say it.
#[must_use]
pub fn actor(stored: &StoredPasskey) -> Actor {
    match (&stored.passkey.holder, &stored.account) {
        (PasskeyHolder::Person(name), _) => Actor::Person(name.clone()),
        (PasskeyHolder::Key(_), Some(account)) => Actor::Account(account.clone()),
        // It is there only with its key, which has an account.
        (PasskeyHolder::Key(_), None) => Actor::Service,
    }
}

/// Whether the caller may have passkeys.
pub(crate) fn may_have(caller: &Caller) -> bool {
    holder(caller).is_some()
}

/// Asks for a passkey that lets somebody in.
pub(crate) fn ask_to_sign_in(house: &Gatehouse<'_>) -> PasskeyQuestion {
    PasskeyQuestion {
        challenge: house.draw(AskedFor::SignIn),
        user: None,
        passkeys: Vec::new(),
    }
}

/// Asks for a new passkey.
///
/// # Errors
/// As [`own`]; [`AccountFault::NoPasskeys`] for whoever has none.
pub(crate) async fn ask_to_add(
    house: &Gatehouse<'_>,
    session: &Session,
    site: &Site,
) -> Result<PasskeyQuestion, Refused> {
    let asked = AskedFor::Add(session.number);
    let mut question = ask(house, session, site, asked).await?;
    question.user = Some(user(house, &session.caller)?);
    Ok(question)
}

/// Asks for a touch.
///
/// # Errors
/// As [`own`].
pub(crate) async fn ask_to_touch(
    house: &Gatehouse<'_>,
    session: &Session,
    site: &Site,
) -> Result<PasskeyQuestion, Refused> {
    ask(house, session, site, AskedFor::Touch(session.number)).await
}

async fn ask(
    house: &Gatehouse<'_>,
    session: &Session,
    site: &Site,
    asked: AskedFor,
) -> Result<PasskeyQuestion, Refused> {
    let own = own(&house.admin, &session.caller).await?;
    let here = own
        .into_iter()
        .filter(|stored| stored.passkey.site == site.name());
    Ok(PasskeyQuestion {
        challenge: house.draw(asked),
        user: None,
        passkeys: here.map(|stored| stored.passkey.credential).collect(),
    })
}

/// Keeps a passkey that a browser has made in this session.
///
/// # Errors
/// [`AccountFault::PasskeyName`], [`AccountFault::TooMany`], [`AccountFault::NoPasskeys`], [`AccountFault::Passkey`] and
/// [`AccountFault::OldQuestion`].
pub(crate) async fn add(
    house: &Gatehouse<'_>,
    session: &Session,
    site: &Site,
    name: &str,
    document: &str,
) -> Result<(), Refused> {
    let (admin, caller) = (&house.admin, &session.caller);
    let holder = holder(caller).ok_or(AccountFault::NoPasskeys)?;
    let name = name.trim();
    let is_name = (1..=NAME_CHARS).contains(&name.chars().count());
    if !is_name || name.chars().any(char::is_control) {
        return Err(AccountFault::PasskeyName.into());
    }
    if own(admin, caller).await?.len() >= MOST_PASSKEYS {
        let (what, most) = ("passkeys of one person or key", MOST_PASSKEYS);
        return Err(AccountFault::TooMany { what, most }.into());
    }
    let registration = Registration::read(document).map_err(AccountFault::Passkey)?;
    let challenge = registration.challenge().to_vec();
    let now = admin.clock.now();
    let asked = AskedFor::Add(session.number);
    let until = house.challenges.good_until(&challenge, asked, now);
    let until = until.ok_or(AccountFault::OldQuestion)?;
    let made = registration.verify(site, &challenge);
    let made = made.map_err(AccountFault::Passkey)?;
    let passkey = FreshPasskey {
        credential: made.id,
        user: user(house, caller)?.to_vec(),
        holder,
        site: site.name().to_owned(),
        key: made.key.cose().to_vec(),
        counter: made.counter,
        name: name.to_owned(),
        added: now,
    };
    let kept = admin.jobs.add_passkey(&passkey, sha256(&challenge), until);
    match kept.await {
        Err(JobStoreError::Conflict) => return Err(AccountFault::OldQuestion.into()),
        Err(JobStoreError::Exists(_)) => return Err(AccountFault::KnownPasskey.into()),
        kept => kept?,
    }
    tracing::info!(actor = %caller.actor(), site = site.name(), "passkey added");
    Ok(())
}

/// Lets in whose passkey it is that was touched, and gives what the browser is to keep.
///
/// # Errors
/// [`AccountFault::Passkey`], [`AccountFault::OldQuestion`], and [`AccountFault::UnknownPasskey`] of one that lets nobody in
/// any more.
pub(crate) async fn enter(
    house: &Gatehouse<'_>,
    site: &Site,
    document: &str,
    address: Option<IpAddr>,
) -> Result<BearerToken, Refused> {
    let admin = &house.admin;
    let (stored, touch) = touched(house, site, AskedFor::SignIn, document, |_| true).await?;
    let (token, session) = new_session(admin, address);
    if !admin.jobs.enter_by_passkey(&touch, &session).await? {
        return Err(AccountFault::OldQuestion.into());
    }
    tracing::info!(actor = %actor(&stored), passkey = stored.number, "signed in by a passkey");
    Ok(token)
}

/// Notes that one of the caller's own passkeys was touched in this session.
///
/// # Errors
/// As [`enter`].
pub(crate) async fn touch(
    house: &Gatehouse<'_>,
    session: &Session,
    site: &Site,
    document: &str,
) -> Result<(), Refused> {
    let own = holder(&session.caller).ok_or(AccountFault::NoPasskeys)?;
    let asked = AskedFor::Touch(session.number);
    let is_own = |stored: &StoredPasskey| stored.passkey.holder == own;
    let (_, touch) = touched(house, site, asked, document, is_own).await?;
    let jobs = &house.admin.jobs;
    match jobs.touch_passkey(&touch, session.number).await? {
        true => Ok(()),
        false => Err(AccountFault::OldQuestion.into()),
    }
}

/// Whether somebody has to touch a passkey now.
///
/// # Errors
/// As [`own`].
pub(crate) async fn touch_due(
    admin: &Admin,
    session: &Session,
    site: Option<&Site>,
) -> Result<TouchDue, Refused> {
    let fresh = |at: model::time::Timestamp| admin.clock.now() < at.plus_seconds(FRESH_SECONDS);
    if session.touched.is_some_and(fresh) {
        return Ok(TouchDue::No);
    }
    let mut own = own(admin, &session.caller).await?;
    own.retain(|stored| stored.copied.is_none());
    let sites: BTreeSet<String> = own.into_iter().map(|stored| stored.passkey.site).collect();
    Ok(match site {
        _ if sites.is_empty() => TouchDue::No,
        Some(site) if sites.iter().any(|name| name == site.name()) => TouchDue::Yes,
        _ => TouchDue::Elsewhere(sites.into_iter().collect()),
    })
}

/// The passkey that was touched, and what is to be noted of it. Everything is looked at before anything is written, so that
/// whoever tries holds up nobody who writes.
async fn touched(
    house: &Gatehouse<'_>,
    site: &Site,
    asked: AskedFor,
    document: &str,
    is_wanted: impl Fn(&StoredPasskey) -> bool,
) -> Result<(StoredPasskey, Touch), Refused> {
    let (jobs, now) = (&house.admin.jobs, house.admin.clock.now());
    let assertion = Assertion::read(document).map_err(AccountFault::Passkey)?;
    let challenge = assertion.challenge();
    let until = house.challenges.good_until(challenge, asked, now);
    let until = until.ok_or(AccountFault::OldQuestion)?;
    let stored = jobs.passkey(assertion.id()).await?;
    let is_good = |stored: &StoredPasskey| {
        is_wanted(stored) && stored.copied.is_none() && stored.passkey.site == site.name()
    };
    let stored = stored.filter(is_good).ok_or(AccountFault::UnknownPasskey)?;
    let known = Known {
        user: stored.passkey.user.clone(),
        key: PublicKey::read(&stored.passkey.key).map_err(JobStoreError::corrupt)?,
        counter: stored.passkey.counter,
    };
    let verified = assertion.verify(site, challenge, &known);
    let touch = Touch {
        number: stored.number,
        before: known.counter,
        counter: *verified.as_ref().unwrap_or(&known.counter),
        challenge_sha256: sha256(challenge),
        until,
        at: now,
    };
    match verified {
        Ok(_) => Ok((stored, touch)),
        Err(passkey::Fault::Copied) => {
            // An answer that is sent twice, as browsers do when a connection breaks, has an old counter too.
            if !jobs.void_passkey(&touch).await? {
                return Err(AccountFault::OldQuestion.into());
            }
            let number = stored.number;
            tracing::warn!(actor = %actor(&stored), passkey = number, "a passkey may be copied");
            Err(AccountFault::Passkey(passkey::Fault::Copied).into())
        }
        Err(fault) => Err(AccountFault::Passkey(fault).into()),
    }
}

/// Whose a passkey of the caller is.
fn holder(caller: &Caller) -> Option<PasskeyHolder> {
    match caller {
        Caller::Person(person) => Some(PasskeyHolder::Person(person.name.clone())),
        Caller::Customer(customer) => Some(PasskeyHolder::Key(customer.key.clone())),
        Caller::Station(_) | Caller::Operator => None,
    }
}

/// What passkeys call the caller.
fn user(house: &Gatehouse<'_>, caller: &Caller) -> Result<[u8; 32], Refused> {
    let holder = holder(caller).ok_or(AccountFault::NoPasskeys)?;
    Ok(house.challenges.user(&match holder {
        PasskeyHolder::Person(name) => format!("person:{name}"),
        PasskeyHolder::Key(key) => format!("key:{key}"),
    }))
}

fn sha256(challenge: &[u8]) -> [u8; 32] {
    Sha256::digest(challenge).into()
}

#[cfg(test)]
mod tests;
