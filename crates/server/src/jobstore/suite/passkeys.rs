//! Passkeys, and who is signed in by them.

use awsproto::secret::SecretKey;
use model::ids::{AccessKeyId, AccountId, PersonName};
use model::role::Role;
use model::time::Timestamp;

use super::{JobStore, JobStoreError, at};
use crate::jobstore::{
    AccessKey, Account, FreshPasskey, Holder, NewSession, PasskeyHolder, Person, Touch,
};

pub(super) async fn run(store: &dyn JobStore) {
    let jane = person(store, "passkeys.jane", 210).await;
    a_passkey_is_kept_as_it_was_told(store, &jane).await;
    a_touch_counts_once_and_lets_its_holder_in(store, &jane).await;
    a_passkey_that_was_copied_is_good_for_nothing(store).await;
    a_passkey_that_is_removed_takes_its_sessions_with_it(store).await;
    a_person_takes_their_passkeys_along(store, &jane).await;
    a_customer_has_passkeys_as_long_as_the_key_is_good(store).await;
}

async fn person(store: &dyn JobStore, name: &str, token: u8) -> PersonName {
    let name = PersonName::new(name).expect("a name");
    let person = Person {
        name: name.clone(),
        role: Role::Lead,
    };
    let added = store.add_person(&person, [token; 32], at(0)).await;
    added.expect("a new person");
    name
}

fn fresh(credential: u8, holder: PasskeyHolder, added: Timestamp) -> FreshPasskey {
    FreshPasskey {
        credential: vec![credential; 40],
        user: vec![9; 32],
        holder,
        site: "dock.example.org".to_owned(),
        key: vec![credential; 77],
        counter: u32::MAX - 9,
        name: "the key on my ring".to_owned(),
        added,
    }
}

async fn add(store: &dyn JobStore, passkey: &FreshPasskey) -> Result<(), JobStoreError> {
    let challenge = [passkey.credential[0]; 32];
    store.add_passkey(passkey, challenge, at(1_000)).await
}

async fn number(store: &dyn JobStore, passkey: &FreshPasskey) -> i64 {
    let found = store.passkey(&passkey.credential).await.expect("no error");
    found.expect("it is there").number
}

fn touch(number: i64, before: u32, counter: u32, challenge: u8) -> Touch {
    Touch {
        number,
        before,
        counter,
        challenge_sha256: [challenge; 32],
        until: at(1_000),
        at: at(20),
    }
}

fn session(token: u8) -> NewSession {
    NewSession {
        token_sha256: [token; 32],
        address: None,
        began: at(20),
        until: at(3_600),
    }
}

async fn a_passkey_is_kept_as_it_was_told(store: &dyn JobStore, jane: &PersonName) {
    let holder = PasskeyHolder::Person(jane.clone());
    let passkey = fresh(0xA1, holder.clone(), at(1));
    add(store, &passkey).await.expect("a new passkey");
    let found = store.passkey(&passkey.credential).await.expect("no error");
    let found = found.expect("it is there");
    assert_eq!(found.passkey, passkey);
    assert_eq!(
        (found.used, found.copied, &found.account),
        (None, None, &None)
    );
    assert_eq!(
        store.passkeys_of(&holder).await.expect("no error"),
        std::slice::from_ref(&found)
    );
    assert!(store.passkeys().await.expect("no error").contains(&found));
    assert!(
        store
            .passkey(&[0xA2; 40])
            .await
            .expect("no error")
            .is_none()
    );
    let same = store.add_passkey(&passkey, [0xEE; 32], at(1_000)).await;
    assert!(matches!(same, Err(JobStoreError::Exists(_))), "{same:?}");
    let other = FreshPasskey {
        credential: vec![0xA3; 40],
        ..passkey
    };
    let replayed = store.add_passkey(&other, [0xA1; 32], at(1_000)).await;
    assert!(
        matches!(replayed, Err(JobStoreError::Conflict)),
        "{replayed:?}"
    );
    // What was refused is not answered: it may be answered again.
    let again = store.add_passkey(&other, [0xEE; 32], at(1_000)).await;
    again.expect("a challenge that nobody has answered");
    assert!(number(store, &other).await > found.number);
}

async fn a_touch_counts_once_and_lets_its_holder_in(store: &dyn JobStore, jane: &PersonName) {
    let passkey = fresh(0xA1, PasskeyHolder::Person(jane.clone()), at(1));
    let (number, counter) = (number(store, &passkey).await, passkey.counter);
    let enter = async |touch: &Touch, token: u8| {
        let entered = store.enter_by_passkey(touch, &session(token)).await;
        entered.expect("no error")
    };
    assert!(enter(&touch(number, counter, counter + 1, 0x31), 211).await);
    assert!(
        !enter(&touch(number, counter + 1, counter + 2, 0x31), 212).await,
        "a replay"
    );
    assert!(
        !enter(&touch(number, counter, counter + 2, 0x32), 213).await,
        "it is old"
    );
    assert!(
        !enter(&touch(number + 900, counter, counter + 2, 0x33), 214).await,
        "nobody's"
    );
    for token in [212, 213, 214] {
        let none = store.session([token; 32], at(21)).await.expect("no error");
        assert!(none.is_none(), "{token}");
    }
    let begun = store.session([211; 32], at(21)).await.expect("no error");
    let begun = begun.expect("it was begun");
    let is_hers = matches!(&begun.holder, Holder::Person(person) if person.name == *jane);
    assert!(is_hers && begun.touched == Some(at(20)) && begun.passkey == Some(number));
    let later = Touch {
        at: at(400),
        ..touch(number, counter + 1, counter + 3, 0x34)
    };
    let touched = store.touch_passkey(&later, begun.number).await;
    assert!(touched.expect("no error"));
    let again = store.touch_passkey(&later, begun.number).await;
    assert!(!again.expect("no error"), "a replay");
    let begun = store.session([211; 32], at(401)).await.expect("no error");
    assert_eq!(begun.and_then(|begun| begun.touched), Some(at(400)));
    let stored = store.passkey(&passkey.credential).await.expect("no error");
    let stored = stored.expect("it is there");
    assert_eq!(
        (stored.passkey.counter, stored.used),
        (counter + 3, Some(at(400)))
    );
}

