//! Receipts, keys and proofs in the hands of programs that are not ours: OpenSSH, OpenSSL, coreutils, and a verifier in
//! Python that was written from the specifications.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use custody::key::{PrivateKey, PublicKey};
use custody::moment::Moment;
use custody::note::VerifierKey;
use custody::signers::{Revoked, Signer};
use custody::sshsig::{NAMESPACE, SshSignature};
use custody::tree::{Edge, Node, consistency, inclusion, root};
use custody::{installation::InstallationName, key_file};
use tempfile::TempDir;

use crate::world::{World, key, receipt, story, world};

/// Set by `cargo xtask test`, which installs what is needed.
const EVERY_TOOL: &str = "LONGSHORE_EVERY_TOOL";

/// Whether the programs of strangers are here. In the test of everything it is a fault if not.
#[expect(clippy::print_stderr, reason = "a test that is not tried says so")]
fn has_tools() -> bool {
    let tools = [
        "bash",
        "openssl",
        "python3",
        "sed",
        "sha256sum",
        "ssh-keygen",
    ];
    let is_there = |tool: &&&str| Path::new("/usr/bin").join(tool).exists();
    let Some(missing) = tools.iter().find(|tool| !is_there(tool)) else {
        return true;
    };
    let is_fault = std::env::var_os(EVERY_TOOL).is_some();
    assert!(!is_fault, "{missing} is missing");
    eprintln!("not tried: {missing} is missing");
    false
}

/// A folder in which a stranger has a receipt, what it names, and the signers of the installation.
struct Desk(TempDir);

impl Desk {
    fn with(receipt: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.put("R", receipt);
        desk.put("signers", &format!("{}\n", signer(1, None, None)));
        for (name, content) in [("log.csv", "csv"), ("log.jsonl", "jsonl")] {
            desk.put(name, content);
        }
        desk
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.0.path());
        command
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs what stands in the documentation.
    fn follow(&self, commands: &str) -> Output {
        self.run("bash", &["-euo", "pipefail", "-c", commands])
    }

    fn accepts(&self, commands: &str) -> bool {
        self.follow(commands).status.success()
    }
}

fn signer(number: u8, after: Option<Moment>, before: Option<Moment>) -> Signer {
    Signer {
        installation: InstallationName::new("dock.example").unwrap(),
        key: key(number).public(),
        after,
        before,
    }
}

/// The commands of `docs/receipts.md`, in their order.
fn documented() -> Vec<&'static str> {
    let page = include_str!("../../../../docs/receipts.md");
    let blocks = page.split("```sh\n").skip(1);
    blocks
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect()
}

/// The first command, with more before the signature.
fn signature_with(options: &str) -> String {
    documented()[1].replace(
        "-n longshore-receipt",
        &format!("-n longshore-receipt {options}"),
    )
}

fn vkey(key: &PrivateKey) -> String {
    VerifierKey::ed25519("dock.example/custody", key.public()).to_string()
}

fn verifier(desk: &Desk) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/receipts/verifier.py");
    let (fingerprint, vkey) = (key(1).public().fingerprint(), vkey(&key(1)));
    desk.run(
        "python3",
        &["-B", script, "receipt", "R", &fingerprint, &vkey],
    )
}

