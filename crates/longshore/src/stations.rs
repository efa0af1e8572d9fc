//! `longshore station` and `longshore bay`: the hosts that have the devices, and what is plugged in there.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Duration;

use anyhow::anyhow;
use model::ids::{BayName, StationName};
use model::limits::STATION_ROOM_BYTES;
use model::operator::NewToken;
use model::operator::stations::{
    BayLine, BayList, LastTold, OrderFor, OrderLine, OtherLine, ShareLine, StationDetail,
    StationLine, StationList, unheard,
};
use model::order::OrderVerb;
use model::readable;
use model::time::Timestamp;
use serde::Serialize;

use crate::bench;
use crate::cli::{BayEraseArgs, OrderArgs, StationCommand, StoreArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::store::limits;
use crate::unlock;
use crate::way::Way;

/// How often what is watched is asked for.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// The same while nobody answers.
const WATCH_AGAIN: Duration = Duration::from_secs(2);

/// Most stations that are asked to tell every second how they are while all are watched: each is a request.
const WATCHED: usize = 32;

/// Runs a `longshore station` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &StationCommand) -> Result<Exit, Failure> {
    match command {
        StationCommand::Token { name, store } => {
            let new = Way::open(store)?.post(&format!("stations/{name}/token"), &())?;
            tell_token(name, &new)
        }
        StationCommand::Run(args) => bench::run(args),
        StationCommand::List { watch, json, store } => {
            let way = Way::open(store)?;
            let all = || all_stations(&way);
            let text = |list: &StationList| stations_table(&list.stations);
            shown(*watch, *json, all, text)
        }
        StationCommand::Show { name, json, store } => show(name, *json, store),
        StationCommand::Revoke { name, yes, store } => revoke(name, *yes, store),
        StationCommand::Drain { name, store } => {
            act(store, name, "drain")?;
            output::note(&format!(
                "Station {name} begins nothing new; what it has begun it ends."
            ));
            Ok(Exit::Ok)
        }
        StationCommand::Undrain { name, store } => {
            act(store, name, "undrain")?;
            output::note(&format!("Station {name} begins again."));
            Ok(Exit::Ok)
        }
    }
}

/// Lists the bays of a station, or of all.
///
/// # Errors
/// If the service cannot be asked.
pub(crate) fn list_bays(
    station: Option<&StationName>,
    watch: bool,
    json: bool,
    store: &StoreArgs,
) -> Result<Exit, Failure> {
    let way = Way::open(store)?;
    let all = || match station {
        Some(name) => bays_of(&way, name, watch),
        None => {
            if watch {
                watch_all(&way)?;
            }
            all_bays(&way)
        }
    };
    shown(watch, json, all, bench_text)
}

/// All bays, and the disks that are left alone.
fn bench_text(list: &BayList) -> String {
    let bays = bays_table(&list.bays);
    match list.others.is_empty() {
        true => bays,
        false => format!("{bays}\n{}", others_table(&list.others)),
    }
}

fn act(store: &StoreArgs, name: &StationName, what: &str) -> Result<(), Failure> {
    Way::open(store)?.post(&format!("stations/{name}/{what}"), &())
}

fn tell_token(name: &StationName, new: &NewToken) -> Result<Exit, Failure> {
    output::data(&format!("{}\n", new.token))?;
    output::note(&format!(
        "The token is shown this once; an earlier one of station {name} is void. On its host:\n\
         longshore dock DEVICE_PATH --server URL --station {name} --token-file FILE"
    ));
    Ok(Exit::Ok)
}