async fn a_passkey_that_was_copied_is_good_for_nothing(store: &dyn JobStore) {
    let joe = person(store, "passkeys.joe", 215).await;
    let passkey = fresh(0xB1, PasskeyHolder::Person(joe), at(1));
    add(store, &passkey).await.expect("a new passkey");
    let (number, counter) = (number(store, &passkey).await, passkey.counter);
    let enter = async |before: u32, challenge: u8, token: u8| {
        let touch = touch(number, before, before + 1, challenge);
        store
            .enter_by_passkey(&touch, &session(token))
            .await
            .expect("no error")
    };
    assert!(enter(counter, 0x41, 216).await);
    let void = async |challenge: u8, now| {
        let touch = Touch {
            at: now,
            ..touch(number, counter, counter, challenge)
        };
        store.void_passkey(&touch).await.expect("no error")
    };
    assert!(!void(0x41, at(20)).await, "an answer that is sent twice");
    let stored = store.passkey(&passkey.credential).await.expect("no error");
    assert_eq!(stored.and_then(|stored| stored.copied), None);
    assert!(void(0x43, at(30)).await && void(0x44, at(40)).await);
    let stored = store.passkey(&passkey.credential).await.expect("no error");
    assert_eq!(stored.and_then(|stored| stored.copied), Some(at(30)));
    assert!(!enter(counter + 1, 0x42, 217).await);
    let ended = store.session([216; 32], at(41)).await.expect("no error");
    assert!(ended.is_none(), "nobody stays signed in by it");
}

async fn a_passkey_that_is_removed_takes_its_sessions_with_it(store: &dyn JobStore) {
    let ann = person(store, "passkeys.ann", 218).await;
    let passkey = fresh(0xC1, PasskeyHolder::Person(ann), at(1));
    add(store, &passkey).await.expect("a new passkey");
    let number = number(store, &passkey).await;
    let touch = touch(number, passkey.counter, passkey.counter + 1, 0x51);
    let entered = store.enter_by_passkey(&touch, &session(219)).await;
    assert!(entered.expect("no error"));
    for is_first in [true, false] {
        let removed = store.remove_passkey(number, at(30)).await;
        assert_eq!(removed.expect("no error"), is_first);
    }
    assert!(
        store
            .passkey(&passkey.credential)
            .await
            .expect("no error")
            .is_none()
    );
    let ended = store.session([219; 32], at(31)).await.expect("no error");
    assert!(ended.is_none());
    // Its authenticator may make it again.
    let again = store.add_passkey(&passkey, [0x52; 32], at(1_000)).await;
    again.expect("it is nobody's");
}

async fn a_person_takes_their_passkeys_along(store: &dyn JobStore, jane: &PersonName) {
    let holder = PasskeyHolder::Person(jane.clone());
    store
        .revoke_person(jane, at(500))
        .await
        .expect("she is there");
    assert!(
        store
            .passkeys_of(&holder)
            .await
            .expect("no error")
            .is_empty()
    );
    assert!(
        store
            .passkey(&[0xA1; 40])
            .await
            .expect("no error")
            .is_none()
    );
    let person = Person {
        name: jane.clone(),
        role: Role::Viewer,
    };
    // In the same second, in which only a passkey that is gone is surely hers no more.
    let added = store.add_person(&person, [220; 32], at(1)).await;
    added.expect("she was revoked");
    assert!(
        store
            .passkeys_of(&holder)
            .await
            .expect("no error")
            .is_empty()
    );
}

async fn a_customer_has_passkeys_as_long_as_the_key_is_good(store: &dyn JobStore) {
    let account = Account {
        id: AccountId::new("272727272727").expect("twelve digits"),
        name: "with passkeys".to_owned(),
        import: Vec::new(),
        export: Vec::new(),
    };
    store.insert_account(&account).await.expect("a new account");
    let key = AccessKey {
        id: AccessKeyId::new("AKPASSKEYPASSKEYPA27").expect("an id"),
        account: account.id.clone(),
        user: None,
        created: at(0),
        revoked: None,
    };
    let inserted = store.insert_key(&key, &SecretKey::new("secret")).await;
    inserted.expect("a new key");
    let passkey = fresh(0xD1, PasskeyHolder::Key(key.id.clone()), at(1));
    add(store, &passkey).await.expect("a new passkey");
    let stored = store.passkey(&passkey.credential).await.expect("no error");
    let stored = stored.expect("it is there");
    assert_eq!(stored.account, Some(account.id.clone()));
    let touch = touch(stored.number, passkey.counter, passkey.counter + 1, 0x61);
    let entered = store.enter_by_passkey(&touch, &session(221)).await;
    assert!(entered.expect("no error"));
    let begun = store.session([221; 32], at(21)).await.expect("no error");
    let expected = Holder::Customer {
        key: key.id.clone(),
        account: account.id,
    };
    assert_eq!(begun.map(|begun| begun.holder), Some(expected));
    store.revoke_key(&key.id, at(30)).await.expect("no error");
    assert!(
        store
            .passkey(&passkey.credential)
            .await
            .expect("no error")
            .is_none()
    );
    assert!(
        store
            .session([221; 32], at(31))
            .await
            .expect("no error")
            .is_none()
    );
}
