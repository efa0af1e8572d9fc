//! Who sends a request: the claimed access key, its signature, and the account behind it; or the token
//! of a station or of a person who runs the service.

use awsproto::claims::Claims;
use awsproto::params::Params;
use awsproto::request::Request;
use awsproto::secret::SecretKey;
use awsproto::verify::{Rules, verify};
use model::actor::Actor;
use model::ids::{AccessKeyId, StationName};
use model::time::Timestamp;

use super::{BearerToken, Origin, User};
use crate::app::Context;
use crate::jobstore::{AccessKey, Account, JobStore, JobStoreError, KeyUser, Person};

/// Who asks for an operation.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A customer, through the API.
    Customer(Customer),
    /// A station, or the person in front of it.
    Station(StationName),
    /// A person who runs this service, by a token.
    Person(Person),
    /// Whoever runs this service: who can read its secret key on this host.
    Operator,
}

/// A customer's account, and the access key that signed for it.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The account.
    pub account: Account,
    /// The access key that signed.
    pub key: AccessKeyId,
    /// The user of the account that has the key; `None` for one that may all that the account may.
    pub user: Option<Box<User>>,
}

impl Customer {
    /// The account, or the user of it who has the key.
    fn actor(&self) -> Actor {
        let account = self.account.id.clone();
        match &self.user {
            Some(user) => Actor::User(account, user.name().clone()),
            None => Actor::Account(account),
        }
    }
}

impl Caller {
    /// The caller as the history of jobs names it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Customer(customer) => customer.actor(),
            Self::Station(station) => Actor::Station(station.clone()),
            Self::Person(person) => Actor::Person(person.name.clone()),
            Self::Operator => Actor::operator(),
        }
    }
}

/// A caller who cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Unidentified {
    /// The signature is wrong, or the key is not one that is in force.
    #[error(transparent)]
    Signature(#[from] awsproto::Fault),
    /// There is no token, or one that nobody has.
    #[error("the token is not known to this service")]
    Token,
    /// The job store cannot be asked.
    #[error("the service cannot reach its job store")]
    Store(#[from] JobStoreError),
}

/// Finds out who signed a request, and what it says.
///
/// # Errors
/// The faults of [`Claims::parse`] and [`verify`]; `InvalidClientTokenId` for a key that nobody
/// has, that was revoked, whose user was removed, or that is temporary, since none are issued here.
pub async fn by_signature(
    context: &Context,
    request: &Request<'_>,
    origin: &Origin,
) -> Result<(Customer, Params), Unidentified> {
    let claims = Claims::parse(request)?;
    let now = context.clock.now().instant();
    let found = match claims.session_token() {
        Some(_) => None,
        None => look_up(context, claims.access_key_id().as_str()).await?,
    };
    let Some((key, secret, account)) = found else {
        // As much work as for a wrong signature, so that time does not tell which keys exist.
        let _ = verify(
            request,
            &claims,
            &SecretKey::new("unknown"),
            now,
            &Rules::IMPORT_EXPORT,
        );
        return Err(awsproto::Fault::InvalidClientTokenId.into());
    };
    verify(request, &claims, &secret, now, &Rules::IMPORT_EXPORT)?;
    let now = context.clock.now();
    let customer = customer(&*context.jobs, now, (key, account), origin).await?;
    Ok((customer, claims.params().clone()))
}

/// The customer who was let in by an access key, as long as that is good.
///
/// # Errors
/// [`Unidentified::Signature`] if nobody has it, it was revoked, or its user was removed.
pub(crate) async fn by_key(
    jobs: &dyn JobStore,
    now: Timestamp,
    id: &AccessKeyId,
    origin: &Origin,
) -> Result<Customer, Unidentified> {
    match jobs.key(id).await? {
        Some((key, _, account)) if key.revoked.is_none() => {
            customer(jobs, now, (key, account), origin).await
        }
        _ => Err(awsproto::Fault::InvalidClientTokenId.into()),
    }
}

async fn customer(
    jobs: &dyn JobStore,
    now: Timestamp,
    (key, account): (AccessKey, Account),
    origin: &Origin,
) -> Result<Customer, Unidentified> {
    let user = match &key.user {
        Some(user) => Some(Box::new(user_of(jobs, now, user, origin).await?)),
        None => None,
    };
    Ok(Customer {
        account,
        key: key.id,
        user,
    })
}

/// The user of a key, with its policies as they are at this moment.
async fn user_of(
    jobs: &dyn JobStore,
    now: Timestamp,
    user: &KeyUser,
    origin: &Origin,
) -> Result<User, Unidentified> {
    let Some(identity) = jobs.identity_by_id(&user.id).await? else {
        return Err(awsproto::Fault::InvalidClientTokenId.into());
    };
    let policies = jobs.policies_of_user(&user.id).await?;
    Ok(User::new(identity, policies, origin, now)?)
}

async fn look_up(
    context: &Context,
    id: &str,
) -> Result<Option<(AccessKey, SecretKey, Account)>, JobStoreError> {
    let Ok(id) = AccessKeyId::new(id) else {
        return Ok(None);
    };
    let found = context.jobs.key(&id).await?;
    Ok(found.filter(|(key, ..)| key.revoked.is_none()))
}

/// Finds out which station or person shows a token. It is looked up by its hash: how long that takes says nothing
/// about any token.
///
/// # Errors
/// [`Unidentified::Token`] if nobody has it.
pub async fn by_token(jobs: &dyn JobStore, token: &BearerToken) -> Result<Caller, Unidentified> {
    let hash = token.sha256();
    // Stations first: they come every few seconds, people now and then.
    if let Some(station) = jobs.station_by_token(hash).await? {
        return Ok(Caller::Station(station));
    }
    let person = jobs.person_by_token(hash).await?;
    person.map(Caller::Person).ok_or(Unidentified::Token)
}
