//! What a child tells is looked at before anybody believes it.
//!
//! Here is what each thing must be by itself, and what all of them may be together. Whether parents are known and go
//! in no circle shows only at the end, to whoever joins paths.

use filesystems::content::prove;
use filesystems::limits::{Limits, TARGET_BYTES};
use filesystems::told::{Codec, Extent, File, Folder, NodeKind, Stream, Told, What};
use filesystems::unpack::{LZNT1_BYTES, LZX_BYTES, XPRESS_BYTES};

use super::limits::{INLINE_BYTES_OF_FILE, PACKED_BYTES, RUNS_OF_EXTENT, SHARED, STREAMS};
use super::messages::told::{self, Item};
use super::wire::Taken;

/// A catalogue as it comes in, and what was counted of it.
#[derive(Debug)]
pub(super) struct Assay {
    volume: u64,
    limits: Limits,
    folders: u64,
    names: u64,
    damaged: u64,
    /// Bytes of the volume that are content, shared among the names of a file.
    data: u64,
    next: Gathered,
}

/// What was said of the file that comes next.
#[derive(Debug, Default)]
struct Gathered {
    extents: Vec<Extent>,
    streams: Vec<Stream>,
    runs: usize,
    inline: usize,
}

impl Assay {
    /// Of a volume of so many bytes.
    pub(super) fn new(volume: u64, limits: &Limits) -> Self {
        Self {
            volume,
            limits: limits.clone(),
            folders: 0,
            names: 0,
            damaged: 0,
            data: 0,
            next: Gathered::default(),
        }
    }

    /// Takes the next thing of a batch; `None` at its end.
    ///
    /// # Errors
    /// The rule that is broken, in words.
    pub(super) fn next(&mut self, batch: &mut Taken<'_>) -> Result<Option<Told>, String> {
        while !batch.is_empty() {
            match told::take(batch).map_err(|malformed| malformed.to_string())? {
                Item::Extent(extent) => self.extent(extent)?,
                Item::Stream(stream) => self.stream(stream)?,
                Item::Folder(folder) => return self.folder(folder).map(Some),
                Item::File(file) => return self.file(file).map(Some),
                Item::Damaged(damaged) => {
                    count(&mut self.damaged, self.limits.files, "damaged names")?;
                    return Ok(Some(Told::Damaged(damaged)));
                }
            }
        }
        Ok(None)
    }

