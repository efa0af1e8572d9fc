//! The form of a manifest: its fields, and how form and text change each other.
//!
//! The text is the job; a form is a way to write it. Whichever of the two somebody changed last is told by the text as the
//! page had it: if it is another now it was typed into and counts, else the fields that say otherwise are written into it.

use std::collections::BTreeMap;

use model::ids::JobType;
use model::manifest::draft;
use model::manifest::{Manifest, ManifestFault};

use crate::faces::console::form::Form;
use crate::faces::console::language::{TextKey, key};

/// What a field is filled in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldInput {
    /// A line.
    Line,
    /// Several lines.
    Lines,
    /// The name of a bucket.
    Bucket,
    /// One of these; nothing of what is empty.
    Choice(&'static [&'static str]),
}

/// A field of a form, and the option that it is.
#[derive(Debug)]
pub(super) struct FieldSpec {
    pub(super) path: &'static str,
    label: TextKey,
    input: FieldInput,
    hint: Option<TextKey>,
}

/// Fields that belong together.
#[derive(Debug)]
struct FieldGroup {
    title: TextKey,
    /// Whether it is open at once.
    is_open: bool,
    specs: &'static [FieldSpec],
}

const fn line(path: &'static str, label: TextKey, hint: Option<TextKey>) -> FieldSpec {
    FieldSpec {
        path,
        label,
        input: FieldInput::Line,
        hint,
    }
}

const fn of(
    path: &'static str,
    label: TextKey,
    input: FieldInput,
    hint: Option<TextKey>,
) -> FieldSpec {
    FieldSpec {
        path,
        label,
        input,
        hint,
    }
}

const YES_NO: FieldInput = FieldInput::Choice(&["", "yes", "no"]);

const DEVICE: &[FieldSpec] = &[
    line(
        "deviceId",
        key("device-id"),
        Some(key("write-device-id-hint")),
    ),
    of("eraseDevice", key("write-erase"), YES_NO, None),
];

const IMPORT: &[FieldGroup] = &[
    FieldGroup {
        title: key("group-files-go"),
        is_open: true,
        specs: &[
            of("bucket", key("bucket"), FieldInput::Bucket, None),
            line(
                "prefix",
                key("write-prefix"),
                Some(key("write-prefix-hint")),
            ),
        ],
    },
    FieldGroup {
        title: key("group-device"),
        is_open: true,
        specs: DEVICE,
    },
    ADDRESS,
    REPORT,
    FieldGroup {
        title: key("group-how"),
        is_open: false,
        specs: &[
            of(
                "ignore",
                key("write-ignore"),
                FieldInput::Lines,
                Some(key("write-ignore-hint")),
            ),
            line("defaultContentType", key("write-content-type"), None),
            of(
                "acl",
                key("write-acl"),
                FieldInput::Choice(&[
                    "",
                    "private",
                    "public-read",
                    "public-read-write",
                    "authenticated-read",
                ]),
                None,
            ),
            of(
                "storageClass",
                key("write-storage-class"),
                FieldInput::Choice(&["", "STANDARD", "REDUCED_REDUNDANCY"]),
                None,
            ),
            of(
                "onUnreadable",
                key("write-unreadable"),
                FieldInput::Choice(&["", "fail", "salvage"]),
                None,
            ),
        ],
    },
];

const EXPORT: &[FieldGroup] = &[
    FieldGroup {
        title: key("group-onto"),
        is_open: true,
        specs: &[
            of(
                "operations[1].exportBucket",
                key("bucket"),
                FieldInput::Bucket,
                None,
            ),
            line("operations[1].prefix", key("write-only-prefix"), None),
            of(
                "fileSystem",
                key("write-file-system"),
                FieldInput::Choice(&["", "EXT4", "NTFS", "EXFAT", "FAT32", "EXT3", "EXT2"]),
                None,
            ),
        ],
    },
    FieldGroup {
        title: key("group-device"),
        is_open: true,
        specs: &[line(
            "deviceId",
            key("device-id"),
            Some(key("write-device-id-hint")),
        )],
    },
    ADDRESS,
    REPORT,
];

