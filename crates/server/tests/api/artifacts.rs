//! The sheets of a job: links that are the whole right to them, and what is drawn behind them.

use model::actor::Actor;
use model::custody::Custody;
use model::ids::JobId;
use model::progress::Progress;

use crate::world::{Answer, World, at_station, create, ebs, export, glacier, import};

const DAY: i64 = 24 * 60 * 60;

/// Descriptions and URLs of an answer's `ArtifactList`.
fn artifacts(answer: &Answer) -> Vec<(String, String)> {
    let xml = answer.xml();
    let list = xml.children[0].child("ArtifactList").unwrap();
    let text = |member: &awsproto::xml::Element, name| member.text_of(name).unwrap().to_owned();
    list.children_named("member")
        .map(|member| (text(member, "Description"), text(member, "URL")))
        .collect()
}

/// What a browser gets that follows a link.
async fn follow(world: &World, url: &str) -> Answer {
    let base = format!("http://{}", world.service.api_addr);
    let target = url.strip_prefix(&base).unwrap_or_else(|| panic!("{url}"));
    world.http("GET", target, &[], "").await
}

async fn status(world: &World, id: JobId) -> Answer {
    let ask = [("Action", "GetStatus"), ("JobId", id.as_str())];
    world.call(&ask).await
}

async fn links(world: &World, id: JobId) -> Vec<(String, String)> {
    artifacts(&status(world, id).await)
}

fn assert_pdf(answer: &Answer, name: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.starts_with("%PDF-"), "{name}");
    let inline = format!("inline; filename=\"{name}\"");
    for (header, value) in [
        ("content-type", "application/pdf"),
        ("content-disposition", inline.as_str()),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(answer.header(header), Some(value));
    }
}

#[tokio::test]
async fn every_job_has_a_slip_and_an_image_has_a_sheet() {
    let world = World::start().await;
    let exported = export(&["photos"], "logs");
    let slip = vec!["Packing slip"];
    let both = vec!["Packing slip", "Signature barcode sheet"];
    for (job_type, manifest, expected) in [
        ("Import", import("photos"), &slip),
        ("Export", exported, &slip),
        ("Import", ebs("no"), &both),
        ("Import", glacier(), &both),
    ] {
        let mut params = create(&manifest);
        params[1].1 = job_type;
        let created = world.call(&params).await;
        let id = JobId::new(&created.text("JobId").unwrap()).unwrap();
        let names = |links: &[(String, String)]| -> Vec<String> {
            links.iter().map(|(name, _)| name.clone()).collect()
        };
        let made = artifacts(&created);
        assert_eq!(names(&made), *expected);
        assert_eq!(names(&links(&world, id).await), *expected);
        let files = ["packing-slip", "signature-sheet"];
        for ((_, url), file) in made.iter().zip(files) {
            let answer = follow(&world, url).await;
            assert_pdf(&answer, &format!("{file}-{id}.pdf"));
        }
    }
}

#[tokio::test]
async fn what_was_not_stored_has_no_sheets() {
    let world = World::start().await;
    let manifest = import("photos");
    let mut params = create(&manifest).to_vec();
    params.push(("ValidateOnly", "true"));
    let validated = world.call(&params).await;
    assert!(
        validated.body.contains("<ArtifactList/>"),
        "{}",
        validated.body
    );
    let (id, _) = world.create(&manifest).await;
    let mut params = vec![
        ("Action", "UpdateJob"),
        ("JobId", id.as_str()),
        ("JobType", "Import"),
        ("Manifest", &manifest),
    ];
    assert_eq!(artifacts(&world.call(&params).await).len(), 1);
    params.push(("ValidateOnly", "true"));
    assert!(artifacts(&world.call(&params).await).is_empty());
}

#[tokio::test]
async fn a_link_is_good_for_the_days_the_operator_allows() {
    let world = World::with("[jobs]\nartifact_days = 2\n").await;
    let (id, _) = world.create(&import("photos")).await;
    let url = links(&world, id).await.remove(0).1;
    world.clock.advance(2 * DAY - 1);
    assert_eq!(follow(&world, &url).await.status, 200);
    world.clock.advance(1);
    let late = follow(&world, &url).await;
    assert_eq!(late.status, 410);
    assert!(late.body.contains("expired"), "{}", late.body);
    let form = late.header("content-type").unwrap();
    assert!(form.starts_with("text/plain"), "{form}");
    let fresh = links(&world, id).await.remove(0).1;
    assert_eq!(follow(&world, &fresh).await.status, 200);
}

