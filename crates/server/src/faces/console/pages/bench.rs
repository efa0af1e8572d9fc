//! The bench: what waits for somebody, and every bay with what goes on there; the same as cards and as a table.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use model::bay::{BayState, SerialDoubt};
use model::ids::{JobId, StationName};
use model::live_map::LiveMap;
use model::operator::rates::{JobRates, RateLine};
use model::operator::stations::{
    BayLine, BayList, OtherLine, StationDetail, StationLine, StationList,
};
use model::operator::{JobLine, JobsPage};
use model::order::OrderVerb;
use model::presence::StationState;
use model::stopped::StopCause;
use model::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::plot;
use crate::faces::console::asking::part;
use crate::faces::console::form::Fields;
use crate::faces::console::language::{Language, Text, TextKey, key, text};
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;

/// Jobs on hold that are shown; the list of jobs has all.
const MOST_HELD: usize = 50;

/// Seconds of which the page of a bay shows how fast it went.
const LATELY: i64 = 3_600;

/// All stations, their bays and the jobs that are on hold, at one moment.
pub(in super::super) struct Bench {
    stations: Vec<StationLine>,
    bays: Vec<BayLine>,
    others: Vec<OtherLine>,
    held: Vec<JobLine>,
}

/// What of it a page shows.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Scope {
    station: Option<StationName>,
    is_table: bool,
}

/// What parts of a page say, by their ids, without the keys of their forms.
pub(in super::super) type Facts = BTreeMap<String, String>;

/// A bay as it is shown.
struct Card<'a> {
    shell: &'a Shell,
    line: &'a BayLine,
}

#[derive(Template)]
#[template(path = "bench.html")]
struct BenchPage<'a> {
    shell: Shell,
    waiting: String,
    bays: String,
    watch: String,
    scope: &'a Scope,
    stations: &'a [StationLine],
}

#[derive(Template)]
#[template(path = "bench_waiting.html")]
struct WaitingPart<'a> {
    say: Language,
    /// Stores that do not answer: each once, however many bays wait for it.
    silent: Vec<SilentStore<'a>>,
    cards: Vec<Card<'a>>,
    held: Vec<&'a JobLine>,
}

/// A store that does not answer.
#[derive(Debug)]
struct SilentStore<'a> {
    /// What it is called; none where that is not known.
    name: Option<&'a str>,
    since: Timestamp,
    /// How many bays wait for it.
    bays: usize,
}

#[derive(Template)]
#[template(path = "bench_bays.html")]
struct BaysPart<'a> {
    say: Language,
    groups: Vec<Group<'a>>,
    is_table: bool,
}

/// The bays of a station.
struct Group<'a> {
    station: &'a StationLine,
    cards: Vec<Card<'a>>,
    /// Disks that it leaves alone: there is nothing to be done with them here.
    others: Vec<&'a OtherLine>,
}

#[derive(Template)]
#[template(path = "bench_card.html")]
struct CardPart<'a> {
    card: Card<'a>,
}

#[derive(Template)]
#[template(path = "bench_row.html")]
struct RowPart<'a> {
    card: Card<'a>,
}

#[derive(Template)]
#[template(path = "bay.html")]
struct BayPage<'a> {
    shell: Shell,
    card: String,
    line: &'a BayLine,
    station: &'a StationDetail,
    rates: String,
    watch: String,
}

impl BayPage<'_> {
    /// Whether there is something that a password may open, and somebody who hears it.
    fn may_unlock(&self) -> bool {
        let is_idle = !self.line.state.is_at_work() && self.line.state != BayState::SafeToRemove;
        is_idle && self.line.medium.is_some() && self.line.last_told.is_none()
    }

    /// The job whose device may be erased here, if somebody hears it.
    fn erasable(&self) -> Option<JobId> {
        self.line.job_id.filter(|_| self.line.last_told.is_none())
    }

    fn waits_for_secret(&self) -> bool {
        let held = self.line.held.as_deref().and_then(StopCause::of);
        held.is_some_and(StopCause::waits_for_secret)
    }
}