/// Shows something once, or whenever it has changed until somebody ends it.
fn shown<D: Serialize + PartialEq>(
    watch: bool,
    json: bool,
    ask: impl Fn() -> Result<D, Failure>,
    text: impl Fn(&D) -> String,
) -> Result<Exit, Failure> {
    let mut before = None;
    let mut live = Live::default();
    loop {
        let now = match ask() {
            Ok(now) => now,
            // What cannot be asked for at all is no matter of waiting.
            Err(failure) if !watch || before.is_none() => return Err(failure),
            Err(failure) => {
                if let Some(said) = live.failed(&failure) {
                    output::note(&said);
                }
                std::thread::sleep(WATCH_AGAIN);
                continue;
            }
        };
        if let Some(said) = live.answered() {
            output::note(&said);
        }
        if before.as_ref() != Some(&now) {
            if json {
                output::json(&now)?;
            } else {
                let clear = match watch && io::stdout().is_terminal() {
                    true => "\x1b[H\x1b[2J",
                    false => "",
                };
                output::data(&format!("{clear}{}", text(&now)))?;
            }
        }
        if !watch {
            return Ok(Exit::Ok);
        }
        before = Some(now);
        std::thread::sleep(WATCH_EVERY);
    }
}

/// Whether what is shown is as it is.
#[derive(Debug, Default)]
struct Live {
    /// What could not be asked, since it could not.
    lost: Option<String>,
}

impl Live {
    /// What is said when it could not be asked: once for each reason.
    fn failed(&mut self, failure: &Failure) -> Option<String> {
        let why = output::chain(&failure.error);
        let is_new = self.lost.as_ref() != Some(&why);
        let said = format!("Not live, trying again: {why}");
        self.lost = Some(why);
        is_new.then_some(said)
    }

    /// What is said when it could.
    fn answered(&mut self) -> Option<String> {
        self.lost.take().map(|_| "Live again.".to_owned())
    }
}

/// The query of the page behind a station.
fn after(next: Option<&StationName>) -> Vec<(String, String)> {
    let pair = |name: &StationName| ("after".to_owned(), name.to_string());
    next.map(pair).into_iter().collect()
}

fn all_stations(way: &Way) -> Result<StationList, Failure> {
    let mut all: StationList = way.get("stations", &[])?;
    while let Some(next) = all.next.take() {
        let more: StationList = way.get("stations", &after(Some(&next)))?;
        all.stations.extend(more.stations);
        all.next = more.next;
    }
    Ok(all)
}

/// What all stations told of their bays.
pub(crate) fn all_bays(way: &Way) -> Result<BayList, Failure> {
    let mut all: BayList = way.get("bays", &[])?;
    while let Some(next) = all.next.take() {
        let more: BayList = way.get("bays", &after(Some(&next)))?;
        all.bays.extend(more.bays);
        all.others.extend(more.others);
        all.next = more.next;
    }
    Ok(all)
}

/// What a station told of its bays. One that is watched tells every second how it is.
pub(crate) fn bays_of(way: &Way, name: &StationName, watch: bool) -> Result<BayList, Failure> {
    if watch {
        way.post::<()>(&format!("stations/{name}/watch"), &())?;
    }
    let detail: StationDetail = way.get(&format!("stations/{name}"), &[])?;
    Ok(BayList {
        bays: detail.told,
        others: detail.others,
        next: None,
    })
}

/// Lets the stations that are heard tell every second how they are.
fn watch_all(way: &Way) -> Result<(), Failure> {
    let heard = |line: &StationLine| line.heard.is_some() && line.revoked.is_none();
    let stations = all_stations(way)?.stations.into_iter().filter(heard);
    for line in stations.take(WATCHED) {
        way.post::<()>(&format!("stations/{}/watch", line.name), &())?;
    }
    Ok(())
}

fn show(name: &StationName, json: bool, store: &StoreArgs) -> Result<Exit, Failure> {
    let detail: StationDetail = Way::open(store)?.get(&format!("stations/{name}"), &[])?;
    if json {
        output::json(&detail)?;
        return Ok(Exit::Ok);
    }
    output::data(&about(&detail))?;
    if !detail.told.is_empty() {
        output::data(&format!("\n{}", bays_table(&detail.told)))?;
    }
    if !detail.others.is_empty() {
        output::data(&format!("\n{}", others_table(&detail.others)))?;
    }
    if !detail.orders.is_empty() {
        output::data(&format!("\n{}", orders_table(&detail.orders)))?;
    }
    Ok(Exit::Ok)
}