const ADDRESS: FieldGroup = FieldGroup {
    title: key("group-back"),
    is_open: true,
    specs: &[
        line("returnAddress.name", key("field-name"), None),
        line("returnAddress.company", key("write-company"), None),
        line("returnAddress.street1", key("write-street"), None),
        line("returnAddress.street2", key("write-street2"), None),
        line("returnAddress.city", key("write-city"), None),
        line("returnAddress.stateOrProvince", key("write-state"), None),
        line("returnAddress.postalCode", key("write-postal-code"), None),
        line("returnAddress.country", key("write-country"), None),
        line("returnAddress.phoneNumber", key("write-phone"), None),
    ],
};

const REPORT: FieldGroup = FieldGroup {
    title: key("group-report"),
    is_open: false,
    specs: &[
        of(
            "logBucket",
            key("write-log-bucket"),
            FieldInput::Bucket,
            None,
        ),
        line("logPrefix", key("write-log-prefix"), None),
        line(
            "notificationEmail",
            key("write-mail"),
            Some(key("write-mail-hint")),
        ),
    ],
};

fn groups(job_type: JobType) -> &'static [FieldGroup] {
    match job_type {
        JobType::Import => IMPORT,
        JobType::Export => EXPORT,
    }
}

fn specs(job_type: JobType) -> impl Iterator<Item = &'static FieldSpec> {
    groups(job_type).iter().flat_map(|group| group.specs)
}

/// A job that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrittenJob {
    pub(super) job_type: JobType,
    /// The manifest.
    pub(super) text: String,
    /// What the fields say, by their paths.
    said: BTreeMap<&'static str, String>,
}

impl WrittenJob {
    /// One that was written before.
    pub(super) fn of(job_type: JobType, text: &str) -> Self {
        let mut draft = Self {
            job_type,
            text: text.to_owned(),
            said: BTreeMap::new(),
        };
        draft.read_fields();
        draft
    }

    /// A new one, into this bucket if there is just one that can be meant.
    pub(super) fn new(job_type: JobType, bucket: &str) -> Self {
        let mut text = String::new();
        let (first, rest) = match job_type {
            JobType::Import => ("bucket", ["deviceId", "eraseDevice"]),
            JobType::Export => ("operations[1].exportBucket", ["deviceId", "fileSystem"]),
        };
        text = draft::with(&text, "manifestVersion", "2.0");
        text = draft::with(&text, first, bucket);
        for (path, value) in std::iter::zip(rest, ["", "no"]) {
            let value = match path {
                "fileSystem" => "EXT4",
                _ => value,
            };
            text = draft::with(&text, path, value);
        }
        Self::of(job_type, &text)
    }

    /// What a form makes of it.
    pub(super) fn sent(form: &Form) -> Self {
        let lines = |name| form.raw(name).replace("\r\n", "\n").replace('\r', "\n");
        let (text, was) = (lines("manifest"), lines("was"));
        let chosen = JobType::parse(form.raw("type")).unwrap_or(JobType::Import);
        if text.trim_end() != was.trim_end() {
            let job_type = Manifest::likely_type(&text).unwrap_or(chosen);
            return Self::of(job_type, &text);
        }
        let is_other = Manifest::likely_type(&text).is_some_and(|likely| likely != chosen);
        let mut draft = match is_other {
            true => Self::new(chosen, ""),
            false => Self::of(chosen, &text),
        };
        for spec in specs(chosen) {
            let Some(said) = form.find(spec.path) else {
                continue;
            };
            let said = said.replace("\r\n", "\n").replace('\r', "\n");
            let said = said.trim_matches('\n');
            // Blanks are part of a prefix, and of nothing else.
            let said = match spec.path.to_ascii_lowercase().ends_with("prefix") {
                true => said,
                false => said.trim(),
            };
            if draft
                .said
                .get(spec.path)
                .is_some_and(|stands| stands != said)
            {
                draft.text = draft::with(&draft.text, spec.path, said);
                draft.said.insert(spec.path, said.to_owned());
            }
        }
        draft.read_fields();
        draft
    }