    /// Says that no more comes.
    ///
    /// # Errors
    /// If a file was begun.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.next.is_empty() {
            true => Ok(()),
            false => Err("it ended within a file".to_owned()),
        }
    }

    fn extent(&mut self, extent: Extent) -> Result<(), String> {
        let next = &mut self.next;
        match &extent.what {
            What::Disk(_) | What::Zeros => {}
            What::Inline(held) => next.inline = next.inline.saturating_add(held.len()),
            What::Packed { codec, runs } => {
                prove_unit(*codec, extent.bytes, runs)?;
                next.runs = next.runs.saturating_add(runs.len());
            }
        }
        let most = self.limits.extents;
        let is_much = next.extents.len() >= most
            || next.runs > most.saturating_mul(RUNS_OF_EXTENT)
            || next.inline > INLINE_BYTES_OF_FILE;
        if is_much {
            return Err("a file has too many extents".to_owned());
        }
        next.extents.push(extent);
        Ok(())
    }

    fn stream(&mut self, stream: Stream) -> Result<(), String> {
        if self.next.streams.len() >= STREAMS {
            return Err("a file has too many streams".to_owned());
        }
        self.next.streams.push(stream);
        Ok(())
    }

    fn folder(&mut self, folder: Folder) -> Result<Told, String> {
        count(&mut self.folders, self.limits.folders, "folders")?;
        // The root lies in itself, and alone has no name.
        if folder.id != folder.parent || !folder.name.is_empty() {
            prove_name(&folder.name)?;
        }
        match self.next.is_empty() {
            true => Ok(Told::Folder(folder)),
            false => Err("a folder has extents".to_owned()),
        }
    }

    fn file(&mut self, mut file: File) -> Result<Told, String> {
        count(&mut self.names, self.limits.files, "files")?;
        prove_name(&file.name)?;
        let gathered = std::mem::take(&mut self.next);
        file.streams = gathered.streams;
        match &mut file.content {
            Ok(content) => *content = gathered.extents,
            Err(_) if gathered.extents.is_empty() => {}
            Err(_) => return Err("a file without content has extents".to_owned()),
        }
        if let NodeKind::SymbolicLink(target) = &file.kind {
            prove_target(target, file.content.is_ok())?;
        }
        self.prove_content(&file)?;
        Ok(Told::File(file))
    }

    fn prove_content(&mut self, file: &File) -> Result<(), String> {
        let Ok(extents) = &file.content else {
            return Ok(());
        };
        let bytes = match file.kind {
            NodeKind::Regular => file.bytes,
            NodeKind::SymbolicLink(_) | NodeKind::Special => 0,
        };
        prove(extents, bytes, self.volume)?;
        let data = extents.iter().map(bytes_of_volume);
        let data = data.fold(0_u64, u64::saturating_add);
        // A file is told once for each of its names.
        let data = data / u64::from(file.links.max(1));
        self.data = self.data.saturating_add(data);
        match self.data <= self.volume.saturating_mul(SHARED) {
            true => Ok(()),
            false => Err(format!(
                "the files of a volume of {} bytes have {}",
                self.volume, self.data
            )),
        }
    }
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.extents.is_empty() && self.streams.is_empty()
    }
}

/// Counts one more.
fn count(counted: &mut u64, most: u64, what: &str) -> Result<(), String> {
    *counted += 1;
    match *counted <= most {
        true => Ok(()),
        false => Err(format!("more than {most} {what}")),
    }
}

fn prove_name(name: &[u8]) -> Result<(), String> {
    let is_special = matches!(name, b"" | b"." | b"..");
    match is_special || name.contains(&b'/') || name.contains(&0) {
        true => Err(format!("`{}` is no name", name.escape_ascii())),
        false => Ok(()),
    }
}

fn prove_target(target: &[u8], is_known: bool) -> Result<(), String> {
    let is_right = match is_known {
        true => (1..=TARGET_BYTES).contains(&target.len()) && !target.contains(&0),
        false => target.is_empty(),
    };
    match is_right {
        true => Ok(()),
        false => Err(format!("`{}` is no target", target.escape_ascii())),
    }
}

/// What is unpacked must be a unit of its kind, and no more is read for it than one has.
fn prove_unit(codec: Codec, plain: u64, runs: &[(u64, u64)]) -> Result<(), String> {
    let packed = runs.iter().map(|&(_, bytes)| bytes);
    let packed = packed.fold(0_u64, u64::saturating_add);
    let is_right = plain <= unit_bytes(codec) as u64
        && (1..=PACKED_BYTES as u64).contains(&packed)
        && runs.iter().all(|&(_, bytes)| bytes > 0);
    match is_right {
        true => Ok(()),
        false => Err(format!(
            "{plain} bytes in {packed} are no unit of {codec:?}"
        )),
    }
}

/// The longest unit of a codec in bytes.
pub(super) fn unit_bytes(codec: Codec) -> usize {
    match codec {
        Codec::Lznt1 => LZNT1_BYTES,
        Codec::Xpress => XPRESS_BYTES,
        Codec::Lzx => LZX_BYTES,
    }
}

/// What of the volume has to be read for an extent, in bytes of content.
fn bytes_of_volume(extent: &Extent) -> u64 {
    match extent.what {
        What::Disk(_) | What::Packed { .. } => extent.bytes,
        What::Zeros | What::Inline(_) => 0,
    }
}
