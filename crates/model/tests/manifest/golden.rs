//! Manifests that are accepted, and what is read from them.

use model::ids::JobId;
use model::manifest::{
    BucketUse, CannedAcl, DeviceType, ExportType, FileSystem, Manifest, ManifestVersion,
    OnUnreadable, Region, ServiceLevel, StorageClass, UsCents,
};

use super::*;

#[test]
fn the_folder_holds_no_manifest_that_is_not_tested() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort();
    assert_eq!(
        files,
        GOLDEN.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    );
}

#[test]
fn only_the_broken_example_is_warned_of() {
    for (name, _) in GOLDEN {
        let warnings = warnings(&parsed(name));
        let expected: &[&str] = match *name {
            "import-a-smallest" | "import-h-real-yaml" => &[],
            "import-g-cli-example" => &[
                "line 10: returnAddress: the lines of the address should be indented below it",
                ERASED,
            ],
            name if name.starts_with("export") => &[],
            _ => &[ERASED],
        };
        assert_eq!(warnings, expected, "{name}");
    }
}

#[test]
fn the_smallest_import_has_the_documented_defaults() {
    let import = s3_import("import-a-smallest");
    assert_eq!(import.bucket.as_str(), "harbour-archive");
    assert_eq!(import.common.log_bucket, import.bucket);
    assert_eq!(import.common.version, ManifestVersion::V2);
    assert_eq!(import.common.access_key_id, Some(rules().caller));
    assert_eq!(import.common.device_id, "WD-WCAV5A771234");
    assert!(!import.common.erase_device);
    assert_eq!(import.common.return_address.postal_code, "04101");
    assert_eq!(import.common.service_level, ServiceLevel::Standard);
    assert_eq!(import.acl, CannedAcl::Private);
    assert_eq!(import.on_unreadable, OnUnreadable::Fail);
    assert_eq!(import.storage_class, StorageClass::Standard);
    assert!(!import.gzip_content_encoding && import.prefix.is_empty() && import.ignore.is_empty());
}

#[test]
fn templates_without_spaces_are_read() {
    let common = s3_import("import-b-without-spaces").common;
    assert_eq!(common.device_id, "S/N 9VP0T87T");
    assert_eq!(
        common.notification_email,
        ["ops@film.example", "petra@film.example"]
    );
    assert_eq!(
        common.true_crypt_password.unwrap().expose(),
        "correct horse 77"
    );
    assert_eq!(common.return_address.name, "Film Scan GmbH Attn:Stores");
    assert_eq!(common.return_address.company, None);
    assert_eq!(common.return_address.phone_number, "+1-512-555-0119");
    assert!(common.erase_device);
}

#[test]
fn every_header_option_arrives() {
    let import = s3_import("import-c-every-header");
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(import.prefix, "site-b/");
    assert_eq!(import.acl, CannedAcl::PublicRead);
    assert_eq!(import.cache_control.as_deref(), Some("max-age=86400"));
    assert_eq!(import.content_disposition.as_deref(), Some("inline"));
    assert_eq!(import.content_language.as_deref(), Some("en"));
    assert_eq!(
        import.default_content_type.as_deref(),
        Some("application/octet-stream")
    );
    assert_eq!(
        import.content_types,
        [pair("webm", "video/webm"), pair("JPG", "image/jpeg")]
    );
    assert!(import.gzip_content_encoding);
    assert_eq!(import.disk_timestamp_key.as_deref(), Some("disk-mtime"));
    assert_eq!(
        import.static_metadata,
        [pair("batch", "spring-16"), pair("owner", "web team")]
    );
    assert_eq!(import.storage_class, StorageClass::ReducedRedundancy);
    assert_eq!(import.on_unreadable, OnUnreadable::Salvage);
    assert_eq!(import.common.service_level, ServiceLevel::Expedited);
    let sources: Vec<&str> = import
        .ignore
        .iter()
        .map(|pattern| pattern.source())
        .collect();
    assert_eq!(
        sources,
        [
            r"^lost\+found/",
            r"^\$Recycle\.bin/",
            ".*~$",
            r"\.(psd|PSD)$"
        ]
    );
    assert_eq!(import.ignore[0].matches("lost+found/#1"), Ok(true));
    let manifest = Manifest::S3Import(import);
    let key = manifest.log_key(JobId::new("abc12").unwrap());
    assert_eq!(key.as_str(), "loads/2016/import-log-ABC12");
    let buckets: Vec<_> = manifest
        .buckets()
        .into_iter()
        .map(|(b, u)| (b.to_string(), u))
        .collect();
    assert_eq!(
        buckets,
        [
            ("www-assets".into(), BucketUse::Import),
            ("www-logs".into(), BucketUse::Log)
        ]
    );
}

