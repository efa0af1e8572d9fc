//! Signing in at the console: by a link that lets somebody in once, and then by what the browser keeps. There are no
//! passwords. Of both secrets the SHA-256 alone is kept.
//!
//! Customers are let in by an access key of theirs, and are out when that is revoked.

use std::net::IpAddr;

use model::actor::Actor;
use model::ids::PersonName;
use model::time::Timestamp;

use super::{AccountFault, Admin, Refused, accounts};
use crate::access::{
    Action, BearerToken, Caller, Denied, Origin, Resource, Unidentified, authorize, by_key,
};
use crate::jobstore::{
    AccessKey, Holder, JobStoreError, LetIn, NewSession, SignInLink, StoredSession,
};

/// Seconds for which a link lets somebody in.
const LINK_SECONDS: i64 = 10 * 60;

/// Seconds after which a session ends.
const SESSION_SECONDS: i64 = 12 * 3600;

/// Seconds after which a session ends that nobody uses.
const IDLE_SECONDS: i64 = 2 * 3600;

/// Seconds from one note that a session is used to the next.
const NOTED_SECONDS: i64 = 60;

/// Seconds for which it is known that a form was sent: longer than a session can show the same form again.
const FORM_SECONDS: i64 = SESSION_SECONDS;

/// A link that was made.
#[derive(Debug)]
pub struct MadeLink {
    /// What stands in it.
    pub token: BearerToken,
    /// Whom it lets in.
    pub actor: Actor,
    /// Until when.
    pub until: Timestamp,
}

impl MadeLink {
    /// What to open in a browser, at the console of this URL.
    #[must_use]
    pub fn url(&self, console: &str) -> String {
        format!("{console}/in/{}", self.token.expose())
    }
}

/// A session, for whoever has it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Which.
    pub number: i64,
    /// Whose.
    pub caller: Caller,
    /// When a passkey was last touched in it.
    pub touched: Option<Timestamp>,
}

/// That the caller may sign in at all: a customer at the own account, others at the service.
pub(super) fn may_sign_in(caller: &Caller) -> Result<(), Denied> {
    let place = match caller {
        Caller::Customer(customer) => Resource::JobsOf(&customer.account.id),
        Caller::Person(_) | Caller::Station(_) | Caller::Operator => Resource::Service,
    };
    authorize(caller, Action::OpenConsole, place)
}

/// Makes a link for whoever asks, or for somebody else if the caller manages the people who run the service.
///
/// # Errors
/// [`AccountFault::NoSuchPerson`], or [`Refused`] if the caller may not let anybody in.
pub async fn link(
    admin: &Admin,
    caller: &Caller,
    name: Option<&PersonName>,
) -> Result<MadeLink, Refused> {
    authorize(caller, Action::OpenConsole, Resource::Service)?;
    let own = match caller {
        Caller::Person(person) => Some(&person.name),
        Caller::Customer(_) | Caller::Station(_) | Caller::Operator => None,
    };
    let person = match name {
        Some(name) if Some(name) != own => {
            authorize(caller, Action::ManageOperators, Resource::Service)?;
            in_force(admin, name).await?;
            Some(name)
        }
        _ => own,
    };
    let whom = match person {
        Some(name) => LetIn::Person(name.clone()),
        None => LetIn::Host,
    };
    make(admin, whom, actor(person)).await
}

/// Makes a link for the customer who asks.
///
/// # Errors
/// [`Refused`] if it is no customer, or one that may not.
pub async fn link_of_customer(admin: &Admin, caller: &Caller) -> Result<MadeLink, Refused> {
    let customer = caller.customer(Action::OpenConsole)?;
    let jobs = Resource::JobsOf(&customer.account.id);
    authorize(caller, Action::OpenConsole, jobs)?;
    make(admin, LetIn::Key(customer.key.clone()), caller.actor()).await
}

/// Makes a link for the customer whose account this is, by name or number: whoever may make access keys for it can let it
/// in. It lets in by the newest key of the account's own, so that who has none that is good does not come in.
///
/// # Errors
/// [`AccountFault::NoSuchAccount`], [`AccountFault::NoKeyOf`], or [`Refused`] if the caller may not.
pub async fn link_for_account(
    admin: &Admin,
    caller: &Caller,
    account: &str,
) -> Result<MadeLink, Refused> {
    authorize(caller, Action::OpenConsole, Resource::Service)?;
    authorize(caller, Action::ManageKeys, Resource::Service)?;
    let account = accounts::find(admin, account).await?;
    let is_good =
        |key: &AccessKey| key.account == account.id && key.user.is_none() && key.revoked.is_none();
    let newest = admin.jobs.keys().await?.into_iter().rfind(is_good);
    let key = newest.ok_or(AccountFault::NoKeyOf(account.name))?;
    make(admin, LetIn::Key(key.id), Actor::Account(account.id)).await
}

