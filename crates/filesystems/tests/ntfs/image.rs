//! A writer of small NTFS volumes, which can write what no real one would.

/// How large everything is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// The bytes of a sector.
    pub(super) sector: usize,
    /// The bytes of a cluster.
    pub(super) cluster: usize,
    /// The clusters of the volume.
    pub(super) clusters: usize,
    /// The bytes of a record.
    pub(super) record: usize,
}

/// The usual one: 4 KiB clusters, 1 KiB records.
pub(super) const USUAL: Shape = Shape {
    sector: 512,
    cluster: 4096,
    clusters: 512,
    record: 1024,
};

/// What lay on the disk before.
pub(super) const STALE: &[u8] = b"STALE-BYTES-OF-AN-EARLIER-OWNER.";

pub(super) const STANDARD: u32 = 0x10;
pub(super) const LIST: u32 = 0x20;
pub(super) const NAME: u32 = 0x30;
pub(super) const DATA: u32 = 0x80;
pub(super) const REPARSE: u32 = 0xC0;
pub(super) const KEYS: u32 = 0x100;

pub(super) const SPARSE: u16 = 0x8000;
pub(super) const COMPRESSED: u16 = 1;
pub(super) const ENCRYPTED: u16 = 0x4000;

/// The root as a parent: its record and sequence.
pub(super) const ROOT: (u64, u16) = (5, 5);

/// Clusters, and where they lie; `None` for a hole.
pub(super) type Run = (u64, Option<u64>);

/// An attribute as it is written; its number in the record is set there.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    bytes: Vec<u8>,
    lowest: u64,
}

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) sequence: u16,
    pub(super) flags: u16,
    pub(super) base: (u64, u16),
    pub(super) attributes: Vec<Attribute>,
}

/// A file in a record of its own, sequence 1.
pub(super) fn file(number: u64, attributes: Vec<Attribute>) -> Record {
    Record {
        number,
        sequence: 1,
        flags: 1,
        base: (0, 0),
        attributes,
    }
}

/// A folder.
pub(super) fn folder(number: u64, parent: (u64, u16), called: &str) -> Record {
    Record {
        flags: 3,
        ..file(number, vec![standard(0), name(parent, 1, called), index()])
    }
}

/// A further record of `base`.
pub(super) fn further(number: u64, base: u64, attributes: Vec<Attribute>) -> Record {
    Record {
        base: (base, 1),
        ..file(number, attributes)
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn aligned(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().div_ceil(8) * 8, 0);
    let length = u32::try_from(bytes.len()).unwrap();
    put(&mut bytes, 4, &length.to_le_bytes());
    bytes
}

/// An attribute in its record.
pub(super) fn resident(kind: u32, called: &str, value: &[u8]) -> Attribute {
    let called = utf16(called);
    let mut bytes = vec![0; 24];
    put(&mut bytes, 0, &kind.to_le_bytes());
    bytes[9] = u8::try_from(called.len() / 2).unwrap();
    bytes[10] = 24;
    put(
        &mut bytes,
        16,
        &u32::try_from(value.len()).unwrap().to_le_bytes(),
    );
    let at = (24 + called.len()).div_ceil(8) * 8;
    put(&mut bytes, 20, &u16::try_from(at).unwrap().to_le_bytes());
    bytes.extend(called);
    bytes.resize(at, 0);
    bytes.extend(value);
    Attribute {
        bytes: aligned(bytes),
        lowest: 0,
    }
}

/// What a part of an attribute in clusters says of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    pub(super) flags: u16,
    /// The exponent of a unit.
    pub(super) unit: u8,
    pub(super) lowest: u64,
    pub(super) bytes: u64,
    pub(super) initialised: u64,
}

/// An attribute in clusters.
pub(super) fn spread(kind: u32, called: &str, part: Part, runs: &[Run]) -> Attribute {
    let called = utf16(called);
    let mut bytes = vec![0; 72];
    put(&mut bytes, 0, &kind.to_le_bytes());
    bytes[8] = 1;
    bytes[9] = u8::try_from(called.len() / 2).unwrap();
    bytes[10] = 72;
    put(&mut bytes, 12, &part.flags.to_le_bytes());
    let count: u64 = runs.iter().map(|run| run.0).sum();
    let highest = (part.lowest + count).wrapping_sub(1);
    put(&mut bytes, 16, &part.lowest.to_le_bytes());
    put(&mut bytes, 24, &highest.to_le_bytes());
    let at = u16::try_from(72 + called.len()).unwrap();
    put(&mut bytes, 32, &at.to_le_bytes());
    bytes[34] = part.unit;
    put(&mut bytes, 48, &part.bytes.to_le_bytes());
    put(&mut bytes, 56, &part.initialised.to_le_bytes());
    bytes.extend(called);
    bytes.extend(pairs(runs));
    Attribute {
        bytes: aligned(bytes),
        lowest: part.lowest,
    }
}