/// What there is to know of a station beside its bays.
fn about(detail: &StationDetail) -> String {
    let line = &detail.line;
    let text = |at: &Option<_>| at.as_ref().map(ToString::to_string);
    let (heard, draining, revoked) = (text(&line.heard), text(&line.draining), text(&line.revoked));
    let state = line.state.to_string();
    let admitted = line.admitted.to_string();
    let ahead = line.clock_ahead.filter(|seconds| *seconds != 0);
    let clock = ahead.map(|seconds| format!("{seconds:+} s beside the server's"));
    let free = detail.free_bytes.map(free);
    let jobs: Vec<String> = detail.jobs.iter().map(ToString::to_string).collect();
    let jobs = (!jobs.is_empty()).then(|| jobs.join(" "));
    let share = |share: &ShareLine| {
        let limits = limits(share.bytes_per_second, share.requests_per_second);
        format!("{} {}", share.store, limits.unwrap_or_default())
    };
    let shares: Vec<String> = detail.shares.iter().map(share).collect();
    let shares = (!shares.is_empty()).then(|| shares.join(", "));
    output::fields([
        ("Station", Some(line.name.as_str())),
        ("State", Some(state.as_str())),
        ("Admitted", Some(admitted.as_str())),
        ("Last heard", heard.as_deref()),
        ("Release", line.release.as_deref()),
        ("Clock", clock.as_deref()),
        ("Disk", free.as_deref()),
        ("Draining", draining.as_deref()),
        ("Revoked", revoked.as_deref()),
        ("Jobs", jobs.as_deref()),
        ("Shares", shares.as_deref()),
    ])
}

/// Room where the journals of a station are.
fn free(bytes: u64) -> String {
    let free = format!("{} free in its own folder", readable::bytes(bytes));
    match bytes < STATION_ROOM_BYTES {
        true => format!(
            "{free}: nothing is begun with less than {}",
            readable::bytes(STATION_ROOM_BYTES)
        ),
        false => free,
    }
}

