//! Small encrypted volumes of every form, for readers that derive every key as zeros and take every sum for right
//! (`unchecked` of `encrypted`): what is left is how a header is read.

/// Their length in bytes.
const BYTES: usize = 64 << 10;

/// LUKS1 with two slots in use, one of them with few stripes.
pub fn luks1() -> Vec<u8> {
    let mut volume = ramp();
    volume[..592].fill(0);
    volume[..8].copy_from_slice(b"LUKS\xBA\xBE\x00\x01");
    for (at, text) in [
        (8, "aes"),
        (40, "xts-plain64"),
        (72, "sha256"),
        (168, "0f6c2f6e-8a1c-4b7e-9a54-3d1f0c9a7b21"),
    ] {
        volume[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    put(&mut volume, 104, 64);
    put(&mut volume, 108, 64);
    put(&mut volume, 164, 1000);
    for (slot, stripes) in [(0, 2), (1, 20)] {
        let at = 208 + slot * 48;
        put(&mut volume, at, 0x00AC_71F3);
        put(&mut volume, at + 4, 1000);
        put(&mut volume, at + 40, 8);
        put(&mut volume, at + 44, stripes);
    }
    volume
}

/// LUKS2 with a slot for each way to derive a key, and its second header.
pub fn luks2() -> Vec<u8> {
    let kdfs = [
        r#"{"type":"pbkdf2","salt":"AAAA","hash":"sha256","iterations":1000}"#,
        r#"{"type":"argon2id","salt":"AAAAAAAAAAA=","time":4,"memory":262144,"cpus":4}"#,
        r#"{"type":"argon2i","salt":"AAAAAAAAAAA=","time":4,"memory":1024,"cpus":1}"#,
    ];
    let slots = kdfs.iter().enumerate().map(|(number, kdf)| {
        format!(
            r#""{number}":{{"type":"luks2","key_size":64,"priority":{number},"af":{{"type":"luks1","stripes":20,"hash":"sha256"}},"area":{{"type":"raw","offset":"16384","size":"2048","encryption":"aes-xts-plain64","key_size":64}},"kdf":{kdf}}}"#
        )
    });
    let slots: Vec<String> = slots.collect();
    let json = format!(
        r#"{{"keyslots":{{{}}},"tokens":{{}},"segments":{{"0":{{"type":"crypt","offset":"32768","size":"dynamic","iv_tweak":"0","encryption":"aes-xts-plain64","sector_size":512}}}},"digests":{{"0":{{"type":"pbkdf2","keyslots":["0","1","2"],"segments":["0"],"salt":"AAAA","digest":"{}=","hash":"sha256","iterations":1000}}}},"config":{{"json_size":"4096","keyslots_size":"4096","requirements":{{"mandatory":[]}}}}}}"#,
        slots.join(","),
        "A".repeat(43),
    );
    let mut volume = ramp();
    for (at, magic, sequence) in [(0, b"LUKS\xBA\xBE", 4_u64), (0x8000, b"SKUL\xBA\xBE", 3)] {
        let head = &mut volume[at..at + (8 << 10)];
        head.fill(0);
        head[..6].copy_from_slice(magic);
        head[6..8].copy_from_slice(&[0, 2]);
        head[8..16].copy_from_slice(&(8_u64 << 10).to_be_bytes());
        head[16..24].copy_from_slice(&sequence.to_be_bytes());
        head[24..29].copy_from_slice(b"3Q5KT");
        head[72..78].copy_from_slice(b"sha256");
        head[168..172].copy_from_slice(b"0f6c");
        head[256..264].copy_from_slice(&(at as u64).to_be_bytes());
        head[4096..4096 + json.len()].copy_from_slice(json.as_bytes());
    }
    volume
}

/// BitLocker of Windows 7 and later, or of Vista, with a way in of every kind.
pub fn bitlocker(is_vista: bool) -> Vec<u8> {
    let key = |bytes: usize| entry(0, 1, &vec![0; 4 + bytes]);
    let kept = |kind, bytes: usize| entry(kind, 5, &[vec![0; 28], key(bytes)].concat());
    let stretched = entry(0, 3, &[0; 20]);
    let protector = |kind: u16, inner: &[u8]| {
        let head = [&[0; 26][..], &kind.to_le_bytes()].concat();
        entry(2, 8, &[&head, inner].concat())
    };
    let rest = [
        protector(0x0100, &kept(0, 32)),
        protector(0x0200, &kept(0, 32)),
        protector(0x0800, &[stretched.clone(), kept(0, 32)].concat()),
        protector(0x2000, &[stretched, kept(0, 32)].concat()),
        protector(0x0000, &[key(32), kept(0, 32)].concat()),
        kept(3, 64),
        entry(
            15,
            15,
            &[32_768_u64.to_le_bytes(), 4096_u64.to_le_bytes()].concat(),
        ),
    ]
    .concat();
    let mut block = vec![0; 112];
    block[..8].copy_from_slice(b"-FVE-FS-");
    block[10] = if is_vista { 1 } else { 2 };
    block[12..16].copy_from_slice(&[4, 0, 4, 0]);
    block[16..24].copy_from_slice(&(BYTES as u64).to_le_bytes());
    for (at, place) in [(32, 4096_u64), (40, 16_384), (48, 24_576)] {
        block[at..at + 8].copy_from_slice(&place.to_le_bytes());
    }
    let length = u32::try_from(48 + rest.len()).expect("it is short");
    block[64..68].copy_from_slice(&length.to_le_bytes());
    block[96] = 1;
    block[100..104].copy_from_slice(&0x8004_u32.to_le_bytes());
    block.extend(rest);
    let size = block.len().next_multiple_of(16);
    block.resize(size, 0);
    let said = if is_vista { size } else { size / 16 };
    block[8..10].copy_from_slice(&u16::try_from(said).expect("it is short").to_le_bytes());
    block.extend([0; 8]);
    let mut volume = ramp();
    volume[..512].fill(0);
    volume[3..11].copy_from_slice(b"-FVE-FS-");
    volume[11..13].copy_from_slice(&512_u16.to_le_bytes());
    volume[13] = 8;
    volume[56..64].copy_from_slice(&1_u64.to_le_bytes());
    if !is_vista {
        let guid = 0x01D0_E339_A3F6_9983_4AD8_2E29_4967_D63B_u128;
        volume[160..176].copy_from_slice(&guid.to_le_bytes());
        volume[176..200].copy_from_slice(&block[32..56]);
    }
    for at in [4096, 16_384, 24_576] {
        volume[at..at + block.len()].copy_from_slice(&block);
    }
    volume
}

/// VeraCrypt, or TrueCrypt, with the header of a hidden volume and the copies at the end; their keys are zeros.
pub fn veracrypt(mark: &[u8; 4], version: u16) -> Vec<u8> {
    let mut volume = ramp();
    for at in [0, BYTES - 1536] {
        let header = &mut volume[at..at + 512];
        header.fill(0);
        header[64..68].copy_from_slice(mark);
        header[68..70].copy_from_slice(&version.to_be_bytes());
        for (place, number) in [(92, 16_384_u64), (100, 32_768), (108, 8192), (116, 32_768)] {
            header[place..place + 8].copy_from_slice(&number.to_be_bytes());
        }
        put(header, 128, 512);
    }
    volume
}

fn ramp() -> Vec<u8> {
    (0..BYTES).map(|at| (at % 251) as u8).collect()
}

fn put(volume: &mut [u8], at: usize, number: u32) {
    volume[at..at + 4].copy_from_slice(&number.to_be_bytes());
}

fn entry(kind: u16, value: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + data.len()).expect("it is short");
    [
        &[length, kind, value, 1].map(u16::to_le_bytes).concat(),
        data,
    ]
    .concat()
}