#[track_caller]
fn assert_ok(output: &Output) {
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

/// Receipts of every edition, and of people and devices that say what they like.
fn receipts() -> Vec<String> {
    let hostile = [
        "\"}\n{\"seq\":9,",
        "\n-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n",
        "\u{202e}\u{2028}\u{1b}]0;x\u{7}\u{0}\\'\u{1f4be}",
        &"SHA256 (log.csv) = 00\n".repeat(4096),
    ];
    let hostile = hostile.map(|carrier| World::of(&story(carrier), 2).receipt(1, 5, &key(1)));
    let editions = [1, 3, 5].map(|events| world().receipt(1, events, &key(1)));
    let all = hostile.into_iter().chain(editions);
    all.map(Result::unwrap).collect()
}

/// What the documentation tells a stranger to do is done as it stands there.
#[test]
fn the_documented_commands_accept_receipts() {
    if !has_tools() {
        return;
    }
    assert_eq!(documented().len(), 4);
    for receipt in receipts() {
        let desk = Desk::with(&receipt);
        let [shown, signature, _, chain] = documented().try_into().unwrap();
        let shown = String::from_utf8(desk.follow(shown).stdout).unwrap();
        assert!(shown.contains(&key(1).public().fingerprint()), "{shown}");
        assert_ok(&desk.follow(signature));
        assert_ok(&desk.follow(chain));
        assert_ok(&verifier(&desk));
    }
}

#[test]
fn the_documented_commands_refuse_what_was_changed() {
    if !has_tools() {
        return;
    }
    let [_, signature, sums, chain] = documented().try_into().unwrap();
    let desk = Desk::with(&receipt());
    assert!(desk.accepts(sums));
    desk.put("log.jsonl", "jsonL");
    assert!(!desk.accepts(sums));

    desk.put("R", &receipt().replace("UPS", "DHL"));
    assert!(!desk.accepts(signature) && !desk.accepts(chain));
    assert!(!verifier(&desk).status.success());
}

#[test]
fn openssh_refuses_another_key_purpose_or_installation() {
    if !has_tools() {
        return;
    }
    let desk = Desk::with(&receipt());
    let command = documented()[1];
    assert!(desk.accepts(command));
    assert!(!desk.accepts(&command.replace("-n longshore-receipt", "-n file")));
    assert!(!desk.accepts(&command.replace("-I custody@dock", "-I custody@dick")));
    desk.put("signers", &signer(2, None, None).to_string());
    assert!(!desk.accepts(command));
}

/// The second line of `signers` is there from the rotation on.
#[test]
fn after_a_rotation_old_receipts_verify_at_their_time() {
    if !has_tools() {
        return;
    }
    // The receipt is of September 2026; whenever the test is run, the key was replaced before.
    let rotated = Moment::from_unix_millis(1_790_100_000_000);
    let desk = Desk::with(&receipt());
    let old = signer(1, None, Some(rotated));
    let new = signer(2, Some(Moment::from_unix_millis(946_684_800_000)), None);
    desk.put("signers", &format!("{old}\n{new}\n"));
    assert!(desk.accepts(&signature_with("-Overify-time=20260922Z")));
    assert!(!desk.accepts(&signature_with("-Overify-time=20260925Z")));
    let by_new = world().receipt(1, 5, &key(2)).unwrap();
    desk.put("R", &by_new);
    assert!(desk.accepts(documented()[1]));
    assert!(!desk.accepts(&signature_with("-Overify-time=19990101Z")));
}

#[test]
fn a_revoked_key_signs_nothing_any_more() {
    if !has_tools() {
        return;
    }
    let desk = Desk::with(&receipt());
    desk.put("revoked", &Revoked::new(vec![key(2).public()]).to_string());
    assert!(desk.accepts(&signature_with("-r revoked")));
    desk.put(
        "revoked",
        &Revoked::new(vec![key(2).public(), key(1).public()]).to_string(),
    );
    assert!(!desk.accepts(&signature_with("-r revoked")));
}

/// Whoever has the key and tells another story is found out by a program that is not ours.
#[test]
fn an_independent_verifier_finds_what_was_signed_again() {
    if !has_tools() {
        return;
    }
    let honest = receipt();
    let (text, _) = honest.split_once("-----BEGIN").unwrap();
    for (from, to) in [
        ("\"carrier\":\"UPS\"", "\"carrier\":\"DHL\""),
        ("\"index\":3,", "\"index\":4,"),
        ("\\n20\\n", "\\n21\\n"),
        ("SHA256 (log.csv) = 5", "SHA256 (log.csv) = 6"),
        ("\"events\":4,\"salt\"", "\"events\":5,\"salt\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let armour = SshSignature::of(&key(1), changed.as_bytes()).armour();
        let desk = Desk::with(&(changed + &armour));
        assert!(desk.accepts(documented()[1]), "{to}");
        assert!(!verifier(&desk).status.success(), "{to}");
    }
}

#[test]
fn openssh_reads_our_keys_and_we_read_its() {
    if !has_tools() {
        return;
    }
    let desk = Desk(tempfile::tempdir().unwrap());
    let put_private = |file: &str| {
        desk.put("ours", file);
        assert_ok(&desk.run("chmod", &["600", "ours"]));
    };
    put_private(&key_file::write(
        &key(1),
        "custody@dock.example",
        0x0102_0304,
    ));
    let shown = desk.run("ssh-keygen", &["-y", "-f", "ours"]);
    assert_ok(&shown);
    let public: PublicKey = String::from_utf8(shown.stdout).unwrap().parse().unwrap();
    assert_eq!(public, key(1).public());
    let listed = desk.run("ssh-keygen", &["-l", "-f", "ours"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(&public.fingerprint()), "{listed}");

    let make = |name: &str, kind: &str, passphrase: &str| {
        let arguments = ["-q", "-t", kind, "-N", passphrase, "-C", "x", "-f", name];
        assert_ok(&desk.run("ssh-keygen", &arguments));
        key_file::read(&fs::read_to_string(desk.0.path().join(name)).unwrap())
    };
    let theirs = make("theirs", "ed25519", "").unwrap();
    let line = fs::read_to_string(desk.0.path().join("theirs.pub")).unwrap();
    assert_eq!(line.parse(), Ok(theirs.public()));
    assert_eq!(
        make("locked", "ed25519", "secret").unwrap_err(),
        key_file::Unread::Passphrase
    );
    assert_eq!(
        make("other", "ecdsa", "").unwrap_err(),
        key_file::Unread::Kind
    );

    // Ed25519 has one signature of each text, and our armour of it is OpenSSH's to the byte.
    desk.put("text", "what is signed\n");
    assert_ok(&desk.run(
        "ssh-keygen",
        &["-q", "-Y", "sign", "-n", NAMESPACE, "-f", "theirs", "text"],
    ));
    let armour = fs::read_to_string(desk.0.path().join("text.sig")).unwrap();
    assert_eq!(
        SshSignature::of(&theirs, b"what is signed\n").armour(),
        armour
    );
}

/// Every leaf of trees of 1 to 130 leaves, and every pair of them.
#[test]
fn an_independent_tree_has_the_same_proofs() {
    if !has_tools() {
        return;
    }
    const SIZES: u64 = 130;
    let mut edge = Edge::default();
    let mut nodes = std::collections::BTreeMap::<Node, _>::new();
    for number in 0..SIZES {
        nodes.extend(edge.append(format!("{{\"seq\":{number}}}").as_bytes()));
    }
    let hash_of = |node: Node| nodes.get(&node).copied().ok_or(node);
    let mut cases = String::new();
    for size in 1..=SIZES {
        let root = root(size, hash_of).unwrap();
        let mut case = |name: &str, number: u64, path: &[custody::digest::Digest]| {
            let path = serde_json::to_string(path).unwrap();
            cases += &format!(
                "{{\"size\":{size},\"root\":\"{root}\",\"{name}\":{number},\"path\":{path}}}\n"
            );
        };
        for number in 0..size {
            case("index", number, &inclusion(number, size, hash_of).unwrap());
            case(
                "old",
                number + 1,
                &consistency(number + 1, size, hash_of).unwrap(),
            );
        }
    }
    let desk = Desk(tempfile::tempdir().unwrap());
    desk.put("cases", &cases);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/receipts/verifier.py");
    assert_ok(&desk.run("python3", &["-B", script, "proofs", "cases"]));
    desk.put("cases", &cases.replacen("\"old\":7", "\"old\":8", 1));
    assert!(
        !desk
            .run("python3", &["-B", script, "proofs", "cases"])
            .status
            .success()
    );
}