fn stations_table(stations: &[StationLine]) -> String {
    let row = |line: &StationLine| {
        [
            line.name.to_string(),
            line.state.to_string(),
            line.heard.map(|at| at.to_string()).unwrap_or_default(),
            line.bays.to_string(),
            line.at_work.to_string(),
            line.waiting.to_string(),
            line.release.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 7]> = stations.iter().map(row).collect();
    let header = [
        "STATION", "STATE", "HEARD", "BAYS", "AT WORK", "WAITING", "RELEASE",
    ];
    output::table(header, &rows)
}

fn bays_table(bays: &[BayLine]) -> String {
    let row = |line: &BayLine| {
        let job = line.job_id.map(|job| job.to_string());
        let done = line.figures.as_ref().map(|figures| {
            let percent = figures.thousandths / 10;
            let rate = figures
                .rate
                .map(|rate| format!(", {}/s", readable::bytes(rate)));
            format!("{percent} %{}", rate.unwrap_or_default())
        });
        let hint = line.hint.as_ref().map(|hint| format!(" {hint}"));
        let failing = line.failing.as_ref();
        let failing = failing.map(|failing| format!("Failing: {}. ", failing.why));
        [
            line.station.to_string(),
            line.bay.to_string(),
            match &line.last_told {
                Some(last) => format!("{} ({})", last.station, line.state),
                None => line.state.to_string(),
            },
            job.unwrap_or_default(),
            done.unwrap_or_default(),
            format!(
                "{}{}{}{}",
                last_told(line.last_told.as_ref()),
                failing.unwrap_or_default(),
                line.sentence,
                hint.unwrap_or_default()
            ),
        ]
    };
    let rows: Vec<[String; 6]> = bays.iter().map(row).collect();
    output::table(["STATION", "BAY", "STATE", "JOB", "DONE", "WHAT"], &rows)
}

/// When what is said of a bay was so, where its station says nothing any more.
fn last_told(last: Option<&LastTold>) -> String {
    let at = last.and_then(|last| last.at);
    at.map_or_else(String::new, |at| format!("As it was at {at}: "))
}

fn others_table(others: &[OtherLine]) -> String {
    let row = |line: &OtherLine| {
        let remedy = line.remedy.as_ref().map(|remedy| format!(" {remedy}"));
        [
            line.station.to_string(),
            line.medium.clone(),
            readable::bytes(line.bytes),
            line.port.to_string(),
            format!("{}{}", line.why, remedy.unwrap_or_default()),
        ]
    };
    let rows: Vec<[String; 5]> = others.iter().map(row).collect();
    output::table(["STATION", "OTHER DISK", "SIZE", "PORT", "WHY NOT"], &rows)
}

fn orders_table(orders: &[OrderLine]) -> String {
    let row = |line: &OrderLine| {
        let answer = match (&line.answered, &line.refused) {
            (None, _) => "not answered yet".to_owned(),
            (Some(_), None) => "done".to_owned(),
            (Some(_), Some(why)) => format!("refused: {why}"),
        };
        [
            line.at.to_string(),
            line.by.to_string(),
            line.bay.to_string(),
            line.verb.to_string(),
            answer,
        ]
    };
    let rows: Vec<[String; 5]> = orders.iter().map(row).collect();
    output::table(["ORDERED", "WHO", "BAY", "WHAT", "ANSWER"], &rows)
}

/// Orders something of a bay, and says what became of it.
///
/// # Errors
/// If it is refused, or the service cannot be asked.
pub(crate) fn order(args: &OrderArgs, verb: OrderVerb) -> Result<Exit, Failure> {
    let message = plain(&args.bay, verb);
    give(&args.station, &message, args.json, &args.store)
}

/// Orders what is in a bay to be opened with what a person types.
///
/// # Errors
/// As [`order`], and if there is no password.
pub(crate) fn order_unlock(args: &OrderArgs) -> Result<Exit, Failure> {
    let message = OrderFor {
        secret: Some(unlock::asked()?),
        ..plain(&args.bay, OrderVerb::Unlock)
    };
    give(&args.station, &message, args.json, &args.store)
}

fn plain(bay: &BayName, verb: OrderVerb) -> OrderFor {
    OrderFor {
        bay: bay.clone(),
        verb,
        job: None,
        sheet: None,
        serial_end: None,
        secret: None,
    }
}

/// Orders the device of a job in a bay to be erased.
///
/// # Errors
/// As [`order`].
pub(crate) fn order_erase(args: &BayEraseArgs) -> Result<Exit, Failure> {
    let message = OrderFor {
        job: Some(args.job),
        serial_end: Some(args.serial_end.clone()),
        ..plain(&args.bay, OrderVerb::Erase)
    };
    give(&args.station, &message, args.json, &args.store)
}

fn give(
    station: &StationName,
    message: &OrderFor,
    json: bool,
    store: &StoreArgs,
) -> Result<Exit, Failure> {
    let way = Way::open(store)?;
    let line: OrderLine = way.post(&format!("stations/{station}/orders"), message)?;
    if json {
        output::json(&line)?;
    } else if line.waits_for_second {
        output::note(
            "Another person has to say the same within ten minutes, with the same command and a token of their own. The \
             station hears nothing of it before.",
        );
    } else {
        output::note(&ordered(station, line.unheard_since));
    }
    Ok(Exit::Ok)
}

/// When a station hears of an order, and since when it was not heard if so.
fn ordered(name: &StationName, unheard_since: Option<Timestamp>) -> String {
    let answer = format!("`longshore station show {name}` shows its answer.");
    match unheard_since {
        Some(at) => format!("Ordered. {} {answer}", unheard(name, at)),
        None => format!("Ordered. Station {name} hears of it with its next heartbeat; {answer}"),
    }
}

/// Revokes a station, once a person who was told what that ends has said so.
fn revoke(name: &StationName, yes: bool, store: &StoreArgs) -> Result<Exit, Failure> {
    let way = Way::open(store)?;
    let detail: StationDetail = way.get(&format!("stations/{name}"), &[])?;
    output::note(&about(&detail));
    if !yes {
        agree(name)?;
    }
    way.post::<()>(&format!("stations/{name}/revoke"), &())?;
    output::note(&format!(
        "Station {name} is revoked. Its jobs go on wherever their disks are docked; `longshore station token {name}` \
         admits it again."
    ));
    Ok(Exit::Ok)
}

fn agree(name: &StationName) -> Result<(), Failure> {
    let refused = |text: &str| Failure::new(Exit::Refused, anyhow!("{text}"));
    if !io::stdin().is_terminal() {
        return Err(
            refused("nobody was asked whether the station is to be revoked")
                .hint("--yes says that it is"),
        );
    }
    output::note(&format!(
        "This voids its token and ends its leases: what it loads stops. Type the station's name, {name}:"
    ));
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim() == name.as_str() => Ok(()),
        _ => Err(refused("the station was not revoked")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::bay::{BayState, BayStatus};
    use model::handling::Failing;
    use model::ids::PortId;
    use model::loading::Figures;
    use model::presence::StationState;

    #[test]
    fn what_is_watched_says_once_that_it_is_not_live_and_that_it_is_again() {
        let failure = |text: &str| Failure::new(Exit::Error, anyhow!("{text}"));
        let mut live = Live::default();
        assert_eq!(live.answered(), None);
        let said = live.failed(&failure("connection refused"));
        assert_eq!(said.unwrap(), "Not live, trying again: connection refused");
        assert_eq!(live.failed(&failure("connection refused")), None);
        assert!(
            live.failed(&failure("starting"))
                .unwrap()
                .contains("starting")
        );
        assert_eq!(live.answered().unwrap(), "Live again.");
        assert_eq!(live.answered(), None);
    }

    #[test]
    fn bays_are_a_table_with_what_a_person_can_do() {
        let name = BayName::new("B3").unwrap();
        let port = PortId::new("loop:/srv/bays").unwrap();
        let since = "2026-01-02T03:04:05Z".parse().unwrap();
        let mut bay = BayStatus::empty(name, port, since);
        bay.state = BayState::Loading;
        bay.sentence = "Loads.".to_owned();
        bay.hint = Some("Leave it in.".to_owned());
        bay.job = Some("ABCDE".parse().unwrap());
        bay.figures = Some(Figures {
            found: 2,
            found_bytes: 4_000_000_000,
            sent_bytes: 2_000_000_000,
            rate: Some(2_000_000),
            ..Figures::default()
        });
        let station = StationName::new("dock-1").unwrap();
        let failing = BayStatus {
            failing: Some(Failing {
                says_so: false,
                bad_ranges: Some(214),
            }),
            figures: None,
            hint: None,
            ..bay.clone()
        };
        let table = bays_table(&[BayLine::of(&station, failing)]);
        assert!(
            table.ends_with("Failing: 214 ranges of it cannot be read. Loads.\n"),
            "{table}"
        );
        let line = BayLine::of(&station, bay);
        let gone = BayLine {
            last_told: Some(LastTold {
                station: StationState::Silent,
                at: Some(since),
            }),
            ..line.clone()
        };
        assert_eq!(
            bays_table(&[line]),
            "STATION  BAY  STATE    JOB    DONE            WHAT\n\
             dock-1   B3   loading  ABCDE  49 %, 2.0 MB/s  Loads. Leave it in.\n"
        );
        let told = bays_table(&[gone]);
        assert!(
            told.contains("silent (loading)  ABCDE")
                && told.ends_with("As it was at 2026-01-02T03:04:05Z: Loads. Leave it in.\n"),
            "{told}"
        );
    }
}