/// An unnamed stream that was cut to nothing, with its old list of runs, as ntfs3 leaves it.
pub(super) fn emptied(runs: &[Run]) -> Attribute {
    let mut attribute = data(0, runs);
    put(&mut attribute.bytes, 24, &u64::MAX.to_le_bytes());
    attribute
}

/// An unnamed stream of `bytes`, all of it written.
pub(super) fn data(bytes: u64, runs: &[Run]) -> Attribute {
    let part = Part {
        bytes,
        initialised: bytes,
        ..Part::default()
    };
    spread(DATA, "", part, runs)
}

fn pairs(runs: &[Run]) -> Vec<u8> {
    let mut pairs = Vec::new();
    let mut before = 0;
    for &(clusters, lcn) in runs {
        pairs.push(if lcn.is_some() { 0x55 } else { 0x05 });
        pairs.extend(&clusters.to_le_bytes()[..5]);
        if let Some(lcn) = lcn {
            let distance = lcn.cast_signed() - before;
            pairs.extend(&distance.to_le_bytes()[..5]);
            before = lcn.cast_signed();
        }
    }
    pairs.push(0);
    pairs
}

fn reference((number, sequence): (u64, u16)) -> [u8; 8] {
    (number | u64::from(sequence) << 48).to_le_bytes()
}

/// A name; the namespace is POSIX 0, Windows 1, DOS 2, both 3.
pub(super) fn name(parent: (u64, u16), namespace: u8, called: &str) -> Attribute {
    let called = utf16(called);
    let mut value = vec![0; 66];
    put(&mut value, 0, &reference(parent));
    value[64] = u8::try_from(called.len() / 2).unwrap();
    value[65] = namespace;
    value.extend(called);
    resident(NAME, "", &value)
}

/// Times of 2020 and these flags.
pub(super) fn standard(flags: u32) -> Attribute {
    let mut value = vec![0; 48];
    for at in [0, 8, 16, 24] {
        put(&mut value, at, &132_223_104_000_000_000u64.to_le_bytes());
    }
    put(&mut value, 32, &flags.to_le_bytes());
    resident(STANDARD, "", &value)
}

/// The index of a folder, without entries.
pub(super) fn index() -> Attribute {
    let mut value = vec![0; 48];
    put(&mut value, 16, &[16, 0, 0, 0, 32]);
    put(&mut value, 40, &[16, 0, 0, 0, 2]);
    resident(0x90, "$I30", &value)
}

/// A reparse point.
pub(super) fn reparse(tag: u32, value: &[u8]) -> Attribute {
    let mut bytes = tag.to_le_bytes().to_vec();
    bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(value);
    resident(REPARSE, "", &bytes)
}

/// The value of a list of all attributes of these records, the first of which is the base; one is added to the
/// numbers of the base's attributes for the list itself.
pub(super) fn list(records: &[&Record]) -> Vec<u8> {
    let mut entries = Vec::new();
    for (place, record) in records.iter().enumerate() {
        for (index, attribute) in record.attributes.iter().enumerate() {
            let id = u16::try_from(index + usize::from(place == 0)).unwrap();
            entries.push((record, attribute, id));
        }
    }
    entries.sort_by_key(|(_, attribute, _)| (attribute.kind(), attribute.name(), attribute.lowest));
    let mut value = Vec::new();
    for (record, attribute, id) in entries {
        let mut entry = vec![0; 26];
        put(&mut entry, 0, &attribute.kind().to_le_bytes());
        entry[6] = attribute.bytes[9];
        entry[7] = 26;
        put(&mut entry, 8, &attribute.lowest.to_le_bytes());
        put(&mut entry, 16, &reference((record.number, record.sequence)));
        put(&mut entry, 24, &id.to_le_bytes());
        entry.extend(attribute.name());
        entry.resize(entry.len().div_ceil(8) * 8, 0);
        entry[4] = u8::try_from(entry.len()).unwrap();
        value.extend(entry);
    }
    value
}

impl Attribute {
    fn kind(&self) -> u32 {
        u32::from_le_bytes(*self.bytes.first_chunk().unwrap())
    }