    /// Fills the fields with what the text says. A text that cannot be read leaves them as they are.
    fn read_fields(&mut self) {
        let paths: Vec<&'static str> = specs(self.job_type).map(|spec| spec.path).collect();
        if let Some(values) = draft::values(&self.text, &paths) {
            self.said = std::iter::zip(paths, values).collect();
        }
    }

    /// The fields, each with what is to be said of it.
    pub(super) fn groups(&self, findings: &[Finding]) -> Vec<ShownGroup> {
        let field = |spec: &'static FieldSpec| ShownField {
            id: slug(spec.path),
            spec,
            value: self.said.get(spec.path).cloned().unwrap_or_default(),
            findings: of_field(findings, spec.path, self.said.get(spec.path)),
        };
        let group = |group: &'static FieldGroup| {
            let fields: Vec<ShownField> = group.specs.iter().map(field).collect();
            let is_used = fields
                .iter()
                .any(|field| !field.value.is_empty() || !field.findings.is_empty());
            ShownGroup {
                title: group.title,
                is_open: group.is_open || is_used,
                fields,
            }
        };
        groups(self.job_type).iter().map(group).collect()
    }

    /// Where in the form something is to be said, if it has such a field.
    pub(super) fn place_of(&self, finding: &Finding) -> Option<String> {
        let mut specs = specs(self.job_type);
        let is_it = |spec: &&FieldSpec| finding.is_of(spec.path, self.said.get(spec.path));
        specs.find(is_it).map(|spec| slug(spec.path))
    }
}

/// A group of fields as it is shown.
#[derive(Debug)]
pub(super) struct ShownGroup {
    pub(super) title: TextKey,
    pub(super) is_open: bool,
    pub(super) fields: Vec<ShownField>,
}

/// A field as it is shown.
#[derive(Debug)]
pub(super) struct ShownField {
    pub(super) id: String,
    spec: &'static FieldSpec,
    pub(super) value: String,
    pub(super) findings: Vec<String>,
}

impl ShownField {
    pub(super) fn path(&self) -> &'static str {
        self.spec.path
    }

    pub(super) fn label(&self) -> TextKey {
        self.spec.label
    }

    /// What helps to fill it in, as long as nothing is wrong with it.
    pub(super) fn hint(&self) -> Option<TextKey> {
        self.spec.hint.filter(|_| self.findings.is_empty())
    }

    pub(super) fn is_lines(&self) -> bool {
        self.spec.input == FieldInput::Lines
    }

    pub(super) fn is_bucket(&self) -> bool {
        self.spec.input == FieldInput::Bucket
    }

    /// What can be chosen; what stands in the manifest is among it, in whatever case.
    pub(super) fn choices(&self) -> Option<Vec<String>> {
        let FieldInput::Choice(choices) = self.spec.input else {
            return None;
        };
        let known = choices.iter().any(|choice| self.is_chosen(choice));
        let own = (!known).then(|| self.value.clone());
        let choices = choices.iter().map(|choice| (*choice).to_owned());
        Some(choices.chain(own).collect())
    }

    pub(super) fn is_chosen(&self, choice: &str) -> bool {
        self.value.eq_ignore_ascii_case(choice)
    }
}

/// Something that is wrong with a manifest, or good to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The option.
    field: Option<String>,
    /// The bucket that it is about.
    bucket: Option<String>,
    /// The line, from 1.
    pub(super) line: Option<usize>,
    /// In words.
    pub(super) text: String,
}