async fn make(admin: &Admin, whom: LetIn, actor: Actor) -> Result<MadeLink, Refused> {
    let (token, now) = (BearerToken::draw(), admin.clock.now());
    let until = now.plus_seconds(LINK_SECONDS);
    let link = SignInLink {
        token_sha256: token.sha256(),
        whom,
        made: now,
        until,
    };
    admin.jobs.add_link(&link).await?;
    Ok(MadeLink {
        token,
        actor,
        until,
    })
}

async fn in_force(admin: &Admin, name: &PersonName) -> Result<(), Refused> {
    let people = admin.jobs.people().await?;
    let is =
        |one: &&crate::jobstore::StoredPerson| one.person.name == *name && one.revoked.is_none();
    match people.iter().find(is) {
        Some(_) => Ok(()),
        None => Err(AccountFault::NoSuchPerson(name.clone()).into()),
    }
}

/// Uses a link up, and gives what the browser is to keep. `None` if it lets nobody in.
///
/// # Errors
/// The job store's failure.
pub async fn enter(
    admin: &Admin,
    link: &BearerToken,
    address: Option<IpAddr>,
) -> Result<Option<BearerToken>, JobStoreError> {
    let (token, session) = new_session(admin, address);
    let is_in = admin.jobs.use_link(link.sha256(), &session).await?;
    Ok(is_in.then_some(token))
}

/// A session that begins now, and what the browser is to keep of it.
pub(super) fn new_session(admin: &Admin, address: Option<IpAddr>) -> (BearerToken, NewSession) {
    let (token, now) = (BearerToken::draw(), admin.clock.now());
    let session = NewSession {
        token_sha256: token.sha256(),
        address: address.map(|address| address.to_canonical().to_string()),
        began: now,
        until: now.plus_seconds(SESSION_SECONDS),
    };
    (token, session)
}

/// Whose session it is that a browser shows, if it goes on; it does so from now on for a while. What a user of an account
/// may is decided by its policies as they are now, and by where this request comes from.
///
/// # Errors
/// The job store's failure.
pub async fn session(
    admin: &Admin,
    token: &BearerToken,
    origin: &Origin,
) -> Result<Option<Session>, JobStoreError> {
    let now = admin.clock.now();
    let Some(stored) = admin.jobs.session(token.sha256(), now).await? else {
        return Ok(None);
    };
    if is_idle(&stored, now) {
        return Ok(None);
    }
    let Some(caller) = caller(admin, stored.holder, origin).await? else {
        return Ok(None);
    };
    if stored.seen.plus_seconds(NOTED_SECONDS) <= now {
        // A disk that is full for a while signs nobody out.
        if let Err(error) = admin.jobs.note_session(stored.number, now).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "use of a session not noted"
            );
        }
    }
    Ok(Some(Session {
        number: stored.number,
        caller,
        touched: stored.touched,
    }))
}

/// The caller that a session speaks for; nobody any more if it is a user who was removed, or who may not sign in.
async fn caller(
    admin: &Admin,
    holder: Holder,
    origin: &Origin,
) -> Result<Option<Caller>, JobStoreError> {
    let key = match holder {
        Holder::Host => return Ok(Some(Caller::Operator)),
        Holder::Person(person) => return Ok(Some(Caller::Person(person))),
        Holder::Customer { key, .. } => key,
    };
    let customer = match by_key(&*admin.jobs, admin.clock.now(), &key, origin).await {
        Ok(customer) => customer,
        Err(Unidentified::Store(error)) => return Err(error),
        Err(Unidentified::Signature(_) | Unidentified::Token) => return Ok(None),
    };
    let account = customer.account.id.clone();
    let caller = Caller::Customer(customer);
    let may = authorize(&caller, Action::OpenConsole, Resource::JobsOf(&account)).is_ok();
    Ok(may.then_some(caller))
}

/// Whether a session goes on. Asking is not using it.
///
/// # Errors
/// The job store's failure.
pub async fn goes_on(admin: &Admin, token: &BearerToken) -> Result<bool, JobStoreError> {
    let now = admin.clock.now();
    let stored = admin.jobs.session(token.sha256(), now).await?;
    Ok(stored.is_some_and(|session| !is_idle(&session, now)))
}

fn is_idle(session: &StoredSession, now: Timestamp) -> bool {
    session.seen.plus_seconds(IDLE_SECONDS) <= now
}

/// Who is signed in, the newest first: all sessions for whoever manages the people who run the service, their own for others.
///
/// # Errors
/// [`Refused`] if the caller has none, or the job store fails.
pub async fn sessions(admin: &Admin, caller: &Caller) -> Result<Vec<StoredSession>, Refused> {
    let mut all = going_on(admin, caller).await?;
    all.retain(|session| may_end(caller, session));
    Ok(all)
}