impl Scope {
    /// What a query says: `station` and `view`.
    pub(in super::super) fn of(query: &Fields) -> Result<Self, Trouble> {
        let mut scope = Self::default();
        for (name, value) in query {
            match (name.as_str(), value.as_str()) {
                ("station", name) if !name.is_empty() => {
                    let name = StationName::new(name).map_err(|_| Trouble::no_such_page())?;
                    scope.station = Some(name);
                }
                ("view", "table") => scope.is_table = true,
                _ => {}
            }
        }
        Ok(scope)
    }

    fn has(&self, station: &StationName) -> bool {
        self.station.as_ref().is_none_or(|only| only == station)
    }

    /// Where events of it come from.
    fn watch(&self, say: Language) -> String {
        let station = self.station.as_ref().map(StationName::as_str);
        let view = if self.is_table { "table" } else { "cards" };
        format!(
            "/events?view={view}&station={}&language={}",
            part(station.unwrap_or_default()),
            say.tag()
        )
    }

    fn path(&self) -> String {
        let place = match &self.station {
            Some(station) => format!("/bench/{station}"),
            None => "/bench".to_owned(),
        };
        match self.is_table {
            true => format!("{place}?view=table"),
            false => place,
        }
    }
}

impl Bench {
    /// Looks at all of it.
    pub(in super::super) async fn look(visit: &Visit) -> Result<Self, Trouble> {
        let none = Fields::new();
        let stations: StationList = visit.get("stations", &none).await?;
        let bays: BayList = visit.get("bays", &none).await?;
        let held = [
            ("held", "true".to_owned()),
            ("limit", MOST_HELD.to_string()),
        ];
        let held = held.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let held: JobsPage = visit.get("jobs", &held).await?;
        Ok(Self {
            stations: stations.stations,
            bays: bays.bays,
            others: bays.others,
            held: held.jobs,
        })
    }

    fn cards<'a>(&'a self, shell: &'a Shell, scope: &Scope) -> Vec<Card<'a>> {
        let bays = self.bays.iter().filter(|bay| scope.has(&bay.station));
        bays.map(|line| Card { shell, line }).collect()
    }

    fn waiting<'a>(&'a self, shell: &'a Shell, scope: &Scope) -> WaitingPart<'a> {
        let mut cards = self.cards(shell, scope);
        cards.retain(Card::waits);
        // What is in a bay is told there.
        let is_elsewhere = |job: &&JobLine| {
            let in_bay = |bay: &BayLine| bay.job_id == Some(job.job_id);
            !self.bays.iter().any(in_bay)
        };
        let is_here = |job: &&JobLine| match (&scope.station, &job.station) {
            (Some(only), station) => station.as_ref() == Some(only),
            (None, _) => true,
        };
        let held = self.held.iter().filter(is_elsewhere).filter(is_here);
        WaitingPart {
            silent: silent(self.bays.iter().filter(|bay| scope.has(&bay.station))),
            say: shell.say,
            cards,
            held: held.collect(),
        }
    }

