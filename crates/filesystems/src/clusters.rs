//! What FAT and exFAT have in common: a heap of clusters, a table that chains them, folders of entries of 32 bytes.
//!
//! Both are read twice. The [`survey`] finds all folders and claims the clusters of everything that is found, so that
//! it is known which clusters two files claim; then the [`catalogue`] tells. A cluster is never anybody's twice in
//! these formats: whose it is cannot be known, so **all** files that claim it are damaged, not only the one found
//! second. Folders are told apart by the order in which they are found: the first keeps its clusters, since a loop
//! always comes back to a folder that was found before.

pub(crate) mod catalogue;
pub(crate) mod chain;
pub(crate) mod dos_time;
pub(crate) mod folder;
pub(crate) mod heap;
pub(crate) mod item;
pub(crate) mod metadata;
pub(crate) mod name;
pub(crate) mod remarks;
pub(crate) mod survey;
pub(crate) mod table;
