//! Tests of the file that AWS tools read.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn id() -> AccessKeyId {
    AccessKeyId::new("LSIAAAAAAAAAAAAAAAAA").unwrap()
}

#[test]
fn credentials_are_what_aws_tools_read_and_for_the_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let (id, secret) = (id(), SecretKey::new("abc/+="));
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            "[default]",
            "aws_access_key_id = LSIAAAAAAAAAAAAAAAAA",
            "aws_secret_access_key = abc/+=",
            "region = us-east-1"
        ]
    );
    let made = path.metadata().unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
}

#[test]
fn writing_credentials_again_leaves_a_good_file_alone_and_mends_a_bad_one() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let (id, secret) = (id(), SecretKey::new("secret"));
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    let (inode, text) = (
        path.metadata().unwrap().ino(),
        std::fs::read(&path).unwrap(),
    );
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    assert_eq!(path.metadata().unwrap().ino(), inode);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&path, "torn").unwrap();
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), text);
}
