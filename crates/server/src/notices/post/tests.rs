//! Deliveries against a server that answers as a script says, by a clock that is turned by hand.

use model::ids::WebhookId;
use model::notice::NoticeKind;
use model::operator::notices::{DeliveryLine, DeliveryState, WebhookForm};
use model::time::ManualClock;

use super::super::reach::tests::{Asked, Scripted};
use super::*;
use crate::config::{Config, Overrides};
use crate::jobstore::{DeliveryFilter, SqliteJobStore, StoredWebhook};
use crate::sealing::MasterKey;

/// An installation that sends.
struct World {
    post: Post,
    jobs: Arc<dyn JobStore>,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

const NOW: i64 = 1_700_000_000;

/// A mail server that is not there, and an operator.
const MAIL: &str = "[mail]\nurl = \"smtp://127.0.0.1:1\"\nfrom = \"a@b.example\"\n\
                    operator = \"dock@b.example\"\n";

impl World {
    async fn new(server: &Scripted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sealer = MasterKey::new([3; 32]).sealer();
        let store = SqliteJobStore::open(&folder.path().join("db"), sealer).await;
        let jobs: Arc<dyn JobStore> = Arc::new(store.unwrap());
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(NOW)));
        let config = Config::parse(std::path::Path::new(""), MAIL, &Overrides::default());
        let mut ways = Ways::of(&config.unwrap());
        ways.notices.webhooks = server.config();
        let post = Post::new(
            Arc::clone(&jobs),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Metrics::new().unwrap()),
            "dock.example.org".parse().unwrap(),
            &ways,
        );
        Self {
            post,
            jobs,
            clock,
            _folder: folder,
        }
    }

    async fn hook(&self, id: &str, url: String) -> WebhookId {
        let webhook = StoredWebhook {
            id: id.parse().unwrap(),
            account: None,
            kinds: Vec::new(),
            form: WebhookForm::Standard,
            url,
            secret: signing::draw(),
            before: None,
            added: self.clock.now(),
            off: None,
        };
        self.jobs.put_webhook(&webhook).await.unwrap();
        webhook.id
    }

    async fn put(&self, notice: &str, to: &WebhookId) {
        let delivery = NewDelivery {
            notice: notice.parse().unwrap(),
            kind: NoticeKind::WebhookTest,
            job: None,
            lane: Lane::Webhook(to.clone()),
            message: Message::Webhook {
                body: "{\"a\":1}".to_owned(),
            },
            at: self.clock.now(),
        };
        self.jobs.put_delivery(&delivery).await.unwrap();
    }

    async fn round(&self) {
        self.post.round(&CancellationToken::new()).await.unwrap();
        self.post.finish().await;
    }

    async fn lines(&self, to: &WebhookId) -> Vec<DeliveryLine> {
        let filter = DeliveryFilter {
            webhook: Some(to.clone()),
            ..DeliveryFilter::default()
        };
        self.jobs.deliveries(&filter, 100).await.unwrap()
    }

    async fn line(&self, to: &WebhookId) -> DeliveryLine {
        self.lines(to).await.remove(0)
    }
}

fn all_have<'a>(asked: &'a [Asked], name: &str) -> Vec<&'a str> {
    asked.iter().map(|one| one.header(name)).collect()
}

#[tokio::test]
async fn what_fails_is_tried_ten_times_with_one_id_and_told_to_the_operator() {
    let server = Scripted::new(&["500 Oops"]);
    let world = World::new(&server).await;
    let hook = world.hook("wh-a", server.url()).await;
    world.put("ABCDE-1", &hook).await;
    let mut waits = Vec::new();
    world.round().await;
    while let Some(due) = world.line(&hook).await.due {
        let wait = due.unix() - world.clock.now().unix();
        waits.push(wait);
        world.clock.advance(wait - 1);
        world.round().await;
        assert_eq!(server.asked().len(), waits.len(), "not before it is due");
        world.clock.advance(1);
        world.round().await;
    }
    let least = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
    assert_eq!(waits.len(), least.len());
    for (wait, least) in waits.iter().zip(least) {
        assert!(
            (least..=least + least / 10).contains(wait),
            "{wait} for {least}"
        );
    }
    let asked = server.asked();
    assert_eq!(all_have(&asked, "webhook-id"), ["ABCDE-1"; 10]);
    let mut times = all_have(&asked, "webhook-timestamp");
    times.dedup();
    assert_eq!(times.len(), 10, "the time is that of the try");
    assert!(asked.iter().all(|one| one.body == "{\"a\":1}"));
    let failed = world.line(&hook).await;
    assert_eq!((failed.state, failed.tries), (DeliveryState::Failed, 10));
    let all = world.jobs.deliveries(&DeliveryFilter::default(), 9).await;
    let told: Vec<DeliveryLine> = all.unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].notice_id, table::id_of_failure(failed.delivery));
    assert_eq!(told[0].webhook_id, None, "it goes by mail");
}