/// The caller's own sessions, the newest first.
///
/// # Errors
/// As [`sessions`].
pub async fn own_sessions(admin: &Admin, caller: &Caller) -> Result<Vec<StoredSession>, Refused> {
    let mut all = going_on(admin, caller).await?;
    all.retain(|session| is_own(caller, session));
    Ok(all)
}

async fn going_on(admin: &Admin, caller: &Caller) -> Result<Vec<StoredSession>, Refused> {
    may_sign_in(caller)?;
    let now = admin.clock.now();
    let mut all = admin.jobs.sessions(now).await?;
    all.retain(|session| !is_idle(session, now));
    Ok(all)
}

/// Ends a session. Ending it twice is no mistake.
///
/// # Errors
/// [`AccountFault::NoSuchSession`] if there is none that the caller may end.
pub async fn end(admin: &Admin, caller: &Caller, number: i64) -> Result<(), Refused> {
    let all = sessions(admin, caller).await?;
    if !all.iter().any(|session| session.number == number) {
        return Err(AccountFault::NoSuchSession(number).into());
    }
    admin.jobs.end_session(number, admin.clock.now()).await?;
    tracing::info!(actor = %caller.actor(), session = number, "session ended");
    Ok(())
}

/// Ends the session in which this is asked for.
///
/// # Errors
/// The job store's failure.
pub async fn leave(admin: &Admin, session: &Session) -> Result<(), JobStoreError> {
    let (number, now) = (session.number, admin.clock.now());
    admin.jobs.end_session(number, now).await?;
    tracing::info!(actor = %session.caller.actor(), session = number, "session ended");
    Ok(())
}

fn may_end(caller: &Caller, session: &StoredSession) -> bool {
    is_own(caller, session) || authorize(caller, Action::ManageOperators, Resource::Service).is_ok()
}

fn is_own(caller: &Caller, session: &StoredSession) -> bool {
    match (caller, &session.holder) {
        // A session is of a key, whoever of the account has that.
        (Caller::Customer(customer), Holder::Customer { key, .. }) => customer.key == *key,
        _ => caller.actor() == holder(session),
    }
}

/// Whose a session is.
#[must_use]
pub fn holder(session: &StoredSession) -> Actor {
    match &session.holder {
        Holder::Host => actor(None),
        Holder::Person(person) => actor(Some(&person.name)),
        Holder::Customer { account, .. } => Actor::Account(account.clone()),
    }
}

fn actor(person: Option<&PersonName>) -> Actor {
    match person {
        Some(name) => Actor::Person(name.clone()),
        None => Caller::Operator.actor(),
    }
}

/// Notes that a form is sent. `false` if it was sent before.
///
/// # Errors
/// The job store's failure.
pub async fn send_form(admin: &Admin, key_sha256: [u8; 32]) -> Result<bool, JobStoreError> {
    let now = admin.clock.now();
    let until = now.plus_seconds(FORM_SECONDS);
    admin.jobs.use_form(key_sha256, until, now).await
}

