//! Passkeys by an authenticator that signs whatever it is told to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::ids::PersonName;
use model::role::Role;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::access::Origin;
use crate::challenges::CHALLENGE_SECONDS;
use crate::ops::tests::World;
use crate::ops::{accounts, keys, operators, sign_ins};

const ORIGIN: &str = "https://dock.example.org";

fn site() -> Site {
    Site::of(ORIGIN).unwrap()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An authenticator that keeps one passkey.
struct Authenticator {
    pair: EcdsaKeyPair,
    id: [u8; 16],
    user: Vec<u8>,
    site: String,
    counter: u32,
}

impl Authenticator {
    fn new(id: u8) -> Self {
        let (chance, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &chance).unwrap();
        Self {
            pair: EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &chance).unwrap(),
            id: [id; 16],
            user: Vec::new(),
            site: "dock.example.org".to_owned(),
            counter: 0,
        }
    }

    fn client(kind: &str, challenge: &[u8]) -> String {
        json!({"type": kind, "challenge": text(challenge), "origin": ORIGIN}).to_string()
    }

    fn said(&self, flags: u8) -> Vec<u8> {
        let site = Sha256::digest(&self.site);
        [&site[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn make(&mut self, question: &PasskeyQuestion) -> String {
        self.user = question.user.unwrap().to_vec();
        let point = self.pair.public_key().as_ref();
        let head: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        let key = [head, &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat();
        let said = [&self.said(0x45)[..], &[0; 16], &[0, 16], &self.id, &key].concat();
        let length = u8::try_from(said.len()).unwrap();
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(length);
        attestation.extend(said);
        let client = Self::client("webauthn.create", &question.challenge);
        let document = json!({
            "id": text(self.id),
            "clientDataJSON": text(client),
            "attestationObject": text(attestation),
        });
        document.to_string()
    }

    fn sign(&mut self, question: &PasskeyQuestion) -> String {
        self.counter += 1;
        let client = Self::client("webauthn.get", &question.challenge);
        let said = self.said(0x05);
        let message = [&said[..], &Sha256::digest(&client)[..]].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message).unwrap();
        let document = json!({
            "id": text(self.id),
            "clientDataJSON": text(client),
            "authenticatorData": text(said),
            "signature": text(signature),
            "userHandle": text(&self.user),
        });
        document.to_string()
    }
}

/// A house with its keys.
struct House {
    world: World,
    challenges: ChallengeKey,
}

impl House {
    async fn new() -> Self {
        Self {
            world: World::new().await,
            challenges: ChallengeKey::new(Zeroizing::new([5; 32])),
        }
    }

    fn gate(&self) -> Gatehouse<'_> {
        Gatehouse {
            admin: self.world.admin.clone(),
            challenges: &self.challenges,
        }
    }

    async fn person(&self, called: &str, role: Role) -> Session {
        let name = PersonName::new(called).unwrap();
        let admin = &self.world.admin;
        let added = operators::add(admin, &Caller::Operator, &name, role).await;
        added.unwrap();
        let link = sign_ins::link(admin, &Caller::Operator, Some(&name)).await;
        self.session(&link.unwrap().token).await
    }

    /// The session that a link begins.
    async fn session(&self, link: &BearerToken) -> Session {
        let admin = &self.world.admin;
        let token = sign_ins::enter(admin, link, None).await.unwrap().unwrap();
        self.of(&token).await.unwrap()
    }

    async fn of(&self, token: &BearerToken) -> Option<Session> {
        let admin = &self.world.admin;
        let session = sign_ins::session(admin, token, &Origin::default()).await;
        session.unwrap()
    }

    async fn add(&self, session: &Session, authenticator: &mut Authenticator) {
        let question = ask_to_add(&self.gate(), session, &site()).await.unwrap();
        let document = authenticator.make(&question);
        let added = add(&self.gate(), session, &site(), " ring ", &document).await;
        added.unwrap();
    }

    async fn enter(&self, document: &str) -> Result<Session, AccountFault> {
        match enter(&self.gate(), &site(), document, None).await {
            Ok(token) => Ok(self.of(&token).await.expect("it has just begun")),
            Err(Refused::Account(fault)) => Err(fault),
            Err(other) => panic!("{other}"),
        }
    }
}

fn fault<T: std::fmt::Debug>(refused: Result<T, Refused>) -> AccountFault {
    match refused {
        Err(Refused::Account(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_passkey_lets_its_person_in_and_each_signature_once() {
    let house = House::new().await;
    let jane = house.person("jane", Role::Lead).await;
    let mut ring = Authenticator::new(1);
    house.add(&jane, &mut ring).await;
    let kept = own(&house.world.admin, &jane.caller).await.unwrap();
    assert_eq!((kept.len(), kept[0].passkey.name.as_str()), (1, "ring"));
    let question = ask_to_sign_in(&house.gate());
    let signed = ring.sign(&question);
    let session = house.enter(&signed).await.unwrap();
    assert_eq!(session.caller.actor().to_string(), "person:jane");
    assert!(session.touched.is_some());
    // A browser may send it twice: the question was answered, and the passkey is as good as before.
    let replayed = house.enter(&signed).await;
    assert!(matches!(replayed, Err(AccountFault::OldQuestion)));
    let kept = own(&house.world.admin, &jane.caller).await.unwrap();
    assert_eq!(kept[0].copied, None);
    let signed = ring.sign(&ask_to_sign_in(&house.gate()));
    assert!(house.enter(&signed).await.is_ok());
}

#[tokio::test]
async fn a_question_is_answered_once_and_soon_and_for_what_it_was_asked() {
    let house = House::new().await;
    let jane = house.person("jane", Role::Lead).await;
    let (mut ring, mut drawer) = (Authenticator::new(1), Authenticator::new(2));
    let question = ask_to_add(&house.gate(), &jane, &site()).await.unwrap();
    let made = ring.make(&question);
    add(&house.gate(), &jane, &site(), "ring", &made)
        .await
        .unwrap();
    // The same question for a second passkey.
    let again = drawer.make(&question);
    let refused = add(&house.gate(), &jane, &site(), "drawer", &again).await;
    assert_eq!(fault(refused), AccountFault::OldQuestion);
    let question = ask_to_sign_in(&house.gate());
    let (first, second) = (ring.sign(&question), ring.sign(&question));
    assert!(house.enter(&first).await.is_ok());
    assert_eq!(
        house.enter(&second).await.unwrap_err(),
        AccountFault::OldQuestion
    );
    // What was asked for a touch lets nobody in, and the other way round.
    let question = ask_to_touch(&house.gate(), &jane, &site()).await.unwrap();
    assert_eq!(question.passkeys, [vec![1; 16]]);
    let touched = ring.sign(&question);
    assert_eq!(
        house.enter(&touched).await.unwrap_err(),
        AccountFault::OldQuestion
    );
    let signed = ring.sign(&ask_to_sign_in(&house.gate()));
    let refused = touch(&house.gate(), &jane, &site(), &signed).await;
    assert_eq!(fault(refused), AccountFault::OldQuestion);
    let late = ring.sign(&ask_to_sign_in(&house.gate()));
    house.world.clock.advance(CHALLENGE_SECONDS);
    assert_eq!(
        house.enter(&late).await.unwrap_err(),
        AccountFault::OldQuestion
    );
}

#[tokio::test]
async fn a_touch_is_by_ones_own_passkey_and_fresh_for_a_while() {
    let house = House::new().await;
    let (gate, site) = (house.gate(), site());
    let admin = &gate.admin;
    let (jane, joe) = (
        house.person("jane", Role::Lead).await,
        house.person("joe", Role::Lead).await,
    );
    assert_eq!(
        touch_due(admin, &jane, Some(&site)).await.unwrap(),
        TouchDue::No
    );
    let (mut hers, mut his) = (Authenticator::new(1), Authenticator::new(2));
    house.add(&jane, &mut hers).await;
    house.add(&joe, &mut his).await;
    assert_eq!(
        touch_due(admin, &jane, Some(&site)).await.unwrap(),
        TouchDue::Yes
    );
    let elsewhere = TouchDue::Elsewhere(vec!["dock.example.org".to_owned()]);
    let other = Site::of("http://localhost:4782").unwrap();
    for place in [None, Some(&other)] {
        assert_eq!(touch_due(admin, &jane, place).await.unwrap(), elsewhere);
    }
    let question = ask_to_touch(&gate, &jane, &site).await.unwrap();
    let refused = touch(&gate, &jane, &site, &his.sign(&question)).await;
    assert_eq!(fault(refused), AccountFault::UnknownPasskey);
    // One that says it is hers, and is signed by his.
    his.id = hers.id;
    his.user.clone_from(&hers.user);
    let refused = touch(&gate, &jane, &site, &his.sign(&question)).await;
    assert_eq!(
        fault(refused),
        AccountFault::Passkey(passkey::Fault::Signature)
    );
    let signed = hers.sign(&question);
    touch(&gate, &jane, &site, &signed).await.unwrap();
    let sessions = sign_ins::own_sessions(admin, &jane.caller).await.unwrap();
    let jane = Session {
        touched: sessions[0].touched,
        ..jane
    };
    assert_eq!(
        touch_due(admin, &jane, Some(&site)).await.unwrap(),
        TouchDue::No
    );
    house.world.clock.advance(FRESH_SECONDS);
    assert_eq!(
        touch_due(admin, &jane, Some(&site)).await.unwrap(),
        TouchDue::Yes
    );
}

#[tokio::test]
async fn a_copy_of_a_passkey_makes_both_good_for_nothing() {
    let house = House::new().await;
    let jane = house.person("jane", Role::Lead).await;
    let mut ring = Authenticator::new(1);
    house.add(&jane, &mut ring).await;
    for _ in 0..3 {
        let signed = ring.sign(&ask_to_sign_in(&house.gate()));
        assert!(house.enter(&signed).await.is_ok());
    }
    ring.counter = 1;
    let copied = ring.sign(&ask_to_sign_in(&house.gate()));
    let refused = house.enter(&copied).await.unwrap_err();
    assert_eq!(refused, AccountFault::Passkey(passkey::Fault::Copied));
    ring.counter = 99;
    let signed = ring.sign(&ask_to_sign_in(&house.gate()));
    assert_eq!(
        house.enter(&signed).await.unwrap_err(),
        AccountFault::UnknownPasskey
    );
    let admin = &house.world.admin;
    let kept = own(admin, &jane.caller).await.unwrap();
    assert!(kept[0].copied.is_some());
    let left = sign_ins::own_sessions(admin, &jane.caller).await.unwrap();
    assert_eq!(left.len(), 1, "what began by a link goes on");
    // It asks for no touch that nobody can give.
    let due = touch_due(admin, &jane, Some(&site())).await.unwrap();
    assert_eq!(due, TouchDue::No);
}

#[tokio::test]
async fn who_is_no_more_has_no_passkeys() {
    let house = House::new().await;
    let (admin, host) = (&house.world.admin, Caller::Operator);
    let jane = house.person("jane", Role::Admin).await;
    let joe = house.person("joe", Role::Viewer).await;
    let (mut hers, mut his) = (Authenticator::new(1), Authenticator::new(2));
    house.add(&jane, &mut hers).await;
    house.add(&joe, &mut his).await;
    let all = passkeys(admin, &host).await.unwrap();
    let whose: Vec<String> = all.iter().map(|one| actor(one).to_string()).collect();
    assert_eq!(whose, ["person:jane", "person:joe"]);
    let refused = remove(admin, &joe.caller, all[0].number).await;
    assert_eq!(fault(refused), AccountFault::NoSuchPasskey(all[0].number));
    let begun = house.enter(&his.sign(&ask_to_sign_in(&house.gate()))).await;
    assert!(begun.is_ok());
    remove(admin, &jane.caller, all[1].number).await.unwrap();
    let left = sign_ins::own_sessions(admin, &joe.caller).await.unwrap();
    assert_eq!(left.len(), 1, "who signed in by it is signed out");
    let signed = his.sign(&ask_to_sign_in(&house.gate()));
    assert_eq!(
        house.enter(&signed).await.unwrap_err(),
        AccountFault::UnknownPasskey
    );
    let signed = hers.sign(&ask_to_sign_in(&house.gate()));
    let name = PersonName::new("jane").unwrap();
    operators::revoke(admin, &host, &name).await.unwrap();
    assert_eq!(
        house.enter(&signed).await.unwrap_err(),
        AccountFault::UnknownPasskey
    );
    assert!(passkeys(admin, &host).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_customer_has_passkeys_with_the_access_key() {
    let house = House::new().await;
    let (admin, host) = (&house.world.admin, Caller::Operator);
    let rights = accounts::Rights::default();
    accounts::create(admin, &host, "studio", rights)
        .await
        .unwrap();
    let key = keys::create(admin, &host, "studio", None).await.unwrap();
    let link = sign_ins::link_for_account(admin, &host, "studio").await;
    let studio = house.session(&link.unwrap().token).await;
    let mut ring = Authenticator::new(1);
    house.add(&studio, &mut ring).await;
    let own = own(admin, &studio.caller).await.unwrap();
    assert!(matches!(actor(&own[0]), Actor::Account(_)));
    let signed = ring.sign(&ask_to_sign_in(&house.gate()));
    let session = house.enter(&signed).await.unwrap();
    assert_eq!(session.caller.actor(), studio.caller.actor());
    let signed = ring.sign(&ask_to_sign_in(&house.gate()));
    keys::revoke(admin, &host, &key.key.id).await.unwrap();
    assert_eq!(
        house.enter(&signed).await.unwrap_err(),
        AccountFault::UnknownPasskey
    );
}

#[tokio::test]
async fn what_is_added_has_a_name_and_a_holder_and_is_not_too_much() {
    let house = House::new().await;
    let (gate, site) = (house.gate(), site());
    let link = sign_ins::link(&gate.admin, &Caller::Operator, None).await;
    let host = house.session(&link.unwrap().token).await;
    let refused = ask_to_add(&gate, &host, &site).await;
    assert_eq!(fault(refused), AccountFault::NoPasskeys);
    let jane = house.person("jane", Role::Viewer).await;
    let question = ask_to_add(&gate, &jane, &site).await.unwrap();
    let made = Authenticator::new(1).make(&question);
    for name in ["", "  ", "a\nb", &"x".repeat(NAME_CHARS + 1)] {
        let refused = add(&gate, &jane, &site, name, &made).await;
        assert_eq!(fault(refused), AccountFault::PasskeyName, "{name:?}");
    }
    let other = Site::of("https://other.example.org").unwrap();
    let refused = add(&gate, &jane, &other, "ring", &made).await;
    assert_eq!(
        fault(refused),
        AccountFault::Passkey(passkey::Fault::Origin)
    );
    for id in 0..u8::try_from(MOST_PASSKEYS).unwrap() {
        house.add(&jane, &mut Authenticator::new(id)).await;
    }
    let question = ask_to_add(&gate, &jane, &site).await.unwrap();
    assert_eq!(question.passkeys.len(), MOST_PASSKEYS);
    let made = Authenticator::new(99).make(&question);
    let refused = add(&gate, &jane, &site, "one more", &made).await;
    assert!(matches!(fault(refused), AccountFault::TooMany { .. }));
    let known = passkeys(&gate.admin, &Caller::Operator).await.unwrap();
    remove(&gate.admin, &jane.caller, known[0].number)
        .await
        .unwrap();
    let question = ask_to_add(&gate, &jane, &site).await.unwrap();
    let made = Authenticator::new(5).make(&question);
    let refused = add(&gate, &jane, &site, "again", &made).await;
    assert_eq!(fault(refused), AccountFault::KnownPasskey);
}