#[tokio::test]
async fn a_receiver_that_has_too_much_to_do_is_asked_later() {
    let server = Scripted::new(&["429 Slow\r\nRetry-After: 3600", "503 Full", "200 OK"]);
    let world = World::new(&server).await;
    let hook = world.hook("wh-b", server.url()).await;
    world.put("ABCDE-1", &hook).await;
    world.round().await;
    let wait = world.line(&hook).await.due.unwrap().unix() - NOW;
    assert!((3600..=3960).contains(&wait), "{wait}");
    world.clock.advance(wait);
    world.round().await;
    let again = world.line(&hook).await;
    assert_eq!(again.answer.as_deref(), Some("answered 503"));
    world.clock.advance(400);
    world.round().await;
    let sent = world.line(&hook).await;
    assert_eq!((sent.state, sent.tries), (DeliveryState::Sent, 3));
}

#[tokio::test]
async fn a_receiver_that_wants_nothing_more_gets_nothing_more() {
    let server = Scripted::new(&["410 Gone"]);
    let world = World::new(&server).await;
    let hook = world.hook("wh-c", server.url()).await;
    world.put("ABCDE-1", &hook).await;
    world.put("ABCDE-2", &hook).await;
    world.round().await;
    world.clock.advance(90_000);
    world.round().await;
    assert_eq!(server.asked().len(), 1);
    let webhook = world.jobs.webhook(&hook).await.unwrap().unwrap();
    assert_eq!(webhook.off.map(Timestamp::unix), Some(NOW));
    let lines = world.lines(&hook).await;
    assert!(
        lines.iter().all(|line| line.state == DeliveryState::Failed),
        "{lines:?}"
    );
}

#[tokio::test]
async fn one_that_is_dead_holds_up_no_other() {
    let server = Scripted::new(&["200 OK"]);
    let world = World::new(&server).await;
    let mut dead = Vec::new();
    for number in 0..FAILED_LANES + 4 {
        // A name that leads nowhere, on the port that is allowed.
        let url = format!("http://127.9.9.9:{}/", server.address.port());
        let hook = world.hook(&format!("wh-dead{number}"), url).await;
        world.put(&format!("DEAD-{number}"), &hook).await;
        dead.push(hook);
    }
    world.round().await;
    world.clock.advance(10);
    let hook = world.hook("wh-lives", server.url()).await;
    world.put("ABCDE-1", &hook).await;
    world.put("ABCDE-2", &hook).await;
    world.round().await;
    let states: Vec<DeliveryState> = world.lines(&hook).await.iter().map(|it| it.state).collect();
    assert_eq!(states, [DeliveryState::Sent; 2]);
    // One after the other, in their order.
    assert_eq!(
        all_have(&server.asked(), "webhook-id"),
        ["ABCDE-1", "ABCDE-2"]
    );
    for hook in dead {
        assert_eq!(world.line(&hook).await.state, DeliveryState::Waiting);
    }
}

/// The mail server is not there: nothing is lost, and nothing of the address stands in the answer.
#[tokio::test]
async fn a_mail_waits_for_its_server() {
    let server = Scripted::new(&["200 OK"]);
    let world = World::new(&server).await;
    let mail = |to: &str| NewDelivery {
        notice: "ABCDE-1".parse().unwrap(),
        kind: NoticeKind::JobCreated,
        job: None,
        lane: spread::lane_of(to),
        message: Message::Mail {
            to: to.to_owned(),
            subject: "x".to_owned(),
            text: "y\n".to_owned(),
            dated: Timestamp::from_unix(NOW),
        },
        at: Timestamp::from_unix(NOW),
    };
    for to in ["jane@example.com", "not an address@"] {
        world.jobs.put_delivery(&mail(to)).await.unwrap();
    }
    world.round().await;
    let all = world
        .jobs
        .deliveries(&DeliveryFilter::default(), 9)
        .await
        .unwrap();
    let of = |line: &DeliveryLine| (line.state, line.tries);
    let states: Vec<_> = all.iter().rev().take(2).map(of).collect();
    assert_eq!(
        states,
        [(DeliveryState::Waiting, 1), (DeliveryState::Failed, 1)]
    );
    for line in &all {
        let answer = line.answer.as_deref().unwrap_or_default();
        assert!(!answer.contains("jane"), "{answer}");
    }
}