    fn groups<'a>(&'a self, shell: &'a Shell, scope: &Scope) -> BaysPart<'a> {
        let mut of_station: BTreeMap<&StationName, Vec<Card<'a>>> = BTreeMap::new();
        for card in self.cards(shell, scope) {
            of_station.entry(&card.line.station).or_default().push(card);
        }
        let stations = self.stations.iter().filter(|line| scope.has(&line.name));
        let group = |station: &'a StationLine| Group {
            station,
            cards: of_station.remove(&station.name).unwrap_or_default(),
            others: self
                .others
                .iter()
                .filter(|it| it.station == station.name)
                .collect(),
        };
        BaysPart {
            say: shell.say,
            groups: stations.map(group).collect(),
            is_table: scope.is_table,
        }
    }

    /// What all parts of the page say, and those that say something else than was told, written. Nothing else is written:
    /// most of the time nothing happens in most bays.
    pub(in super::super) fn changes(
        &self,
        visit: &Visit,
        scope: &Scope,
        told: &Facts,
    ) -> Result<(Facts, Vec<(String, String)>), askama::Error> {
        let shell = Shell::new(visit, key("bench"), "bench", &scope.path());
        let (mut facts, mut parts) = (Facts::new(), Vec::new());
        let mut is_new = |id: &str, says: String| {
            let is_new = told.get(id) != Some(&says);
            facts.insert(id.to_owned(), says);
            is_new
        };
        let waiting = self.waiting(&shell, scope);
        if is_new("waiting", waiting.facts()) {
            parts.push(("waiting".to_owned(), waiting.render()?));
        }
        // Which bays there are, and how their stations are: with this part come all cards.
        let groups = self.groups(&shell, scope);
        let are_all_new = is_new("bays", groups.facts());
        if are_all_new {
            parts.push(("bays".to_owned(), groups.render()?));
        }
        for card in self.cards(&shell, scope) {
            let id = card.id();
            if is_new(&id, format!("{:?}", card.line)) && !are_all_new {
                let html = match scope.is_table {
                    true => RowPart { card }.render()?,
                    false => CardPart { card }.render()?,
                };
                parts.push((id, html));
            }
        }
        Ok((facts, parts))
    }
}

/// The stores that bays wait for, by their names; each since the first of them does.
fn silent<'a>(bays: impl Iterator<Item = &'a BayLine>) -> Vec<SilentStore<'a>> {
    let mut stores: BTreeMap<Option<&str>, SilentStore<'a>> = BTreeMap::new();
    for line in bays.filter(|line| line.state == BayState::WaitingForStore) {
        let name = line.store.as_deref();
        let store = stores.entry(name).or_insert(SilentStore {
            name,
            since: line.since,
            bays: 0,
        });
        store.since = store.since.min(line.since);
        store.bays += 1;
    }
    stores.into_values().collect()
}

impl WaitingPart<'_> {
    fn count(&self) -> usize {
        self.cards.len() + self.held.len()
    }

    fn facts(&self) -> String {
        let cards: Vec<String> = self.cards.iter().map(Card::told_of_waiting).collect();
        format!("{cards:?} {:?} {:?}", self.held, self.silent)
    }
}

impl BaysPart<'_> {
    fn facts(&self) -> String {
        let group = |group: &Group<'_>| {
            let bays: Vec<String> = group.cards.iter().map(Card::id).collect();
            let station = group.station;
            let others = &group.others;
            format!("{:?} {:?} {bays:?} {others:?}", station.name, group.state())
        };
        let groups: Vec<String> = self.groups.iter().map(group).collect();
        groups.join("\n")
    }
}

impl Group<'_> {
    /// How the station is, in words, if that is to be known.
    fn state(&self) -> Option<TextKey> {
        match self.station.state {
            StationState::Here => None,
            StationState::Unheard => Some(key("station-is-by-hand")),
            StationState::Draining | StationState::Drained => {
                Some(key("station-is-begins-nothing"))
            }
            StationState::Late | StationState::Silent => Some(key("station-is-not-heard")),
            StationState::Revoked => Some(key("station-is-token-void")),
            StationState::Twice => Some(key("station-is-two-hosts")),
            StationState::Other => Some(key("station-is-unknown-state")),
        }
    }

    fn heard(&self, say: &Language) -> String {
        match &self.station.heard {
            // What is heard all the time need not be said.
            Some(_) if self.state().is_none() => String::new(),
            Some(at) => say.t("last-heard-at").time("at", at).to_string(),
            None => say.t("never-heard").to_string(),
        }
    }
}

/// What is said of a disk that is left alone, as an element: that is its station's word, and English.
fn why(say: &Language, line: &OtherLine) -> String {
    let remedy = line.remedy.as_deref().unwrap_or_default();
    let text = format!("{} {remedy}", line.why);
    say.element(Text::English(say::name(text.trim_end())))
}