#[tokio::test]
async fn a_link_that_was_changed_gives_nothing() {
    let world = World::start().await;
    let (id, _) = world.create(&ebs("no")).await;
    let (other, _) = world.create(&ebs("no")).await;
    let links = links(&world, id).await;
    let (slip, sheet) = (&links[0].1, &links[1].1);
    let (path, token) = slip.split_once("?token=").unwrap();
    let turned = |at: usize| {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        format!("{path}?token={}", String::from_utf8(bytes).unwrap())
    };
    let mut forged: Vec<String> = (0..token.len() - 1).step_by(7).map(turned).collect();
    forged.extend([
        path.to_owned(),
        format!("{path}?token="),
        format!("{path}?token={token}A"),
        format!("{path}?token={}", &token[..token.len() - 1]),
        format!("{path}?token=%00%ff"),
        // The token of one sheet opens no other.
        sheet.replace("signature-sheet", "packing-slip"),
        slip.replace(id.as_str(), other.as_str()),
    ]);
    for url in forged {
        let answer = follow(&world, &url).await;
        assert_eq!(answer.status, 403, "{url}");
        assert!(!answer.body.contains("%PDF"));
    }
    let long = format!("{path}?token={}", "A".repeat(9000));
    assert_eq!(follow(&world, &long).await.status, 414);
    assert_eq!(follow(&world, slip).await.status, 200);
    let other_service = World::start().await;
    let elsewhere = slip.replace(
        &world.service.api_addr.to_string(),
        &other_service.service.api_addr.to_string(),
    );
    assert_eq!(follow(&other_service, &elsewhere).await.status, 403);
}

/// Nothing of job, account or address stands in a link but the job's id, in the file's name.
#[tokio::test]
async fn a_link_tells_nothing() {
    let world = World::start().await;
    let (id, _) = world.create(&import("photos")).await;
    let label = [
        ("Action", "GetShippingLabel"),
        ("jobIds.member.1", id.as_str()),
        ("name", "Wilhelmina Distinctive"),
    ];
    let url = world.call(&label).await.text("ShippingLabelURL").unwrap();
    let twin = world.call(&label).await.text("ShippingLabelURL").unwrap();
    assert_ne!(url, twin, "two seals of one sheet differ");
    let token = url.split_once("?token=").unwrap().1;
    let plain = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, token).unwrap();
    let plain = String::from_utf8_lossy(&plain);
    for secret in [id.as_str(), world.account.id.as_str(), "Distinctive"] {
        assert!(!token.contains(secret) && !plain.contains(secret));
    }
    let (_, other) = world.another("other", &["*"]).await;
    let foreign = world.call_as(&other, &label).await;
    assert_eq!(foreign.code(), "InvalidJobIdException");
}

#[tokio::test]
async fn a_sheet_goes_with_its_job() {
    let world = World::start().await;
    let (canceled, _) = world.create(&import("photos")).await;
    let (updated, _) = world.create(&ebs("no")).await;
    let slip = links(&world, canceled).await.remove(0).1;
    let cancel = [("Action", "CancelJob"), ("JobId", canceled.as_str())];
    assert_eq!(world.call(&cancel).await.code(), "OK");
    let gone = follow(&world, &slip).await;
    assert_eq!(gone.status, 410);
    assert!(gone.body.contains("it was canceled"), "{}", gone.body);
    assert!(links(&world, canceled).await.is_empty());

    let sheet = links(&world, updated).await.remove(1).1;
    let manifest = import("photos");
    let update = [
        ("Action", "UpdateJob"),
        ("JobId", updated.as_str()),
        ("JobType", "Import"),
        ("Manifest", &manifest),
    ];
    assert_eq!(world.call(&update).await.code(), "OK");
    assert_eq!(follow(&world, &sheet).await.status, 410);

    let job = world.plant(Custody::NotReceived, Progress::Pending).await;
    let slip = links(&world, job.id).await.remove(0).1;
    let mut expired = world.jobs().job(job.id).await.unwrap().unwrap();
    expired.job.progress = Progress::Expired { at: world.now() };
    let (jobs, version) = (world.jobs(), expired.version);
    jobs.replace_job(&expired.job, version, &[], &Actor::Service, world.now())
        .await
        .unwrap();
    assert_eq!(follow(&world, &slip).await.status, 410);
}

#[tokio::test]
async fn links_lead_where_clients_see_the_service() {
    let settings = "[server]\npublic_url = \"https://import.example.org\"\n";
    let world = World::with(settings).await;
    let (id, _) = world.create(&import("photos")).await;
    let url = links(&world, id).await.remove(0).1;
    let path = format!("https://import.example.org/artifacts/v1/packing-slip-{id}.pdf?token=");
    assert!(url.starts_with(&path), "{url}");
    let target = url.strip_prefix("https://import.example.org").unwrap();
    assert_eq!(world.http("GET", target, &[], "").await.status, 200);
}

/// Beside a link's path the API is on every path, and other methods of it are the API's.
#[tokio::test]
async fn only_links_are_artifacts() {
    let world = World::start().await;
    let posted = world.http("POST", "/artifacts/v1/x.pdf", &[], "").await;
    assert_eq!(posted.code(), "MissingAuthenticationToken");
    let bare = world.http("GET", "/artifacts/v1/", &[], "").await;
    assert_eq!(bare.code(), "MissingAuthenticationToken");
}