#[test]
fn quoted_substitutions_and_pins_with_zeros_stay_what_they_are() {
    let import = s3_import("import-d-pin-drive");
    assert_eq!(import.prefix, "hosts$COLON$/");
    assert_eq!(import.common.pin_code.as_ref().unwrap().expose(), "0048121");
    let pairs: Vec<_> = import
        .substitutions
        .iter()
        .map(|s| (s.from.as_str(), s.to.as_str()))
        .collect();
    assert_eq!(pairs, [("$COLON$", ":"), ("$QUOTE$", "\"")]);
    assert!(!format!("{import:?}").contains("0048121"));
}

#[test]
fn customs_papers_are_read() {
    let customs = s3_import("import-e-customs").common.customs.unwrap();
    assert_eq!(customs.data_description, "Land survey pictures.");
    assert_eq!(customs.device_value, UsCents(18_000));
    assert_eq!(customs.device_value.to_string(), "180.00");
    assert_eq!(customs.device_type, DeviceType::ExternalStorageDevice);
    assert_eq!(customs.device_hts.as_deref(), Some("8471.70.4065"));
    assert_eq!(customs.type_of_export, Some(ExportType::Return));
    assert!(!customs.encrypted_data && !customs.requires_export_license);
}

#[test]
fn version_1_and_true_are_accepted() {
    let common = s3_import("import-f-version-1").common;
    assert_eq!(common.version, ManifestVersion::V1 { minor: 3 });
    assert_eq!(common.device_id, "123");
    assert!(common.erase_device);
}

#[test]
fn the_broken_example_of_the_command_line_is_read() {
    let common = s3_import("import-g-cli-example").common;
    assert_eq!(common.version, ManifestVersion::V2);
    assert_eq!(
        common.return_address.company.as_deref(),
        Some("Example Corp.")
    );
    assert_eq!(common.return_address.street2, None);
    assert_eq!(common.return_address.country, "USA");
}

#[test]
fn real_yaml_is_read_without_making_numbers() {
    let import = s3_import("import-h-real-yaml");
    assert_eq!(import.common.device_id, "0042");
    assert_eq!(import.common.return_address.postal_code, "04101");
    assert_eq!(
        import.static_metadata[0],
        ("batch".to_owned(), "007".to_owned())
    );
    assert_eq!(import.cache_control.as_deref(), Some("max-age=60, public"));
    let sources: Vec<&str> = import
        .ignore
        .iter()
        .map(|pattern| pattern.source())
        .collect();
    assert_eq!(sources, [r"\.psd$", ".*~$"]);
}

#[test]
fn json_aliases_and_merge_keys_are_yaml_too() {
    let address = r#"{"name": "J", "street1": "1 A", "city": "B", "stateOrProvince": "ME",
        "postalCode": "04101", "country": "USA", "phoneNumber": "1"}"#;
    let json = format!(
        r#"{{"manifestVersion": "2.0", "bucket": "jjj", "deviceId": "d", "eraseDevice": true,
        "returnAddress": {address}}}"#
    );
    assert_eq!(
        import(&json)
            .unwrap()
            .manifest
            .common()
            .return_address
            .postal_code,
        "04101"
    );
    let merged = format!(
        "x: &a\n  name: Other\n  city: Rome\nmanifestVersion: 2.0\nbucket: jjj\ndeviceId: &d 010\n\
         generator: *d\nreturnAddress:\n  <<: *a\n  name: J\n  street1: 1 A\n  postalCode: 010\n  \
         country: Italy\n  phoneNumber: 1\n{CUSTOMS}"
    );
    let merged = import(&merged).unwrap();
    assert_eq!(merged.manifest.common().return_address.name, "J");
    assert_eq!(merged.manifest.common().return_address.city, "Rome");
    assert_eq!(merged.manifest.common().generator.as_deref(), Some("010"));
}

