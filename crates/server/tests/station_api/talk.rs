//! What stations say, and who may say it.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::actor::Actor;
use model::control::{
    Claim, ClaimAnswer, ClaimRequest, Conclusion, Ending, LeaseState, LeaseToken, Renewal,
    ReturnRequest, Tally,
};
use model::ids::{JobId, StationName};
use model::loading::Figures;
use server::access::BearerToken;

use crate::world::World;

/// A station with a token of its own.
pub(crate) struct Station {
    pub(crate) name: StationName,
    pub(crate) token: BearerToken,
}

impl Station {
    pub(crate) async fn register(world: &World, name: &str) -> Self {
        let (name, token) = (StationName::new(name).unwrap(), BearerToken::draw());
        world
            .jobs()
            .put_station(&name, token.sha256(), &Actor::Service, world.now())
            .await
            .unwrap();
        Self { name, token }
    }

    pub(crate) async fn claim(
        &self,
        world: &World,
        signature: Option<&str>,
        job: Option<JobId>,
    ) -> ClaimAnswer {
        let request = ClaimRequest {
            signature_file: signature.map(|text| STANDARD.encode(text)),
            job,
            ..ClaimRequest::new(self.name.clone(), "/mnt/device".to_owned())
        };
        world
            .tell_as(self.token.expose(), "claim", &request)
            .await
            .unwrap()
    }

    pub(crate) async fn granted(&self, world: &World, signature: &str) -> Claim {
        match self.claim(world, Some(signature), None).await {
            ClaimAnswer::Granted(claim) => *claim,
            denied => panic!("{denied:?}"),
        }
    }

    /// The code of the denial.
    pub(crate) async fn denied(
        &self,
        world: &World,
        signature: Option<&str>,
        job: Option<JobId>,
    ) -> String {
        match self.claim(world, signature, job).await {
            ClaimAnswer::Denied {
                code,
                message,
                hint,
                ..
            } => {
                assert!(!message.is_empty() && !hint.is_empty());
                code
            }
            granted => panic!("{granted:?}"),
        }
    }

    pub(crate) async fn renew(
        &self,
        world: &World,
        job: JobId,
        lease: &LeaseToken,
        tally: Tally,
    ) -> LeaseState {
        let current = Some("a/b".to_owned());
        let figures = Figures {
            tally,
            current,
            ..Figures::default()
        };
        self.renew_with(world, job, lease, figures).await
    }

    /// Renews and tells everything.
    pub(crate) async fn renew_with(
        &self,
        world: &World,
        job: JobId,
        lease: &LeaseToken,
        figures: Figures,
    ) -> LeaseState {
        let renewal = Renewal {
            version: model::control::PROTOCOL_VERSION,
            job,
            lease: lease.clone(),
            figures,
        };
        world
            .tell_as(self.token.expose(), "lease/renew", &renewal)
            .await
            .unwrap()
    }

    pub(crate) async fn finish(
        &self,
        world: &World,
        job: JobId,
        lease: &LeaseToken,
        ending: Ending,
    ) -> Result<(), (u16, String)> {
        let conclusion = Conclusion {
            job,
            lease: lease.clone(),
            ending,
        };
        world
            .tell_as(self.token.expose(), "lease/finish", &conclusion)
            .await
    }

    pub(crate) async fn give_back(
        &self,
        world: &World,
        job: JobId,
        tracking: &str,
    ) -> Result<(), (u16, String)> {
        let (carrier, tracking_number) = ("Example Post".to_owned(), tracking.to_owned());
        let request = ReturnRequest {
            job,
            carrier,
            tracking_number,
            unerased: None,
        };
        world.tell_as(self.token.expose(), "return", &request).await
    }
}

#[tokio::test]
async fn only_registered_stations_are_heard() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let request = ClaimRequest::new(station.name.clone(), "/dev/sdb1".to_owned());
    let stranger = BearerToken::draw();
    let unheard = world
        .tell_as::<ClaimAnswer>(stranger.expose(), "claim", &request)
        .await;
    assert_eq!(unheard.unwrap_err(), (401, "Unauthorized".to_owned()));
    // The service's own station may not speak for another.
    let other = world.tell::<ClaimAnswer>("claim", &request).await;
    assert_eq!(other.unwrap_err(), (403, "OtherStation".to_owned()));
    let bare = world.http("POST", "/station/v1/claim", &[], "{}").await;
    assert_eq!(bare.status, 401);
}

/// What a station says stays within the line that tells of it.
#[tokio::test]
async fn log_lines_cannot_be_forged_by_stations() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Arc::new(Kept(Arc::clone(&kept))))
        .finish();
    let world = World::start().await;
    // For the whole process: one for this thread alone may be missed by call sites that another
    // test meets first.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let ending = serde_json::json!({ "ending": "x\nforged" });
    let message = serde_json::json!({ "job": "ABCDE", "lease": "0", "ending": ending });
    let refused = world.tell::<()>("lease/finish", &message).await;
    assert_eq!(refused.unwrap_err().0, 400);
    let station = Station::register(&world, "dock-1").await;
    let request = ClaimRequest::new(station.name.clone(), "/mnt\nforged".to_owned());
    let denied = world.tell_as::<ClaimAnswer>(station.token.expose(), "claim", &request);
    denied.await.unwrap();
    let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
    assert!(text.contains("station refused"), "{text}");
    assert!(text.contains("device denied"), "{text}");
    assert!(!text.contains("\nforged"), "{text}");
}

/// A log that is kept.
struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for &Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_no_message_is_refused_as_json() {
    let world = World::start().await;
    let odd = world.tell::<()>("claim", &"hello").await;
    assert_eq!(odd.unwrap_err(), (400, "Unreadable".to_owned()));
    let long = world.tell::<()>("claim", &"a".repeat(100_000)).await;
    assert_eq!(long.unwrap_err(), (400, "Unreadable".to_owned()));
    assert_eq!(world.tell::<()>("dance", &()).await.unwrap_err().0, 404);
    assert_eq!(
        world.http("GET", "/station/v1/claim", &[], "").await.status,
        405
    );
}