/// Forgets that a form was sent, because nothing was done: it may be filled in otherwise and sent again.
///
/// # Errors
/// The job store's failure.
pub async fn free_form(admin: &Admin, key_sha256: [u8; 32]) -> Result<(), JobStoreError> {
    admin.jobs.free_form(key_sha256).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::operators;
    use crate::ops::tests::World;
    use model::role::Role;

    fn name(text: &str) -> PersonName {
        PersonName::new(text).unwrap()
    }

    async fn person(world: &World, called: &str, role: Role) -> Caller {
        let add = operators::add(&world.admin, &Caller::Operator, &name(called), role).await;
        let token = add.unwrap();
        crate::access::by_token(&*world.admin.jobs, &token)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_link_lets_in_whom_it_was_made_for_and_once() {
        let world = World::new().await;
        let admin = &world.admin;
        let jane = person(&world, "jane", Role::Operator).await;
        for (caller, whom, actor) in [
            (&jane, None, "person:jane"),
            (&Caller::Operator, None, "person:operator"),
            (&Caller::Operator, Some(name("jane")), "person:jane"),
        ] {
            let link = link(admin, caller, whom.as_ref()).await.unwrap();
            assert_eq!(link.actor.to_string(), actor);
            let token = enter(admin, &link.token, None).await.unwrap().unwrap();
            assert!(enter(admin, &link.token, None).await.unwrap().is_none());
            let session = session(admin, &token, &Origin::default()).await;
            let session = session.unwrap().unwrap();
            assert_eq!(session.caller.actor().to_string(), actor);
        }
        let denied = link(admin, &jane, Some(&name("joe"))).await;
        assert!(matches!(denied, Err(Refused::Denied(_))), "{denied:?}");
        let nobody = link(admin, &Caller::Operator, Some(&name("joe"))).await;
        let expected = AccountFault::NoSuchPerson(name("joe"));
        assert!(matches!(nobody, Err(Refused::Account(fault)) if fault == expected));
    }

    #[tokio::test]
    async fn a_session_ends_with_its_time_with_its_use_and_with_its_person() {
        let world = World::new().await;
        let (admin, host) = (&world.admin, Caller::Operator);
        let jane = person(&world, "jane", Role::Viewer).await;
        let begin = async |caller: &Caller| {
            let link = link(admin, caller, None).await.unwrap();
            enter(admin, &link.token, None).await.unwrap().unwrap()
        };
        let goes_on = async |token: &BearerToken| {
            let session = session(admin, token, &Origin::default()).await;
            session.unwrap().is_some()
        };
        let (idle, used, hers) = (begin(&host).await, begin(&host).await, begin(&jane).await);
        world.clock.advance(IDLE_SECONDS - 1);
        assert!(goes_on(&used).await && goes_on(&hers).await);
        world.clock.advance(1);
        assert!(!goes_on(&idle).await, "nobody used it");
        assert!(goes_on(&used).await);
        operators::revoke(admin, &host, &name("jane"))
            .await
            .unwrap();
        assert!(!goes_on(&hers).await, "she was revoked");
        for _ in 0..5 {
            world.clock.advance(IDLE_SECONDS - 1);
            goes_on(&used).await;
        }
        assert!(!goes_on(&used).await, "its time is over");
    }

    #[tokio::test]
    async fn a_customer_is_in_by_an_access_key_and_out_when_that_is_revoked() {
        use crate::ops::{accounts, keys};
        let world = World::new().await;
        let (admin, host) = (&world.admin, Caller::Operator);
        for name in ["studio", "other"] {
            let rights = accounts::Rights::default();
            accounts::create(admin, &host, name, rights).await.unwrap();
        }
        let none = link_for_account(admin, &host, "studio").await;
        let expected = AccountFault::NoKeyOf("studio".to_owned());
        assert!(matches!(none, Err(Refused::Account(fault)) if fault == expected));
        let made = keys::create(admin, &host, "studio", None).await.unwrap();
        let lea = person(&world, "lea", Role::Lead).await;
        let denied = link_for_account(admin, &lea, "studio").await;
        assert!(matches!(denied, Err(Refused::Denied(_))), "{denied:?}");
        let opened = link_for_account(admin, &host, "studio").await.unwrap();
        let token = enter(admin, &opened.token, None).await.unwrap().unwrap();
        let origin = Origin::default();
        let now = async || session(admin, &token, &origin).await.unwrap();
        let caller = now().await.unwrap().caller;
        let Caller::Customer(customer) = &caller else {
            panic!("{caller:?}");
        };
        assert_eq!(customer.account.name, "studio");
        // Of all that are signed in he sees himself.
        let seen = sessions(admin, &caller).await.unwrap();
        let holders: Vec<String> = seen.iter().map(|one| holder(one).to_string()).collect();
        assert_eq!(holders, [caller.actor().to_string()]);
        // In turn he makes one of his own.
        let own = link_of_customer(admin, &caller).await.unwrap();
        assert_eq!(own.actor, caller.actor());
        assert!(link_of_customer(admin, &host).await.is_err());
        keys::revoke(admin, &host, &made.key.id).await.unwrap();
        assert!(now().await.is_none());
        assert!(sessions(admin, &host).await.unwrap().is_empty());
        // A link of the key lets in nobody either.
        let late = enter(admin, &own.token, None).await.unwrap().unwrap();
        assert!(session(admin, &late, &origin).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn people_see_and_end_their_own_sessions_and_admins_all() {
        let world = World::new().await;
        let (admin, host) = (&world.admin, Caller::Operator);
        let jane = person(&world, "jane", Role::Lead).await;
        for caller in [&host, &jane] {
            let link = link(admin, caller, None).await.unwrap();
            enter(admin, &link.token, None).await.unwrap().unwrap();
        }
        let seen = sessions(admin, &jane).await.unwrap();
        assert_eq!(seen.len(), 1);
        let all = sessions(admin, &host).await.unwrap();
        assert_eq!(all.len(), 2);
        let of_host = all.iter().find(|session| session.holder == Holder::Host);
        let of_host = of_host.unwrap();
        let refused = end(admin, &jane, of_host.number).await;
        let expected = AccountFault::NoSuchSession(of_host.number);
        assert!(matches!(refused, Err(Refused::Account(fault)) if fault == expected));
        end(admin, &host, seen[0].number).await.unwrap();
        assert!(sessions(admin, &jane).await.unwrap().is_empty());
    }
}
