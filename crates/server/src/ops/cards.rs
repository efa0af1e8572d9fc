//! Command cards: they are printed here, and what they ask for is done if they were.

use model::card::{CardVerb, CommandCard};
use model::control::HoldRequest;
use model::ids::{BayName, StationName};
use model::operator::stations::{CardLine, CardList, Commanded};

use super::{Context, DockingFault, Refused, jobs, orders, stations};
use crate::access::{Action, Caller, Resource, authorize};

/// What the customer reads of a job that was put on hold by a card.
const HELD: &str = "The operator has stopped it at the bench.";

/// The cards, for whoever may order something of a station.
///
/// # Errors
/// [`Refused::Denied`].
pub(crate) fn cards(context: &Context, caller: &Caller) -> Result<CardList, Refused> {
    let station = match caller {
        Caller::Station(own) => own.clone(),
        // To a person all stations are alike, and cards are good at each.
        Caller::Customer(_) | Caller::Person(_) | Caller::Operator => {
            StationName::new("any").map_err(|_| Refused::Internal)?
        }
    };
    authorize(caller, Action::OrderStation, Resource::Station(&station))?;
    let line = |verb: CardVerb| CardLine {
        verb: verb.code().to_owned(),
        what: verb.words().to_owned(),
        code: context.cards.card(verb).scan_text(),
    };
    Ok(CardList {
        cards: CardVerb::ALL.into_iter().map(line).collect(),
    })
}

/// Does what a card asks for, if this installation printed it.
///
/// # Errors
/// [`DockingFault::WrongCard`]; else as what it asks for is refused.
pub(crate) async fn command(
    context: &Context,
    caller: &Caller,
    station: &StationName,
    bay: BayName,
    (verb, card): (&str, &str),
) -> Result<Commanded, Refused> {
    authorize(caller, Action::OrderStation, Resource::Station(station))?;
    let card = CommandCard::read(card).filter(|card| card.verb.code() == verb);
    let card = card.filter(|card| context.cards.proves(card));
    let verb = card.ok_or(DockingFault::WrongCard)?.verb;
    let admin = context.admin();
    match verb.order() {
        Some(order) => {
            orders::order(&admin, caller, station, &bay, order).await?;
        }
        None => {
            let told = orders::told(&admin, caller, station, &bay).await?;
            let job = told.job.ok_or_else(|| DockingFault::Field {
                field: "Bay",
                wrong: "has no device of a job in it that could be held".to_owned(),
            })?;
            let because = HELD.to_owned();
            jobs::hold(context, caller, HoldRequest { job, because }).await?;
        }
    }
    let unheard_since = match verb.order() {
        Some(_) => stations::unheard_since(&admin, station).await,
        // The service does that itself.
        None => None,
    };
    Ok(Commanded {
        unheard_since,
        sentence: format!("Bay {bay} of {station}: the card {}.", verb.words()),
        verb: verb.code().to_owned(),
        bay,
    })
}
