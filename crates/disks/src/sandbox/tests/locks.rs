//! What is said of encrypted volumes, and what of that is believed.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use encrypted::Locked;
use encrypted::cipher::{Algorithm, Mode, Suite};
use encrypted::plain::{Origin, Piece, Plain, VolumeKey};
use encrypted::secrets::Secrets;
use filesystems::recognise::Recognised;
use filesystems::volumes::Volume;

use super::super::messages::{HEAD_BYTES, Request, Saying};
use super::*;

const VOLUME: u64 = 1 << 20;

fn plain(at: u64, sector_bytes: u32, key: usize) -> Plain {
    let piece = |from: u64, bytes: u64, origin: Origin| Piece {
        at: at + from,
        bytes,
        origin,
    };
    Plain {
        kind: "LUKS2, aes-xts-plain64".to_owned(),
        key_id: Some("0f6c2f6e-8a1c-4b7e-9a54-3d1f0c9a7b21".to_owned()),
        at,
        bytes: 16384,
        pieces: vec![
            piece(0, 512, Origin::These([7; 512].into())),
            piece(512, 3584, Origin::Clear),
            piece(4096, 4096, Origin::Zeros),
            piece(8192, 8192, Origin::Cipher { at, sector: 3 }),
        ],
        key: VolumeKey {
            suite: Suite::one(Mode::Xts, Algorithm::Aes),
            sector_bytes,
            step: 8,
            key: vec![5; key],
        },
    }
}

/// What comes of a child that says this when it is to unlock a volume.
fn unlocked(said: &Saying) -> Result<Result<Plain, Locked>, ParseError> {
    let frames = [Saying::Ready { unconfined: None }.frame(), said.frame()].concat();
    let launcher = Launcher::Impostor(Arc::new(move |mut line| {
        if line.write_all(&frames).is_ok() {
            let _gone = line.shutdown(Shutdown::Write);
            let _until_it_hangs_up = line.read_to_end(&mut Vec::new());
        }
    }));
    let mut sandbox = Sandbox::new(launcher).with_silence(Duration::from_millis(500));
    let volume = Volume {
        number: 0,
        offset: 0,
        bytes: VOLUME,
        system: None,
        manager: None,
        recognised: Recognised::default(),
    };
    let mut device = MemoryBlocks::new(vec![0; 1 << 20]);
    sandbox.unlock(&mut device, &volume, &Secrets::none())
}

#[test]
fn what_a_child_says_of_an_open_volume_is_looked_at() {
    let right = plain(4096, 4096, 64);
    assert_eq!(
        unlocked(&Saying::Unlocked(right.clone())).unwrap(),
        Ok(right)
    );
    for wrong in [
        plain(VOLUME - 8192, 512, 64),
        plain(u64::MAX - 16384, 512, 64),
        plain(4096, 0, 64),
        plain(4096, 768, 64),
        plain(4096, 512, 63),
    ] {
        let heard = unlocked(&Saying::Unlocked(wrong.clone()));
        assert!(matches!(heard, Err(ParseError::Misbehaved(_))), "{wrong:?}");
    }
    for why in [
        Locked::Needed("a passphrase".to_owned()),
        Locked::Wrong,
        Locked::Refused("is half encrypted".to_owned()),
        Locked::Damaged("a slot".to_owned()),
        Locked::Costly("Argon2".to_owned()),
    ] {
        assert_eq!(unlocked(&Saying::Locked(why.clone())).unwrap(), Err(why));
    }
    assert!(unlocked(&Saying::Plain(Vec::new())).is_err());
}

#[test]
fn secrets_arrive_as_they_were_sent() {
    let secrets = Secrets::none().with_passphrase(b"open").unwrap();
    let secrets = secrets.with_key_file(&vec![9; 2 << 20]).unwrap();
    let secrets = secrets.with_key_file(b"").unwrap().with_pim(485).unwrap();
    let request = Request::Unlock {
        bytes: 7,
        sector: 512,
        secrets: secrets.clone(),
    };
    let frame = request.frame();
    match Request::parse(frame[HEAD_BYTES - 1], &frame[HEAD_BYTES..]).unwrap() {
        Request::Unlock {
            bytes: 7,
            sector: 512,
            secrets: heard,
        } => assert!(heard == secrets),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_child_that_has_nothing_to_try_says_what_a_volume_takes() {
    let mut content = vec![0; 1 << 20];
    content[..8].copy_from_slice(b"LUKS\xBA\xBE\0\x01");
    let mut device = MemoryBlocks::new(content);
    let mut sandbox = Sandbox::new(Launcher::Thread);
    let survey = sandbox.survey(&mut device).unwrap();
    let locked = sandbox.unlock(&mut device, &survey.volumes[0], &Secrets::none());
    assert!(matches!(locked, Ok(Err(Locked::Needed(_)))), "{locked:?}");
}
