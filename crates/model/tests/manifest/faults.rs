//! Manifests that are refused, and what is said about them.

use super::*;

#[test]
fn the_must_fail_list_fails_as_it_must() {
    use FaultKind::{
        AccessKeyMismatch, InvalidAddress, InvalidCustoms, InvalidField, InvalidFileSystem,
        Malformed, MissingCustoms, MissingField,
    };
    let smallest = "import-a-smallest";
    let export = "export-a-one-bucket";
    let glacier = "glacier-a";
    let comment = "finance year end 2013, disk 1 of 3";
    let canada = "import-e-customs";
    let pages = without(canada, "data")
        .split("customs:")
        .next()
        .unwrap()
        .to_owned();
    let bucket_line = "    - exportBucket: payroll\n";
    for (name, manifest, kind, field) in [
        (smallest, "INVALID MANIFEST".to_owned(), Malformed, ""),
        (smallest, "/home/me/manifest.txt".to_owned(), Malformed, ""),
        (smallest, "file://manifest.txt".to_owned(), Malformed, ""),
        (smallest, r"C:\manifest.txt".to_owned(), Malformed, ""),
        (smallest, String::new(), Malformed, ""),
        (smallest, "# nothing\n".to_owned(), Malformed, ""),
        (smallest, "- a\n- b\n".to_owned(), Malformed, ""),
        (smallest, "42".to_owned(), Malformed, ""),
        (
            smallest,
            with(smallest, "harbour-archive", "\"harbour"),
            Malformed,
            "",
        ),
        (
            smallest,
            with(smallest, "deviceId: ", "  deviceId: "),
            Malformed,
            "",
        ),
        (
            smallest,
            format!("{0}---\n{0}", text(smallest)),
            Malformed,
            "",
        ),
        (
            smallest,
            with(smallest, "harbour", "harb\u{7}our"),
            Malformed,
            "",
        ),
        (
            smallest,
            without(smallest, "bucket"),
            MissingField,
            "bucket",
        ),
        (
            smallest,
            with(smallest, "harbour-archive", ""),
            MissingField,
            "bucket",
        ),
        (
            smallest,
            without(smallest, "deviceId"),
            MissingField,
            "deviceId",
        ),
        (
            smallest,
            without(smallest, "manifestVersion"),
            MissingField,
            "manifestVersion",
        ),
        (
            export,
            without(export, "- exportBucket"),
            MissingField,
            "operations",
        ),
        (
            export,
            with(export, "payroll", ""),
            MissingField,
            "operations[1].exportBucket",
        ),
        (
            export,
            without(export, "logBucket"),
            MissingField,
            "logBucket",
        ),
        (
            glacier,
            without(glacier, "logBucket"),
            MissingField,
            "logBucket",
        ),
        (
            "ebs-a-up-to-1tb",
            without("ebs-a-up-to-1tb", "logBucket"),
            MissingField,
            "logBucket",
        ),
        (
            export,
            without(export, "trueCrypt"),
            MissingField,
            "trueCryptPassword",
        ),
        (
            export,
            with(export, ": NTFS", ": XFS"),
            InvalidFileSystem,
            "fileSystem",
        ),
        (
            glacier,
            with(glacier, "3.0", "2.0"),
            InvalidField,
            "manifestVersion",
        ),
        (
            smallest,
            with(smallest, "2.0", "3.0"),
            MissingField,
            "operations",
        ),
        (
            export,
            with(export, "2.0", "3.0"),
            InvalidField,
            "manifestVersion",
        ),
        (
            smallest,
            with(smallest, "2.0", "4.0"),
            InvalidField,
            "manifestVersion",
        ),
        (
            smallest,
            with(
                smallest,
                "eraseDevice",
                &format!("logPrefix: {}\neraseDevice", "x".repeat(1020)),
            ),
            InvalidField,
            "logPrefix",
        ),
        (
            glacier,
            with(glacier, comment, &"é".repeat(998)),
            InvalidField,
            "operations[1].archiveComment",
        ),
        (
            smallest,
            without(smallest, "stateOrProvince"),
            InvalidAddress,
            "returnAddress.stateOrProvince",
        ),
        (
            smallest,
            without(smallest, "city"),
            InvalidAddress,
            "returnAddress.city",
        ),
        (canada, pages, MissingCustoms, "customs"),
        (
            canada,
            without(canada, "deviceValue"),
            MissingCustoms,
            "customs.deviceValue",
        ),
        (
            canada,
            with(canada, "180.00", "lots"),
            InvalidCustoms,
            "customs.deviceValue",
        ),
        (
            canada,
            with(canada, "8471.70.4065", "HTS"),
            InvalidCustoms,
            "customs.deviceHTS",
        ),
        (
            canada,
            with(canada, "encryptedData: no", "encryptedData: yes"),
            MissingCustoms,
            "customs.encryptionClassification",
        ),
        (
            smallest,
            with(smallest, "AKIDTESTTESTTEST0001", "AKIDTESTTESTTEST0002"),
            AccessKeyMismatch,
            "accessKeyId",
        ),
        (
            smallest,
            with(smallest, "eraseDevice: no", "eraseDevice: maybe"),
            InvalidField,
            "eraseDevice",
        ),
        (
            export,
            with(export, bucket_line, "    - prefix: x\n"),
            MissingField,
            "operations[1].exportBucket",
        ),
        (
            export,
            with(export, "payroll", "../payroll"),
            InvalidField,
            "operations[1].exportBucket",
        ),
        (
            export,
            with(
                export,
                bucket_line,
                &format!("{bucket_line}      targetDirectory: a/../..\n"),
            ),
            InvalidField,
            "operations[1].targetDirectory",
        ),
    ] {
        let found = faults(&manifest, job_type(name), &rules_for(name));
        assert_eq!(found, [(kind, field.to_owned())], "{manifest}");
    }
}

