//! Whether the log of an installation has grown out of the one that a receipt was given from: asked of its tiles.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use custody::digest::Digest;
use custody::key::PublicKey;
use custody::note::checkpoint::Checkpoint;
use custody::note::{Note, VerifierKey};
use custody::tree::{Node, Tile, consistency, needed, verify_consistency};
use custody::verify::Receipt;
use ureq::Agent;
use ureq::http::{StatusCode, Uri};

use super::differs;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(30);

/// Longest answer: a checkpoint with many witnesses; a tile has 8 KiB.
const BYTES: u64 = 64 << 10;

/// Verifies that the log at `url` is the receipt's, grown, and says how large it is. One of `keys` must have signed it.
///
/// # Errors
/// If it is another one, or does not answer.
pub(super) fn out_of(receipt: &Receipt, keys: &[PublicKey], url: &str) -> Result<String, Failure> {
    let log = Log::at(url)?;
    let now = log.checkpoint(&receipt.checkpoint.origin, keys)?;
    let then = &receipt.checkpoint;
    if now.size < then.size {
        return Err(other(format!(
            "it has {} now, and the receipt's had {}",
            output::count(now.size, "event"),
            then.size
        )));
    }
    let path = log.consistency(then.size, now.size)?;
    let grown = verify_consistency(then.tree(), now.tree(), &path);
    grown.map_err(|why| other(why.to_string()))?;
    Ok(format!(
        "{}, and has grown out of that",
        output::count(now.size, "event")
    ))
}

fn other(why: String) -> Failure {
    differs(anyhow!(why).context("the log of today is not the one of the receipt"))
}

/// A log that is served.
struct Log {
    base: String,
    agent: Agent,
}

impl Log {
    fn at(url: &str) -> Result<Self, Failure> {
        let usage = |what| Failure::usage(format!("`{url}` {what}"));
        let uri: Uri = url.parse().map_err(|_| usage("is no URL"))?;
        let host = uri.authority().ok_or_else(|| usage("names no host"))?;
        let surroundings = Environment::of_process().surroundings();
        let route = surroundings.route(uri.scheme_str().unwrap_or("http"), host.as_str());
        Ok(Self {
            base: format!("{}/custody", url.trim_end_matches('/')),
            agent: route
                .config()
                .timeout_global(Some(WITHIN))
                .build()
                .new_agent(),
        })
    }

    /// What lies at a path. `None` if there is nothing.
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let url = format!("{}/{path}", self.base);
        let unavailable = |error: anyhow::Error| {
            let error = error.context(format!("could not get `{url}`"));
            Failure::new(Exit::Unavailable, error)
        };
        let mut answer = self
            .agent
            .get(&url)
            .call()
            .map_err(|e| unavailable(e.into()))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(unavailable(anyhow!("it answers {status}"))),
        }
        let mut bytes = Vec::new();
        let reader = answer.body_mut().as_reader().take(BYTES);
        let read = { reader }.read_to_end(&mut bytes);
        read.map_err(|error| unavailable(error.into()))?;
        Ok(Some(bytes))
    }

    /// Its head, signed by one of these keys.
    fn checkpoint(&self, origin: &str, keys: &[PublicKey]) -> Result<Checkpoint, Failure> {
        let bytes = self.get("checkpoint")?;
        let bytes = bytes.ok_or_else(|| self.no_log())?;
        let text = String::from_utf8_lossy(&bytes);
        let read = Note::parse(&text).context("its checkpoint cannot be read");
        let note = read.map_err(differs)?;
        let read: Result<Checkpoint, _> = note.text().parse();
        let checkpoint = read
            .context("its checkpoint cannot be read")
            .map_err(differs)?;
        let mut keys = keys.iter().map(|key| VerifierKey::ed25519(origin, *key));
        match checkpoint.origin == origin && keys.any(|key| note.is_by(&key)) {
            true => Ok(checkpoint),
            false => Err(other(
                "its checkpoint is not signed by a key that is known".to_owned(),
            )),
        }
    }

    fn no_log(&self) -> Failure {
        let error = anyhow!("there is no log at `{}`", self.base);
        Failure::new(Exit::Unavailable, error)
    }

    /// The proof that one size is the beginning of another, of the tiles that it takes.
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, Failure> {
        let nodes = needed(|hash_of| consistency(old, new, hash_of));
        let wanted: BTreeSet<Tile> = nodes.into_iter().map(|node| Tile::of(node, new)).collect();
        let tiles = wanted.into_iter().map(|tile| Ok((tile, self.tile(tile)?)));
        let tiles: BTreeMap<Tile, (Tile, Vec<u8>)> = tiles.collect::<Result<_, Failure>>()?;
        consistency(old, new, |node: Node| {
            let (tile, content) = &tiles[&Tile::of(node, new)];
            tile.hash_of(node, content)
                .map_err(|error| other(error.to_string()))
        })
    }

    /// A tile and its content. One that was not whole may be gone once it is.
    fn tile(&self, tile: Tile) -> Result<(Tile, Vec<u8>), Failure> {
        for tile in [tile, tile.whole()] {
            if let Some(content) = self.get(&tile.to_string())? {
                return Ok((tile, content));
            }
        }
        Err(other(format!("it has no `{tile}`")))
    }
}