mod labels {
    use super::*;

    async fn label(world: &World, params: &[(&str, &str)]) -> Answer {
        let mut all = vec![("Action", "GetShippingLabel")];
        all.extend(params);
        world.call(&all).await
    }

    #[tokio::test]
    async fn one_label_is_for_several_jobs() {
        let world = World::start().await;
        let (one, _) = world.create(&import("photos")).await;
        let (two, _) = world.create(&ebs("no")).await;
        let lower = one.as_str().to_ascii_lowercase();
        let answer = label(
            &world,
            &[
                ("jobIds.member.1", one.as_str()),
                ("jobIds.member.2", two.as_str()),
                ("jobIds.member.3", &lower),
            ],
        )
        .await;
        assert_eq!(answer.text("Warning"), None);
        let url = answer.text("ShippingLabelURL").unwrap();
        let answer = follow(&world, &url).await;
        assert_pdf(&answer, &format!("shipping-label-{one}.pdf"));
    }

    #[tokio::test]
    async fn an_odd_parcel_is_warned_of() {
        let world = World::start().await;
        let (slow, _) = world.create(&import("photos")).await;
        let manifest = format!("{}serviceLevel: expeditedShipping\n", import("photos"));
        let (fast, _) = world.create(&manifest).await;
        let here = world
            .plant(at_station(world.now()), Progress::Pending)
            .await;
        let answer = label(
            &world,
            &[
                ("jobIds.member.1", slow.as_str()),
                ("jobIds.member.2", fast.as_str()),
                ("jobIds.member.3", here.id.as_str()),
            ],
        )
        .await;
        let expected = format!(
            "The jobs ask for different service levels; the label says Standard.\n\
             The devices of these jobs have been received already: {}.",
            here.id
        );
        assert_eq!(answer.text("Warning").unwrap(), expected);
    }

    #[tokio::test]
    async fn an_address_is_completed_from_the_manifest_or_refused() {
        let world = World::start().await;
        let (id, _) = world.create(&import("photos")).await;
        let job = ("jobIds.member.1", id.as_str());
        let full = [
            job,
            ("name", "Jürgen Ω 東京"),
            ("company", "Example"),
            ("phoneNumber", "+49 40 1"),
            ("country", "Germany"),
            ("city", "Hamburg"),
            ("postalCode", "20457"),
            ("street1", "Kai 1"),
            ("street2", "Hof 2"),
            ("street3", "Tor 3"),
        ];
        let url = label(&world, &full).await.text("ShippingLabelURL");
        assert_eq!(follow(&world, &url.unwrap()).await.status, 200);
        let torn = label(&world, &[job, ("country", "Germany")]).await;
        assert_eq!(torn.fault(), (400, "InvalidAddressException".to_owned()));
        assert!(torn.message().contains("street1: "), "{}", torn.message());
        let long = "x".repeat(101);
        let long = label(&world, &[job, ("company", &long)]).await;
        assert_eq!(long.code(), "InvalidAddressException");
        assert!(long.message().contains("company: "), "{}", long.message());
    }

    /// As a manifest's: what a request says wrongly is told before what its jobs are, and an
    /// address last.
    #[tokio::test]
    async fn faults_are_told_in_the_order_of_all_operations() {
        let world = World::start().await;
        let (id, _) = world.create(&import("photos")).await;
        let cancel = [("Action", "CancelJob"), ("JobId", id.as_str())];
        assert_eq!(world.call(&cancel).await.code(), "OK");
        let (good, _) = world.create(&import("photos")).await;
        let version = ("APIVersion", "latest");
        let address = ("country", "Germany");
        let none = label(&world, &[version, address]).await;
        assert_eq!(none.code(), "InvalidParameterException");
        let many: Vec<(String, String)> = (1..=paper::limits::LABEL_JOBS + 1)
            .map(|n| (format!("jobIds.member.{n}"), "ZZZZZ".to_owned()))
            .collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            label(&world, &many).await.code(),
            "InvalidParameterException"
        );
        let unknown = [("jobIds.member.1", "ZZZZZ"), version, address];
        assert_eq!(
            label(&world, &unknown).await.code(),
            "InvalidVersionException"
        );
        let unknown = [
            ("jobIds.member.1", "ZZZZZ"),
            ("jobIds.member.2", id.as_str()),
            address,
        ];
        assert_eq!(
            label(&world, &unknown).await.code(),
            "InvalidJobIdException"
        );
        let canceled = [("jobIds.member.1", id.as_str()), address];
        assert_eq!(
            label(&world, &canceled).await.code(),
            "CanceledJobIdException"
        );
        let bad = [("jobIds.member.1", good.as_str()), address];
        assert_eq!(label(&world, &bad).await.code(), "InvalidAddressException");
    }
}