impl Card<'_> {
    /// What the card is called on the page: names may have what an id cannot.
    fn id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.line.station.as_str());
        hash.update([0]);
        hash.update(self.line.bay.as_str());
        format!("bay-{}", hex::encode(&hash.finalize()[..8]))
    }

    fn told_of_waiting(&self) -> String {
        let line = self.line;
        format!(
            "{} {} {:?} {} {:?} {:?}",
            line.station, line.bay, line.state, line.sentence, line.hint, line.job_id
        )
    }

    fn waits(&self) -> bool {
        self.line.state.waits_for_person() || self.line.state == BayState::Done
    }

    /// Word, symbol and colour of the state.
    fn state(&self) -> (TextKey, &'static str, &'static str) {
        match self.line.state {
            BayState::Empty => (key("bay-empty"), "○", "quiet"),
            BayState::Seen => (key("bay-seen"), "◔", "work"),
            BayState::Looking => (key("bay-looking"), "◔", "work"),
            BayState::Unknown => (key("bay-unknown"), "?", "call"),
            BayState::NotOurs => (key("bay-not-ours"), "?", "call"),
            BayState::NothingToLoad => (key("bay-nothing-to-load"), "–", "call"),
            BayState::Held => (key("bay-held"), "‖", "stop"),
            BayState::Ready => (key("bay-ready"), "▷", "call"),
            BayState::Queued => (key("bay-queued"), "…", "quiet"),
            BayState::Loading => (key("bay-loading"), "▶", "work"),
            BayState::ReadingBack => (key("bay-reading-back"), "▶", "work"),
            BayState::Reporting => (key("bay-reporting"), "▶", "work"),
            BayState::Erasing => (key("bay-erasing"), "▶", "work"),
            BayState::Done => (key("bay-done"), "✓", "good"),
            BayState::SafeToRemove => (key("bay-safe-to-remove"), "⏏", "good"),
            BayState::Reconnecting => (key("bay-reconnecting"), "↻", "call"),
            BayState::PulledOut => (key("bay-pulled-out"), "⚠", "stop"),
            BayState::WaitingForStore => (key("bay-waiting-for-store"), "…", "call"),
            BayState::Stopped => (key("bay-stopped"), "■", "call"),
            BayState::Failed => (key("bay-failed"), "✕", "stop"),
            BayState::Other => (key("bay-other"), "?", "call"),
        }
    }

    fn word(&self) -> TextKey {
        self.state().0
    }

    fn symbol(&self) -> &'static str {
        self.state().1
    }

    /// What nobody hears of any more is grey, whatever it was.
    fn tone(&self) -> &'static str {
        match self.line.last_told {
            Some(_) => "quiet",
            None => self.state().2,
        }
    }

    /// Since when nothing is heard of its station, in words.
    fn last_told(&self) -> Option<String> {
        let last = self.line.last_told.as_ref()?;
        let (say, at) = (self.shell.say, last.at?);
        let told = match last.station {
            StationState::Revoked => say.t("bay-told-by-revoked").time("at", at),
            _ => say.t("bay-told-by-silent").time("at", at),
        };
        Some(told.to_string())
    }

    /// What a person may ask of the station, with what stands on the button.
    fn verbs(&self) -> Vec<(OrderVerb, TextKey)> {
        // Nobody hears it.
        if self.line.last_told.is_some() {
            return Vec::new();
        }
        let mut verbs = match self.line.state {
            // The kernel may have let go of what is safe: only plugging it in again does anything.
            BayState::Empty
            | BayState::Reconnecting
            | BayState::PulledOut
            | BayState::SafeToRemove => Vec::new(),
            // The folder of the bay cannot be used: there is nothing to load.
            BayState::Failed if self.line.medium.is_none() => Vec::new(),
            BayState::Ready | BayState::Queued => {
                vec![
                    (OrderVerb::Load, key("bay-do-load-now")),
                    (OrderVerb::Remove, key("bay-do-make-safe")),
                ]
            }
            BayState::Held | BayState::Stopped | BayState::Failed | BayState::WaitingForStore => {
                vec![
                    (OrderVerb::Load, key("bay-do-again")),
                    (OrderVerb::Look, key("bay-do-look")),
                    (OrderVerb::Remove, key("bay-do-make-safe")),
                ]
            }
            working if working.is_at_work() => vec![(OrderVerb::Stop, key("bay-do-stop"))],
            _ => vec![
                (OrderVerb::Look, key("bay-do-look")),
                (OrderVerb::Remove, key("bay-do-make-safe")),
            ],
        };
        let is_idle = !self.line.state.is_at_work() && self.line.state != BayState::SafeToRemove;
        // What is read blinks by itself.
        if self.line.medium.is_some() && is_idle {
            verbs.push((OrderVerb::Blink, key("bay-do-blink")));
        }
        verbs
    }

    /// What is wrong with the serial number of the device.
    fn serial(&self) -> Option<TextKey> {
        match self.line.serial? {
            SerialDoubt::NotUnique => Some(key("serial-not-unique")),
            SerialDoubt::None => Some(key("serial-none")),
            SerialDoubt::Other => None,
        }
    }

    fn strip(&self, map: &LiveMap) -> Result<String, askama::Error> {
        plot::strip(self.shell.say, map)
    }

    /// Whether somebody may say whose the device is.
    fn is_nameless(&self) -> bool {
        matches!(self.line.state, BayState::Unknown | BayState::NotOurs)
    }

    /// What its station says of it, as an element. That is English, so whoever reads another language is told before what the
    /// state means, and what it stands still for.
    fn sentence(&self) -> String {
        let (say, line) = (self.shell.say, self.line);
        let theirs = say.element(Text::English(say::name(&line.sentence)));
        if say.is(Language::English) {
            return theirs;
        }
        let cause = line.held.as_deref().and_then(StopCause::of);
        let ours = match cause {
            Some(cause) => word::hold_sentence(cause, None, None),
            None => word::bay(line.state).into(),
        };
        format!("{} <small>{theirs}</small>", say.element(ours))
    }

    /// Why its device is told as failing, if it is.
    fn failing(&self) -> Option<Text> {
        self.line.failing.as_ref().map(word::failing)
    }

    /// What a person can do, as its station says it.
    fn hint(&self) -> Option<String> {
        let hint = self.line.hint.as_deref();
        hint.map(|hint| self.shell.say.element(Text::English(say::name(hint))))
    }
}