#[test]
fn limits_hold_to_the_last_byte() {
    let comment = "finance year end 2013, disk 1 of 3";
    assert!(import(&with("glacier-a", comment, &"é".repeat(997))).is_ok());
    let prefix = |n| {
        with(
            "import-a-smallest",
            "eraseDevice",
            &format!("logPrefix: {}\neraseDevice", "x".repeat(n)),
        )
    };
    assert!(import(&prefix(1008)).is_ok());
    assert!(import(&prefix(1009)).is_err());
    let password = |n| {
        with(
            "import-a-smallest",
            "eraseDevice",
            &format!("trueCryptPassword: {}\neraseDevice", "x".repeat(n)),
        )
    };
    assert!(import(&password(64)).is_ok());
    assert!(import(&password(65)).is_err());
}

#[test]
fn all_faults_are_told_at_once_with_their_lines() {
    let manifest = "manifestVersion: 2.0\n\
        accessKeyId: AKIDSOMEONEELSE00001\n\
        bucket:\n\
        eraseDevice: maybe\n\
        acl: everybody\n\
        onUnreadable: zeros\n\
        deviceId: d\n\
        ignore:\n  - ok\n  - (\n\
        staticMetadata:\n  a key: x\n\
        deviceId: e\n\
        returnAddress:\n  name: N\n  country: Canada\n  street1: S\n  phoneNumber: 1\n\
        customs:\n  deviceValue: lots\n  dataDescription: x\n  encryptedData: no\n\
        \x20 exportCertifierName: x\n  requiresExportLicense: perhaps\n  deviceType: sataDrive\n";
    let faults = import(manifest).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 3: bucket: required field is empty",
            "line 13: deviceId: given twice, on lines 7 and 13",
            "line 4: eraseDevice: `maybe` is not yes or no",
            "line 10: ignore[2]: `(` is not an expression that can be used",
            "line 5: acl: `everybody` is not private, public-read, public-read-write or \
             authenticated-read",
            "line 12: staticMetadata: `a key` cannot be part of a header's name",
            "line 6: onUnreadable: `zeros` is not fail or salvage",
            "returnAddress.city: required field is missing",
            "returnAddress.stateOrProvince: required field is missing",
            "returnAddress.postalCode: required field is missing",
            "customs.deviceCountryOfOrigin: required field is missing",
            "line 24: customs.requiresExportLicense: `perhaps` is not yes or no",
            "line 20: customs.deviceValue: `lots` is not an amount in US dollars such as 250.00",
            "line 2: accessKeyId: not the access key that signed the request",
        ]
    );
    assert_eq!(faults.first_kind(), FaultKind::MissingField);
    assert!(
        faults
            .to_string()
            .starts_with("line 3: bucket: required field is empty; line 13: ")
    );
}

#[test]
fn strict_rules_demand_what_the_last_edition_demanded() {
    let smallest = text("import-a-smallest");
    assert_eq!(
        faults(smallest, JobType::Import, &strict()),
        [
            (FaultKind::MissingField, "notificationEmail".to_owned()),
            (FaultKind::InvalidField, "eraseDevice".to_owned())
        ]
    );
    let no_erase = without("import-a-smallest", "eraseDevice");
    assert!(warnings(&import(&no_erase).unwrap())[0].starts_with("eraseDevice: not given"));
    assert!(
        faults(&no_erase, JobType::Import, &strict())
            .contains(&(FaultKind::MissingField, "eraseDevice".to_owned()))
    );
    let ext3 = with("export-a-one-bucket", ": NTFS", ": EXT3");
    assert!(Manifest::parse(&ext3, JobType::Export, &rules()).is_ok());
    let found = faults(&ext3, JobType::Export, &strict());
    assert_eq!(
        found,
        [(FaultKind::InvalidFileSystem, "fileSystem".to_owned())]
    );
    let singapore = with("glacier-a", "eu-west-1", "ap-southeast-1");
    assert!(import(&singapore).is_ok());
    let found = faults(&singapore, JobType::Import, &strict());
    assert_eq!(
        found,
        [(FaultKind::InvalidField, "operations[1].region".to_owned())]
    );
    for name in [
        "import-b-without-spaces",
        "import-c-every-header",
        "import-d-pin-drive",
    ] {
        assert!(
            Manifest::parse(text(name), JobType::Import, &strict()).is_ok(),
            "{name}"
        );
    }
}