    fn name(&self) -> Vec<u8> {
        let at = usize::from(self.bytes[10]);
        self.bytes[at..at + usize::from(self.bytes[9]) * 2].to_vec()
    }
}

/// Which records are used: these, and those of the file system itself.
pub(super) fn marks(numbers: &[u64]) -> Attribute {
    let mut bits = vec![0; 16];
    for &number in numbers.iter().chain(&[0, 1, 3, 5, 6, 7, 11]) {
        bits[usize::try_from(number / 8).unwrap()] |= 1 << (number % 8);
    }
    resident(0xB0, "", &bits)
}

/// A volume that is being written.
pub(super) struct Image {
    pub(super) shape: Shape,
    content: Vec<u8>,
    used: Vec<bool>,
    pub(super) table: Vec<(u64, u64)>,
    records: Vec<Record>,
    /// The attributes of the first record, if they are not to be the usual.
    pub(super) first: Option<Vec<Attribute>>,
    pub(super) is_dirty: bool,
    pub(super) version: [u8; 2],
}

/// Where $MFTMirr and $Bitmap lie: clusters.
pub(super) const MIRROR: u64 = 32;
const BITMAP: u64 = 4;
/// Clusters below this are the volume's own.
pub(super) const FREE: u64 = 40;

impl Image {
    /// An empty volume with $MFT in clusters 8 to 31.
    pub(super) fn new(shape: Shape) -> Self {
        let bytes = shape.cluster * shape.clusters + shape.sector;
        let mut used = vec![false; shape.clusters];
        used[0] = true;
        used[usize::try_from(MIRROR).unwrap()] = true;
        used[usize::try_from(BITMAP).unwrap()] = true;
        Self {
            shape,
            content: STALE.repeat(bytes / STALE.len()),
            used,
            table: vec![(8, 24)],
            records: Vec::new(),
            first: None,
            is_dirty: false,
            version: [3, 1],
        }
    }