/// The page of all stations.
pub(in super::super) async fn all(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    page(visit, &Scope::of(query)?).await
}

/// The page of one.
pub(in super::super) async fn of_station(
    visit: &Visit,
    name: &str,
    query: &Fields,
) -> Result<Response, Trouble> {
    let station = StationName::new(name).map_err(|_| Trouble::no_such_page())?;
    let scope = Scope {
        station: Some(station),
        ..Scope::of(query)?
    };
    page(visit, &scope).await
}

async fn page(visit: &Visit, scope: &Scope) -> Result<Response, Trouble> {
    let bench = visit.console.bays.now(visit).await?;
    let is_there = |line: &StationLine| scope.station.as_ref() == Some(&line.name);
    if scope.station.is_some() && !bench.stations.iter().any(is_there) {
        return Err(Trouble::no_such_page());
    }
    let shell = Shell::new(visit, key("bench"), "bench", &scope.path());
    let part = |rendered: Result<String, askama::Error>| rendered.map_err(|_| Trouble::ours());
    html(&BenchPage {
        waiting: part(bench.waiting(&shell, scope).render())?,
        bays: part(bench.groups(&shell, scope).render())?,
        watch: scope.watch(visit.say),
        scope,
        stations: &bench.stations,
        shell,
    })
}