#[test]
fn unknown_options_are_named_and_ignored() {
    let manifest = with(
        "import-a-smallest",
        "eraseDevice",
        "Bucket: x\ncolour: red\nfileSystem: NTFS\neraseDevice",
    );
    assert_eq!(
        warnings(&import(&manifest).unwrap()),
        [
            "line 5: Bucket: not an option of an S3 import, ignored; did you mean `bucket`?",
            "line 6: colour: not an option of an S3 import, ignored",
            "line 7: fileSystem: not an option of an S3 import, ignored",
        ]
    );
    let export = with(
        "export-a-one-bucket",
        "fileSystem",
        "eraseDevice: yes\nfileSystem",
    );
    let export = Manifest::parse(&export, JobType::Export, &rules()).unwrap();
    assert_eq!(
        warnings(&export),
        ["line 3: eraseDevice: not an option of an S3 export, ignored"]
    );
    assert!(!export.manifest.common().erase_device);
}

#[test]
fn customs_are_needed_across_a_border_only() {
    let from = |facility: &str, home: &str| {
        let text = with("import-a-smallest", "USA", home);
        let rules = ManifestRules {
            facility_country: Country::new(facility),
            ..rules()
        };
        Manifest::parse(&text, JobType::Import, &rules)
            .err()
            .map(|faults| faults.first_kind())
    };
    assert_eq!(from("USA", "United States"), None);
    assert_eq!(from("Ireland", "Germany"), None);
    assert_eq!(from("Ireland", "UK"), Some(FaultKind::MissingCustoms));
    assert_eq!(from("USA", "Mexico"), Some(FaultKind::MissingCustoms));
    let blank = format!("{}customs:\n  deviceValue:\n", text("import-a-smallest"));
    assert!(import(&blank).is_ok());
}

#[test]
fn a_password_is_never_told() {
    let secret = "hunter2\u{e9}";
    for line in [
        format!("trueCryptPassword: {secret}"),
        format!("trueCryptPassword: \"{secret}"),
        format!("trueCryptPassword {secret}"),
        format!("pinCode: {secret}"),
        format!("trueCryptPassword:\n  - {secret}"),
    ] {
        let manifest = with(
            "import-a-smallest",
            "eraseDevice",
            &format!("{line}\neraseDevice"),
        );
        let faults = import(&manifest).unwrap_err();
        assert!(
            !format!("{faults} {faults:?}").contains("hunter2"),
            "{faults}"
        );
    }
    let odd = with(
        "import-a-smallest",
        "eraseDevice",
        "trueCryptPassword: &a*b!|>c\neraseDevice",
    );
    let password = import(&odd)
        .unwrap()
        .manifest
        .common()
        .true_crypt_password
        .clone()
        .unwrap();
    assert_eq!(password.expose(), "&a*b!|>c");
}

#[test]
fn headers_cannot_be_split() {
    for line in [
        r#"cacheControl: "a\r\nx: y""#,
        r#"contentDisposition: "a\nb""#,
        r#"contentTypes: {jpg: "a\nb"}"#,
        r#"staticMetadata: {jpg: "a\nb"}"#,
        r#"staticMetadata: {"a\nb": c}"#,
        r#"diskTimestampMetadataKey: "a:b""#,
        r#"expires: "\0""#,
        "staticMetadata: {a: é}",
        "staticMetadata: {key: 1, KEY: 2}",
    ] {
        let manifest = with(
            "import-a-smallest",
            "eraseDevice",
            &format!("{line}\neraseDevice"),
        );
        let found = faults(&manifest, JobType::Import, &rules());
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert_eq!(found[0].0, FaultKind::InvalidField, "{line}");
    }
    let large = format!("staticMetadata:\n  a: {}\neraseDevice", "x".repeat(2048));
    assert!(import(&with("import-a-smallest", "eraseDevice", &large)).is_err());
}

