//! Reads the input as the manifest of an import and of an export, leniently and strictly.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::ids::{AccessKeyId, JobType};
use model::manifest::{Country, Manifest, ManifestRules};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    for strict in [false, true] {
        let rules = ManifestRules {
            strict,
            facility_country: Country::new("US"),
            caller: AccessKeyId::new("AKIAIOSFODNN7EXAMPLE").expect("it is one"),
        };
        for job_type in [JobType::Import, JobType::Export] {
            if let Ok(parsed) = Manifest::parse(text, job_type, &rules) {
                let _ = parsed.manifest.buckets();
            }
        }
    }
});
