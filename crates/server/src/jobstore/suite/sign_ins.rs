//! Who is signed in at the console.

use awsproto::secret::SecretKey;
use model::ids::{AccessKeyId, AccountId, PersonName};
use model::role::Role;
use model::time::Timestamp;

use super::{JobStore, at};
use crate::jobstore::{AccessKey, Account, Holder, LetIn, NewSession, Person, SignInLink};

pub(super) async fn run(store: &dyn JobStore) {
    a_link_lets_in_once_and_in_time(store).await;
    a_session_is_its_persons_as_long_as_the_person_is_in_force(store).await;
    a_session_is_an_accounts_as_long_as_its_key_is_good(store).await;
    sessions_end_and_are_noted(store).await;
    a_form_is_sent_once(store).await;
}

fn link(token: u8, whom: LetIn) -> SignInLink {
    SignInLink {
        token_sha256: [token; 32],
        whom,
        made: at(0),
        until: at(600),
    }
}

fn session(token: u8, began: Timestamp) -> NewSession {
    NewSession {
        token_sha256: [token; 32],
        address: Some("192.0.2.7".to_owned()),
        began,
        until: began.plus_seconds(3600),
    }
}

async fn a_link_lets_in_once_and_in_time(store: &dyn JobStore) {
    store
        .add_link(&link(1, LetIn::Host))
        .await
        .expect("a new link");
    store
        .add_link(&link(2, LetIn::Host))
        .await
        .expect("a new link");
    let enter = async |token: u8, begun: &NewSession| {
        let entered = store.use_link([token; 32], begun).await;
        entered.expect("no error")
    };
    assert!(!enter(9, &session(101, at(1))).await, "nobody has it");
    assert!(enter(1, &session(102, at(1))).await);
    assert!(!enter(1, &session(103, at(2))).await, "it was used");
    assert!(!enter(2, &session(104, at(600))).await, "it is over");
    let of = async |token: u8, now| store.session([token; 32], now).await.expect("no error");
    let begun = of(102, at(2)).await.expect("it was begun");
    assert_eq!((begun.holder, begun.began), (Holder::Host, at(1)));
    assert_eq!(begun.address.as_deref(), Some("192.0.2.7"));
    assert!(of(102, at(3601)).await.is_none(), "it is over");
    for token in [101, 103, 104] {
        assert!(of(token, at(2)).await.is_none(), "{token}");
    }
}

async fn a_session_is_its_persons_as_long_as_the_person_is_in_force(store: &dyn JobStore) {
    let name = PersonName::new("signed.in@example.org").expect("a name");
    let person = |role| Person {
        name: name.clone(),
        role,
    };
    let add = async |role, token: u8, now| {
        let added = store.add_person(&person(role), [token; 32], now).await;
        added.expect("a new person");
    };
    add(Role::Lead, 201, at(0)).await;
    let hers = link(3, LetIn::Person(name.clone()));
    store.add_link(&hers).await.expect("a link");
    let entered = store.use_link([3; 32], &session(111, at(1))).await;
    assert!(entered.expect("no error"));
    let of = async |now| store.session([111; 32], now).await.expect("no error");
    let holder = of(at(2)).await.map(|session| session.holder);
    assert_eq!(holder, Some(Holder::Person(person(Role::Lead))));
    store
        .revoke_person(&name, at(3))
        .await
        .expect("she is there");
    assert!(of(at(4)).await.is_none(), "a person who was revoked");
    add(Role::Viewer, 202, at(5)).await;
    assert!(
        of(at(6)).await.is_none(),
        "begun before she was added again"
    );
}

async fn a_session_is_an_accounts_as_long_as_its_key_is_good(store: &dyn JobStore) {
    let account = Account {
        id: AccountId::new("161616161616").expect("twelve digits"),
        name: "signed in".to_owned(),
        import: Vec::new(),
        export: Vec::new(),
    };
    store.insert_account(&account).await.expect("a new account");
    let key = AccessKey {
        id: AccessKeyId::new("AKSIGNEDINSIGNEDIN16").expect("an id"),
        account: account.id.clone(),
        user: None,
        created: at(0),
        revoked: None,
    };
    let inserted = store.insert_key(&key, &SecretKey::new("secret")).await;
    inserted.expect("a new key");
    let link = link(6, LetIn::Key(key.id.clone()));
    store.add_link(&link).await.expect("a link");
    let entered = store.use_link([6; 32], &session(131, at(1))).await;
    assert!(entered.expect("no error"));
    let of = async || store.session([131; 32], at(2)).await.expect("no error");
    let expected = Holder::Customer {
        key: key.id.clone(),
        account: account.id,
    };
    assert_eq!(of().await.map(|session| session.holder), Some(expected));
    store.revoke_key(&key.id, at(2)).await.expect("no error");
    assert!(of().await.is_none(), "the key was revoked");
}

async fn sessions_end_and_are_noted(store: &dyn JobStore) {
    for (token, begun) in [(4, 121), (5, 122)] {
        let host = link(token, LetIn::Host);
        store.add_link(&host).await.expect("a link");
        let entered = store.use_link([token; 32], &session(begun, at(10))).await;
        assert!(entered.expect("no error"));
    }
    let all = async || {
        let all = store.sessions(at(20)).await.expect("no error");
        let count = store.session_count(at(20)).await.expect("no error");
        assert_eq!(usize::try_from(count), Ok(all.len()));
        all
    };
    let numbers: Vec<i64> = all().await.iter().map(|session| session.number).collect();
    assert!(
        numbers.is_sorted_by(|one, other| one > other),
        "{numbers:?}"
    );
    let newest = numbers[0];
    for (noted, seen) in [(at(70), at(70)), (at(60), at(70))] {
        store.note_session(newest, noted).await.expect("no error");
        assert_eq!(all().await[0].seen, seen);
    }
    for is_first in [true, false] {
        let ended = store.end_session(newest, at(80)).await;
        assert_eq!(ended.expect("no error"), is_first);
    }
    assert!(all().await.iter().all(|session| session.number != newest));
    assert_eq!(all().await.len(), numbers.len() - 1);
}

async fn a_form_is_sent_once(store: &dyn JobStore) {
    let send = async |key: u8, now| {
        let sent = store.use_form([key; 32], at(100), now).await;
        sent.expect("no error")
    };
    assert!(send(1, at(0)).await);
    assert!(!send(1, at(1)).await);
    assert!(send(2, at(1)).await);
    store.free_form([1; 32]).await.expect("no error");
    assert!(send(1, at(2)).await, "nothing was done because of it");
    assert!(!send(1, at(3)).await && !send(2, at(3)).await);
    assert!(send(1, at(100)).await, "nobody takes a key that is over");
}
