//! Lets a child say anything to its parent, which surveys, reads a catalogue and unpacks.

#![no_main]

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use disks::sandbox::{Heard, Launcher, Sandbox};
use filesystems::blocks::MemoryBlocks;
use filesystems::content::prove;
use filesystems::reader::Options;
use filesystems::recognise::Recognised;
use filesystems::told::{Codec, NodeKind, Told};
use filesystems::volumes::Volume;
use libfuzzer_sys::fuzz_target;

const BYTES: u64 = 64 << 10;
/// What a child says first: that it is shut in.
const READY: [u8; 6] = [1, 0, 0, 0, 32, 0];
/// It opened a volume of 64 KiB, ext4 without label and UUID.
const OPENED: [u8; 20] = [
    15, 0, 0, 0, 36, 7, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 16, 0, 0,
];

fuzz_target!(|data: &[u8]| {
    let Some((which, said)) = data.split_first() else {
        return;
    };
    let mut sandbox = saying(which & 4 == 0, frames(said, which & 8 == 0));
    let mut device = MemoryBlocks::new(vec![0; 64 << 10]);
    match which & 3 {
        0 => survey(&mut sandbox, &mut device),
        1 => unpack(&mut sandbox),
        _ => catalogue(&mut sandbox, &mut device),
    }
});

/// The input as frames (kind, length in two bytes, body), or just as it is.
fn frames(mut input: &[u8], is_framed: bool) -> Vec<u8> {
    if !is_framed {
        return input.to_vec();
    }
    let mut said = Vec::new();
    while let [kind, a, b, rest @ ..] = input {
        let bytes = usize::from(u16::from_le_bytes([*a, *b])).min(rest.len());
        let (body, rest) = rest.split_at(bytes);
        said.extend((bytes as u32).to_le_bytes());
        said.push(*kind);
        said.extend(body);
        input = rest;
    }
    said
}

fn saying(is_opened: bool, said: Vec<u8>) -> Sandbox {
    let opened = if is_opened { &OPENED[..] } else { &[] };
    let said = [&READY, opened, &said].concat();
    let impostor = move |mut line: UnixStream| {
        if line.write_all(&said).is_ok() {
            let _gone = line.shutdown(Shutdown::Write);
            let _until_it_hangs_up = line.read_to_end(&mut Vec::new());
        }
    };
    let launcher = Launcher::Impostor(Arc::new(impostor));
    Sandbox::new(launcher).with_silence(Duration::from_secs(60))
}

fn survey(sandbox: &mut Sandbox, device: &mut MemoryBlocks) {
    if let Ok(survey) = sandbox.survey(device) {
        for volume in survey.volumes {
            let end = volume.offset.checked_add(volume.bytes);
            assert!(end.is_some_and(|end| end <= BYTES));
        }
    }
}

fn unpack(sandbox: &mut Sandbox) {
    if let Ok(plain) = sandbox.unpack(Codec::Lznt1, &[1, 2, 3], 9) {
        assert_eq!(plain.len(), 9);
    }
}

fn catalogue(sandbox: &mut Sandbox, device: &mut MemoryBlocks) {
    let volume = Volume {
        number: 0,
        offset: 0,
        bytes: BYTES,
        system: None,
        manager: None,
        recognised: Recognised::default(),
    };
    let _whatever = sandbox.catalogue(device, &volume, &Options::default(), &mut |heard| {
        if let Heard::Told(Told::File(file)) = heard
            && let (Ok(extents), NodeKind::Regular) = (&file.content, &file.kind)
        {
            prove(extents, file.bytes, BYTES).expect("extents are those of the file");
        }
        ControlFlow::Continue(())
    });
}