/// What people write who have never seen a manifest, and what mends it at once.
#[test]
fn common_mistakes_are_told_with_what_mends_them() {
    let smallest = "import-a-smallest";
    let replaced = |what: &str, by: &str| with(smallest, what, by);
    let added = |lines: &str| with(smallest, "eraseDevice", &format!("{lines}\neraseDevice"));
    for (manifest, told) in [
        (replaced("bucket:", "Bucket:"), "write it `bucket`"),
        (replaced("deviceId", "deviceID"), "write it `deviceId`"),
        (replaced("deviceId", "device_id"), "write it `deviceId`"),
        (
            replaced("returnAddress", "retrunAddress"),
            "write it `returnAddress`",
        ),
        (
            replaced("USA", "Untied States"),
            "did you mean `United States`?",
        ),
        (replaced("USA", "Narnia"), "`Narnia` is not a country"),
        (added("substitutions:\n  - \"a\": \"b\""), "without dashes"),
        (
            added("contentTypes:\n  - jpg: image/jpeg"),
            "without dashes",
        ),
        (
            added("contentTypes: image/jpeg"),
            "`name: value` on a line each",
        ),
        (added("ignore: *.bak"), r"as one it is `\.bak$`"),
        (added("ignore:\n  - **/*.o"), r"as one it is `\.o$`"),
        (
            added("cacheControl: é"),
            "cacheControl: must be printable ASCII",
        ),
        (
            added("contentDisposition: attachment; filename=\u{1f62c}.pdf"),
            "contentDisposition: must be",
        ),
        (
            added("contentLanguage: 日本"),
            "contentLanguage: must be printable ASCII",
        ),
        (
            added("defaultContentType: text/plain; name=é"),
            "defaultContentType: must be",
        ),
        (
            added("contentTypes:\n    .x: a/é"),
            "contentTypes: must be printable ASCII",
        ),
        (added("expires: 2032-02-03"), "is not a date such as"),
        (
            added("staticMetadata:\n    Snowball-Auto-Extract: true"),
            "an order to the store",
        ),
        (
            added("diskTimestampMetadataKey: snowball-prefix"),
            "an order to the store",
        ),
        (
            text("export-a-one-bucket").to_owned(),
            "make it with JobType Export",
        ),
        ("/root/Downloads/manifest.txt".to_owned(), "path of a file"),
        (
            "bucket=photos\ndeviceId=1".to_owned(),
            "separated by a colon",
        ),
    ] {
        let faults = import(&manifest).expect_err(&manifest).to_string();
        assert!(faults.contains(told), "{told}: {faults}\n{manifest}");
    }
    let as_export = Manifest::parse(text(smallest), JobType::Export, &rules()).unwrap_err();
    assert!(
        as_export
            .to_string()
            .contains("make it with JobType Import"),
        "{as_export}"
    );
    let photos = added("ignore:\n  - photos/*\n  - ^a/b\n  - .DS_Store");
    let told = warnings(&import(&photos).unwrap());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("as one it is `^photos/`"), "{told:?}");
}

/// A country that is none says so, and not that the device crosses a border.
#[test]
fn customs_are_not_asked_for_a_country_that_is_none() {
    let narnia = with("import-a-smallest", "USA", "Narnia");
    let found = faults(&narnia, JobType::Import, &rules());
    assert_eq!(
        found,
        [(
            FaultKind::InvalidAddress,
            "returnAddress.country".to_owned()
        )]
    );
}

/// A job that is on its way is read whatever newer rules say of new ones.
#[test]
fn what_was_accepted_before_is_still_read() {
    let odd = with(
        "import-a-smallest",
        "eraseDevice",
        "cacheControl: é\nexpires: never\ncontentTypes:\n    x: a/é\neraseDevice",
    )
    .replace("USA", "Narnia");
    assert!(import(&odd).is_err());
    assert!(Manifest::parse_accepted(&odd, JobType::Import).is_ok());
}

/// What a manifest says of a device is shown on terminals, to people who act on it.
#[test]
fn characters_that_turn_text_are_refused_and_read_where_they_were_accepted() {
    let text = text("import-a-smallest");
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with("deviceId"))
        .unwrap();
    for odd in ['\u{202e}', '\u{2066}', '\u{2028}'] {
        let odd = text.replace(line, &format!("deviceId: ABC{odd}GPJ"));
        let faults = import(&odd).unwrap_err().to_string();
        assert!(
            faults.contains("deviceId") && faults.contains("direction"),
            "{faults}"
        );
        assert!(Manifest::parse_accepted(&odd, JobType::Import).is_ok());
    }
    for control in ["\\n", "\\e", "\\x7f", "\\N"] {
        let odd = text.replace(line, &format!("deviceId: \"ABC{control}GPJ\""));
        let faults = import(&odd).unwrap_err().to_string();
        assert!(faults.contains("deviceId"), "{control}: {faults}");
    }
}