impl Finding {
    pub(super) fn fault(fault: &ManifestFault) -> Self {
        Self {
            field: fault.field.clone(),
            bucket: None,
            line: fault.line,
            text: fault.detail.clone(),
        }
    }

    /// Of a bucket, or of no option at all.
    pub(super) fn other(text: String, bucket: Option<String>) -> Self {
        Self {
            field: None,
            bucket,
            line: None,
            text,
        }
    }

    /// The option that it is about, as it is said.
    pub(super) fn option(&self) -> &str {
        self.field.as_deref().unwrap_or_default()
    }

    fn is_of(&self, path: &str, value: Option<&String>) -> bool {
        let is_named = self.field.as_deref().is_some_and(|field| {
            let item = field.strip_prefix(path);
            item.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        });
        is_named || (self.bucket.is_some() && self.bucket.as_ref() == value)
    }
}

fn of_field(findings: &[Finding], path: &str, value: Option<&String>) -> Vec<String> {
    let found = findings.iter().filter(|finding| finding.is_of(path, value));
    found.map(|finding| finding.text.clone()).collect()
}

/// A path as the id of an element.
fn slug(path: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    path.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> WrittenJob {
        WrittenJob::sent(&Form::of(fields))
    }

    #[test]
    fn a_field_changes_the_text_and_the_text_the_fields() {
        let was = "bucket: photos\ndeviceId: X-1\n";
        let of = |draft: &WrittenJob, path| draft.said.get(path).cloned();
        let typed = [
            ("was", was),
            ("manifest", was),
            ("type", "Import"),
            ("bucket", "films"),
        ];
        let draft = sent(&typed);
        assert_eq!(draft.text, "bucket: films\ndeviceId: X-1\n");
        // What was typed into the text counts, with the line ends of a browser too.
        let text = "bucket: music\r\ndeviceId: X-2\r\n";
        let typed = [
            ("was", was),
            ("manifest", text),
            ("type", "Import"),
            ("bucket", "films"),
        ];
        let draft = sent(&typed);
        assert_eq!(draft.text, "bucket: music\ndeviceId: X-2\n");
        assert_eq!(of(&draft, "bucket").as_deref(), Some("music"));
        assert_eq!(of(&draft, "deviceId").as_deref(), Some("X-2"));
        let same = sent(&[("was", was), ("manifest", was), ("bucket", "photos")]);
        assert_eq!(same.text, was);
    }

    #[test]
    fn another_type_begins_anew_with_what_both_have() {
        let was = "bucket: photos\ndeviceId: X-1\n";
        let typed = [
            ("was", was),
            ("manifest", was),
            ("type", "Export"),
            ("deviceId", "X-1"),
        ];
        let draft = sent(&typed);
        assert_eq!(draft.job_type, JobType::Export);
        assert!(draft.text.contains("deviceId: X-1") && !draft.text.contains("photos"));
        let text = "operations:\n    - exportBucket: photos\n";
        let draft = sent(&[("was", was), ("manifest", text), ("type", "Import")]);
        assert_eq!(draft.job_type, JobType::Export);
    }

    #[test]
    fn a_fault_is_beside_the_field_it_is_of() {
        let draft = WrittenJob::of(JobType::Import, "bucket: photos\nignore:\n    - a\n");
        let place = |field: Option<&str>, bucket: Option<&str>| {
            draft.place_of(&Finding {
                field: field.map(str::to_owned),
                bucket: bucket.map(str::to_owned),
                line: None,
                text: "x".to_owned(),
            })
        };
        assert_eq!(place(Some("ignore[1]"), None).as_deref(), Some("ignore"));
        assert_eq!(
            place(Some("returnAddress.city"), None).as_deref(),
            Some("returnAddress-city")
        );
        assert_eq!(place(None, Some("photos")).as_deref(), Some("bucket"));
        assert_eq!(place(Some("buckets"), None), None);
        assert_eq!(place(None, None), None);
    }
}
