//! Which orders were carried out, and which of them the server is not yet known to have heard of.

use std::collections::VecDeque;

use model::heartbeat::ACKNOWLEDGEMENTS;
use model::ids::OrderId;
use model::order::{Acknowledgement, Order, OrderOutcome, OrderVerb};

use super::Heart;

/// Orders that are remembered: many times those of the ten minutes in which one may come again.
const REMEMBERED: usize = 4096;

/// What became of the orders of this run.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// The last that were carried out, oldest first.
    done: VecDeque<Acknowledgement>,
    /// Those that are to be said, oldest first.
    unheard: Vec<Acknowledgement>,
    /// How many of them the last heartbeat said.
    said: usize,
}

impl Orders {
    /// What the next heartbeat says.
    pub(super) fn say(&mut self) -> Vec<Acknowledgement> {
        self.said = self.unheard.len().min(ACKNOWLEDGEMENTS);
        self.unheard[..self.said].to_vec()
    }

    /// Whether something is to be said that no heartbeat has said yet.
    pub(super) fn have_news(&self) -> bool {
        self.unheard.len() > self.said
    }

    /// Carries out what was not, after an answer to the last heartbeat. What it said and is not asked for any more was
    /// heard.
    pub(super) fn hear(&mut self, wanted: &[Order], heart: &dyn Heart) {
        let is_wanted = |id: &OrderId| wanted.iter().any(|order| order.id == *id);
        let mut said = std::mem::take(&mut self.said);
        self.unheard.retain(|word| {
            let was_said = said > 0;
            said = said.saturating_sub(1);
            !was_said || is_wanted(&word.id)
        });
        // What is still wanted was said, and is said again: no news.
        self.said = self
            .unheard
            .iter()
            .take_while(|word| is_wanted(&word.id))
            .count();
        for order in wanted {
            self.carry_out(order, heart);
        }
    }

    fn carry_out(&mut self, order: &Order, heart: &dyn Heart) {
        if self.unheard.iter().any(|word| word.id == order.id) {
            return;
        }
        let known = self.done.iter().find(|word| word.id == order.id);
        let word = match known {
            // The server has forgotten the word; it is not carried out again.
            Some(word) => word.clone(),
            None => self.carry_out_first(order, heart),
        };
        self.unheard.push(word);
    }

    fn carry_out_first(&mut self, order: &Order, heart: &dyn Heart) -> Acknowledgement {
        let outcome = match order.verb {
            OrderVerb::Look
            | OrderVerb::Load
            | OrderVerb::Stop
            | OrderVerb::Remove
            | OrderVerb::Blink
            | OrderVerb::Erase
            | OrderVerb::Unlock => heart.order(order).tidied(),
            OrderVerb::Other => OrderOutcome::Refused {
                why: "the release of this station does not know such an order".to_owned(),
            },
        };
        let Order {
            id, bay, verb, by, ..
        } = order;
        tracing::info!(order = %id, %bay, %verb, %by, ?outcome, "ordered");
        let id = id.clone();
        let word = Acknowledgement { id, outcome };
        if self.done.len() == REMEMBERED {
            self.done.pop_front();
        }
        self.done.push_back(word.clone());
        word
    }
}