    pub(super) fn add(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Writes `bytes` from cluster `lcn` on; the rest of the last one stays as it was.
    pub(super) fn write(&mut self, lcn: u64, bytes: &[u8]) {
        let lcn = usize::try_from(lcn).unwrap();
        put(&mut self.content, lcn * self.shape.cluster, bytes);
    }

    /// Marks clusters as used.
    pub(super) fn mark(&mut self, runs: &[Run]) {
        for &(clusters, lcn) in runs {
            for at in lcn.map_or(0..0, |lcn| lcn..lcn + clusters) {
                self.used[usize::try_from(at).unwrap()] = true;
            }
        }
    }

    fn table_runs(&self) -> Vec<Run> {
        let runs = self.table.iter();
        runs.map(|&(lcn, clusters)| (clusters, Some(lcn))).collect()
    }

    /// The bytes of $MFT.
    pub(super) fn table_bytes(&self) -> u64 {
        let clusters: u64 = self.table.iter().map(|run| run.1).sum();
        clusters * self.shape.cluster as u64
    }

    fn system(&self) -> Vec<Record> {
        let cluster = self.shape.cluster as u64;
        let system = |number: u64, mut attributes: Vec<Attribute>, called: &str| Record {
            number,
            sequence: u16::try_from(number.max(1)).unwrap(),
            flags: 1,
            base: (0, 0),
            attributes: {
                attributes.insert(0, standard(6));
                attributes.insert(1, name(ROOT, 3, called));
                attributes
            },
        };
        let mut information = vec![0; 12];
        put(&mut information, 8, &self.version);
        information[10] = u8::from(self.is_dirty);
        let bits = self.shape.clusters as u64 / 8;
        let mut root = system(5, vec![index()], ".");
        root.flags = 3;
        let mut extend = system(11, vec![index()], "$Extend");
        extend.flags = 3;
        let first = self.first.clone();
        let usual = || {
            let numbers: Vec<_> = self.records.iter().map(|record| record.number).collect();
            vec![
                data(self.table_bytes(), &self.table_runs()),
                marks(&numbers),
            ]
        };
        vec![
            system(0, first.unwrap_or_else(usual), "$MFT"),
            system(1, vec![data(cluster, &[(1, Some(MIRROR))])], "$MFTMirr"),
            system(
                3,
                vec![
                    resident(0x60, "", &utf16("label")),
                    resident(0x70, "", &information),
                ],
                "$Volume",
            ),
            root,
            system(6, vec![data(bits, &[(1, Some(BITMAP))])], "$Bitmap"),
            system(7, vec![data(cluster, &[(1, Some(0))])], "$Boot"),
            extend,
        ]
    }

    fn record_bytes(&self, record: &Record) -> Vec<u8> {
        let mut bytes = vec![0; self.shape.record];
        let sectors = self.shape.record / 512;
        let at = (48 + 2 * (sectors + 1)).div_ceil(8) * 8;
        put(&mut bytes, 0, b"FILE");
        put(
            &mut bytes,
            4,
            &[48, 0, u8::try_from(sectors + 1).unwrap(), 0],
        );
        put(&mut bytes, 16, &record.sequence.to_le_bytes());
        put(&mut bytes, 20, &u16::try_from(at).unwrap().to_le_bytes());
        put(&mut bytes, 22, &record.flags.to_le_bytes());
        put(&mut bytes, 32, &reference(record.base));
        put(
            &mut bytes,
            44,
            &u32::try_from(record.number).unwrap().to_le_bytes(),
        );
        let mut end = at;
        for (id, attribute) in (0u16..).zip(&record.attributes) {
            put(&mut bytes, end, &attribute.bytes);
            put(&mut bytes, end + 14, &id.to_le_bytes());
            end += attribute.bytes.len();
        }
        put(&mut bytes, end, &[0xFF; 4]);
        put(
            &mut bytes,
            24,
            &u32::try_from(end + 8).unwrap().to_le_bytes(),
        );
        for sector in 0..sectors {
            let kept = [bytes[sector * 512 + 510], bytes[sector * 512 + 511]];
            put(&mut bytes, 50 + 2 * sector, &kept);
            put(&mut bytes, sector * 512 + 510, &[0x11, 0x22]);
        }
        put(&mut bytes, 48, &[0x11, 0x22]);
        bytes
    }

    /// Where record `number` begins in the volume.
    pub(super) fn place(&self, number: u64) -> usize {
        let mut offset = usize::try_from(number).unwrap() * self.shape.record;
        for &(lcn, clusters) in &self.table {
            let bytes = usize::try_from(clusters).unwrap() * self.shape.cluster;
            if offset < bytes {
                return usize::try_from(lcn).unwrap() * self.shape.cluster + offset;
            }
            offset -= bytes;
        }
        panic!("no record {number}");
    }

    fn boot(&self) -> Vec<u8> {
        let exponent = |bytes: usize| u8::try_from(256 - bytes.trailing_zeros()).unwrap();
        let mut boot = vec![0; 512];
        put(&mut boot, 3, b"NTFS    ");
        put(
            &mut boot,
            11,
            &u16::try_from(self.shape.sector).unwrap().to_le_bytes(),
        );
        let sectors = self.shape.cluster / self.shape.sector;
        boot[13] = u8::try_from(sectors)
            .ok()
            .filter(|&sectors| sectors <= 128)
            .unwrap_or_else(|| exponent(sectors));
        let all = (self.shape.clusters * sectors) as u64;
        put(&mut boot, 40, &all.to_le_bytes());
        put(&mut boot, 48, &self.table[0].0.to_le_bytes());
        put(&mut boot, 56, &MIRROR.to_le_bytes());
        boot[64] = exponent(self.shape.record);
        put(&mut boot, 72, &0x1234u64.to_le_bytes());
        put(&mut boot, 510, &[0x55, 0xAA]);
        boot
    }

    /// The volume.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut zeros = vec![0; self.shape.cluster];
        for (lcn, clusters) in self.table.clone() {
            self.mark(&[(clusters, Some(lcn))]);
            for at in lcn..lcn + clusters {
                self.write(at, &zeros);
            }
        }
        let mut records = self.system();
        records.append(&mut self.records.clone());
        for record in &records {
            let bytes = self.record_bytes(record);
            let place = self.place(record.number);
            put(&mut self.content, place, &bytes);
            if record.number < 4 {
                let mirror = usize::try_from(MIRROR).unwrap() * self.shape.cluster;
                let within = usize::try_from(record.number).unwrap() * self.shape.record;
                put(&mut self.content, mirror + within, &bytes);
            }
        }
        for (at, _) in self.used.iter().enumerate().filter(|(_, used)| **used) {
            zeros[at / 8] |= 1 << (at % 8);
        }
        self.write(BITMAP, &zeros);
        let boot = self.boot();
        put(&mut self.content, 0, &boot);
        let last = self.shape.cluster * self.shape.clusters;
        put(&mut self.content, last, &boot);
        self.content
    }
}