#[test]
fn exports_are_read() {
    let Manifest::S3Export(export) = parsed("export-b-several-sets").manifest else {
        panic!()
    };
    assert_eq!(export.file_system, FileSystem::Ext4);
    assert_eq!(export.recovery_directory, "EXPORT-RECOVERY");
    let [first, second, third] = &export.operations[..] else {
        panic!("three operations")
    };
    assert_eq!(first.prefix.as_deref(), Some("stills/"));
    assert_eq!(first.begin_marker.as_deref(), Some("stills/2012"));
    assert_eq!(first.end_marker.as_deref(), Some("stills/2013/last.tif"));
    assert_eq!(
        (second.bucket.as_str(), second.prefix.as_deref()),
        ("media", Some("html"))
    );
    assert_eq!(third.target_directory.as_deref(), Some("restore/finance"));
    let manifest = Manifest::S3Export(export);
    assert_eq!(
        manifest.log_key(JobId::new("ABC12").unwrap()).as_str(),
        "exp/export-log-ABC12"
    );
    let buckets: Vec<_> = manifest
        .buckets()
        .into_iter()
        .map(|(b, u)| (b.to_string(), u))
        .collect();
    assert_eq!(
        buckets,
        [
            ("media".into(), BucketUse::Export),
            ("finance".into(), BucketUse::Export),
            ("export-logs".into(), BucketUse::Log)
        ]
    );

    let Manifest::S3Export(renames) = parsed("export-d-renames").manifest else {
        panic!()
    };
    assert_eq!(renames.target_directory.as_deref(), Some("/"));
    assert_eq!(renames.recovery_directory, "ODD-NAMES");
    assert_eq!(
        (
            renames.substitutions[0].from.as_str(),
            renames.substitutions.len()
        ),
        (":", 1)
    );

    let Manifest::S3Export(old) = parsed("export-e-version-1").manifest else {
        panic!()
    };
    assert_eq!(old.operations[0].bucket.as_str(), "payroll");
    assert_eq!(old.common.device_id, "532404500021");
}

#[test]
fn image_jobs_are_read() {
    let Manifest::EbsImport(ebs) = parsed("ebs-b-4tb").manifest else {
        panic!()
    };
    assert!(ebs.over_1tb && ebs.region == Region::UsEast1);
    let Manifest::EbsImport(asia) = parsed("ebs-c-singapore").manifest else {
        panic!()
    };
    assert_eq!(asia.region, Region::ApSoutheast1);
    let customs = asia.common.customs.unwrap();
    assert_eq!(customs.encryption_classification.as_deref(), Some("5D992"));
    assert_eq!(customs.device_value, UsCents(9550));
    let Manifest::GlacierImport(glacier) = parsed("glacier-a").manifest else {
        panic!()
    };
    assert_eq!(
        (glacier.vault.as_str(), glacier.region),
        ("cold-2013", Region::EuWest1)
    );
    assert_eq!(
        glacier.archive_comment,
        "finance year end 2013, disk 1 of 3"
    );
    let Manifest::GlacierImport(quoted) = parsed("glacier-c-quoted-comment").manifest else {
        panic!()
    };
    assert_eq!(
        quoted.archive_comment,
        "x: colon, comma and quotes \" inside"
    );
}

#[test]
fn line_ends_marks_and_tabs_make_no_difference() {
    for (name, original) in GOLDEN {
        let expected = parsed(name);
        let crlf = original.replace('\n', "\r\n");
        let variants = [
            crlf.clone(),
            format!("\u{feff}{original}"),
            format!("\u{feff}{crlf}"),
            original.replace('\n', "\r"),
            original.replace('\n', "  \n"),
            original.trim_end().to_owned(),
            original.replace("\n    ", "\n\t"),
        ];
        for (index, variant) in variants.iter().enumerate() {
            // Block texts keep white space at line ends, and YAML has no tabs for indentation.
            if [4, 6].contains(&index) && *name == "import-h-real-yaml" {
                continue;
            }
            let read = Manifest::parse(variant, job_type(name), &rules_for(name));
            assert_eq!(read.as_ref(), Ok(&expected), "{name}, variant {index}");
        }
    }
}

#[test]
fn lists_may_stand_anywhere_and_take_comments() {
    let read = |list: &str| {
        let manifest = with(
            "import-a-smallest",
            "eraseDevice",
            &format!("{list}eraseDevice"),
        );
        let Manifest::S3Import(import) = import(&manifest).unwrap().manifest else {
            panic!()
        };
        import
            .ignore
            .iter()
            .map(|p| p.source().to_owned())
            .collect::<Vec<_>>()
    };
    let expected = [r"\.psd$", "a: b"];
    for list in [
        "ignore:\n- \\.psd$\n- a: b\n",
        "ignore:\n  - \\.psd$   # pictures\n  # between\n\n  - a: b\n",
        "ignore:\n\t-\\.psd$\n\t-a: b\n",
        "ignore :\n  - \"\\.psd$\"\n  - 'a: b'\n",
        "ignore:\n  - \"\\\\.psd$\"\n  - 'a: b'\n",
        "ignore: ['\\.psd$', \"a: b\"]\n",
        "ignore: [\n  '\\.psd$', # one\n  \"a: b\" ]\n",
    ] {
        assert_eq!(read(list), expected, "{list}");
    }
    assert_eq!(read("ignore: \\.psd$\n"), [r"\.psd$"]);
    assert_eq!(
        read(
            "ignore:\n  - [abc]\n  - *x\n  - .*\"$\n"
                .replace("- *x", "- x")
                .as_str()
        ),
        ["[abc]", "x", ".*\"$"]
    );
}
