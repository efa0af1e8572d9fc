//! What happened to a device, and how that is proved to a stranger.
//!
//! Every step from parcel to return is an event: one line of bytes, chained to the line before it in its job
//! ([`chain`]) and a leaf of one tree of the whole installation ([`tree`]). A customer gets the events of a job as one file
//! ([`receipt`]), signed by the installation, that anybody checks with what is on the machine ([`verify`]).
//!
//! This crate is pure. It opens nothing, asks nobody, and has neither a clock nor chance of its own: times, salts and
//! keys are passed in. What is told of a step is told once and never edited, so bytes are what is hashed: nothing is
//! ever written anew from what was read.
//!
//! How it goes together, in a service that keeps lines, nodes and the two ends:
//!
//! ```
//! use custody::{by::By, chain::Chain, event::{Closed, Event}, key::PrivateKey, line::Salt, moment::Moment};
//! use custody::{note::checkpoint::Checkpoint, receipt::{Contents, Leaf}, tree::{Edge, inclusion, needed}};
//! use std::collections::BTreeMap;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The end of the job's chain (`Chain::after`) and of the log (`Edge::read`), as they were kept.
//! let (job, installation) = ("45HFS".parse()?, "dock.example".parse()?);
//! let (mut chain, mut edge) = (Chain::new(Some(job)), Edge::default());
//! let closed = Event {
//!     at: Moment::from_unix_millis(1_790_000_000_000),
//!     what: Closed { events: chain.events() }.into(),
//!     by: By::usual(&"service".parse()?),
//!     station: None,
//!     bay: None,
//! };
//! // One transaction: the line with its leaf, the nodes that are whole by it, and both ends.
//! let line = chain.append(&closed, Salt::new([7; 16]))?;
//! let index = edge.size();
//! let nodes: BTreeMap<_, _> = edge.append(line.bytes()).into_iter().collect();
//!
//! // A receipt: the nodes that are needed, and then the way from each leaf.
//! let size = edge.size();
//! let wanted = needed(|hash_of| inclusion(index, size, hash_of));
//! assert!(wanted.iter().all(|node| nodes.contains_key(node)));
//! let path = inclusion(index, size, |node| nodes.get(&node).copied().ok_or("a node is missing"))?;
//! let key = PrivateKey::new(zeroize::Zeroizing::new([1; 32]));
//! let head = Checkpoint { origin: format!("{installation}/custody"), size, root: edge.root() };
//! let contents = Contents {
//!     installation: &installation,
//!     job,
//!     account: &"123456789012".parse()?,
//!     edition: 1,
//!     lines: &[line.as_str()],
//!     leaves: vec![Leaf { index, path }],
//!     checkpoint: &head.signed(&key),
//! };
//! let (text, verified) = contents.sign(&key)?;
//! assert!(verified.is_closed() && text.ends_with("-----END SSH SIGNATURE-----\n"));
//! # Ok(())
//! # }
//! ```

pub mod by;
pub mod chain;
pub mod changes;
pub mod digest;
pub mod event;
pub mod installation;
pub mod key;
pub mod key_file;
pub mod limits;
pub mod line;
pub mod moment;
pub mod note;
pub mod receipt;
pub mod signers;
pub mod sshsig;
pub mod timestamp;
pub mod told;
pub mod tree;
pub mod verify;
mod wire;
pub mod words;