/// The page of one bay.
pub(in super::super) async fn one(
    visit: &Visit,
    station: &str,
    bay: &str,
) -> Result<Response, Trouble> {
    let name = StationName::new(station).map_err(|_| Trouble::no_such_page())?;
    let path = format!("stations/{name}");
    let detail: StationDetail = visit.get(&path, &Fields::new()).await?;
    let line = detail.told.iter().find(|line| line.bay.as_str() == bay);
    let line = line.ok_or_else(Trouble::no_such_page)?;
    let title = text("bay-of-station")
        .with("bay", bay)
        .with("station", &name);
    let shell = Shell::new(visit, title, "bench", &format!("/bench/{name}/{bay}"));
    let card = Card {
        shell: &shell,
        line,
    };
    let scope = Scope {
        station: Some(name),
        is_table: false,
    };
    let rates = lately(visit, line).await?;
    html(&BayPage {
        rates: plot::rate(visit.say, key("rate-last-hour"), &rates)?,
        card: CardPart { card }.render().map_err(|_| Trouble::ours())?,
        line,
        station: &detail,
        watch: scope.watch(visit.say),
        shell,
    })
}

/// How fast the job in a bay went lately.
async fn lately(visit: &Visit, line: &BayLine) -> Result<Vec<RateLine>, Trouble> {
    let Some(job) = line.job_id else {
        return Ok(Vec::new());
    };
    let rates = visit
        .get(&format!("jobs/{job}/rates"), &Fields::new())
        .await;
    // What the device says may be the name of no job here.
    let mut rates = rates.map_or_else(|_| Vec::new(), |rates: JobRates| rates.rates);
    let since = visit.console.context.clock.now().plus_seconds(-LATELY);
    rates.retain(|line| line.until > since);
    Ok(rates)
}

#[cfg(test)]
mod tests {
    use model::bay::BayStatus;
    use model::ids::{BayName, PortId};

    use super::*;

    #[test]
    fn of_a_store_that_does_not_answer_there_is_one_banner_and_another_of_another() {
        let line = |bay: &str, store: Option<&str>, minute: u32| {
            let since = format!("2026-01-02T03:{minute:02}:05Z").parse().unwrap();
            let mut status = BayStatus::empty(
                BayName::new(bay).unwrap(),
                PortId::new("usb-1").unwrap(),
                since,
            );
            status.state = BayState::WaitingForStore;
            BayLine {
                store: store.map(str::to_owned),
                ..BayLine::of(&StationName::new("dock-1").unwrap(), status)
            }
        };
        let mut bays = vec![
            line("A", Some("main"), 9),
            line("B", Some("cold"), 7),
            line("C", Some("main"), 4),
            line("D", None, 5),
        ];
        bays.push(BayLine {
            state: BayState::Loading,
            ..line("E", Some("main"), 1)
        });
        let found = silent(bays.iter());
        let told: Vec<_> = found
            .iter()
            .map(|it| (it.name, it.since.to_string(), it.bays))
            .collect();
        let at = |minute: u32| format!("2026-01-02T03:{minute:02}:05Z");
        assert_eq!(
            told,
            [
                (None, at(5), 1),
                (Some("cold"), at(7), 1),
                (Some("main"), at(4), 2)
            ]
        );
    }

    #[test]
    fn a_query_says_what_of_the_bench_is_shown() {
        let of = |pairs: &[(&str, &str)]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Scope::of(&pairs.iter().map(pair).collect::<Fields>())
        };
        let scope = of(&[("view", "table"), ("station", "dock-1")]).unwrap();
        assert_eq!(scope.path(), "/bench/dock-1?view=table");
        let watch = scope.watch(Language::German);
        assert_eq!(watch, "/events?view=table&station=dock%2D1&language=de");
        let all = of(&[("station", ""), ("view", "cards"), ("other", "x")]).unwrap();
        assert_eq!(all.path(), "/bench");
        assert!(of(&[("station", "no such name!")]).is_err());
    }
}
