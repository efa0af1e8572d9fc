//! What stands in the manual pages beside the help.

/// A section: its heading, and its terms with what each means.
type Section = (&'static str, &'static [(&'static str, &'static str)]);

/// The variables that every command looks at.
const ENVIRONMENT: Section = (
    "ENVIRONMENT",
    &[
        (
            "LONGSHORE_DATA",
            "The data folder, where --data is not given.",
        ),
        ("LONGSHORE_LOG", "What to log, where --log is not given."),
        (
            "LONGSHORE_ENDPOINT, AWS_ENDPOINT_URL_IMPORTEXPORT",
            "URL of the API, for `longshore job`.",
        ),
        (
            "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL",
            "URL of the S3 store, for the commands that have --endpoint-url.",
        ),
        (
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, \
             AWS_SHARED_CREDENTIALS_FILE, AWS_REGION, AWS_DEFAULT_REGION",
            "The access key and the region to sign with, as AWS tools take them.",
        ),
        (
            "XDG_DATA_HOME, HOME",
            "Where the data folder is by default.",
        ),
        (
            "NO_COLOR",
            "If it is set and not empty, nothing is coloured.",
        ),
    ],
);

/// The files of a data folder that people look for.
const FILES: Section = (
    "FILES",
    &[
        (
            "~/.local/share/longshore",
            "The data folder, unless another is named; DATA in what follows.",
        ),
        (
            "DATA/credentials",
            "The first access key, as an AWS credentials file.",
        ),
        (
            "DATA/objects/BUCKET",
            "The objects of the embedded store, under their own names.",
        ),
        (
            "DATA/station/jobs/JOBID",
            "A job's journal and its report: report.csv, report.jsonl, report.txt.",
        ),
        (
            "DATA/secret.key",
            "The key of the installation. Without it the job store cannot be read: keep a copy.",
        ),
        (
            "~/.aws/credentials",
            "Profiles of access keys, for --profile.",
        ),
    ],
);

/// The sections of the page of a command, by the name of the page.
pub(super) fn sections(page: &str) -> Vec<Section> {
    let examples = examples(page);
    let mut sections = Vec::new();
    if !examples.is_empty() {
        sections.push(("EXAMPLES", examples));
    }
    if !matches!(
        page,
        "longshore-completions" | "longshore-man" | "longshore-exit-codes"
    ) {
        sections.extend([ENVIRONMENT, FILES]);
    }
    sections
}

fn examples(page: &str) -> &'static [(&'static str, &'static str)] {
    match page {
        "longshore" => &[
            (
                "longshore import photos --bucket photos",
                "Load a folder into a bucket of the embedded store.",
            ),
            (
                "longshore serve --data /srv/longshore",
                "Run the service for customers and stations.",
            ),
        ],
        "longshore-import" => &[
            (
                "longshore import photos --bucket photos --dry-run",
                "Say what would be done, and what room it takes.",
            ),
            (
                "longshore import photos --bucket photos --prefix 2019/",
                "Load a folder, its keys beginning with 2019/.",
            ),
            (
                "longshore import photos --resume IN6QH",
                "Go on with an import that was interrupted.",
            ),
            (
                "longshore import --list",
                "List the imports that can be gone on with.",
            ),
        ],
        "longshore-ls" => &[
            ("longshore ls", "List the buckets."),
            (
                "longshore ls s3://photos/2019/",
                "List the objects whose keys begin with 2019/.",
            ),
        ],
        "longshore-get" => &[
            (
                "longshore get photos back",
                "Fetch a whole bucket into the folder back.",
            ),
            (
                "longshore get photos/2019/ back --overwrite",
                "Fetch a part, and replace what differs.",
            ),
        ],
        "longshore-rm" => &[
            (
                "longshore rm photos/2019/IMG_0001.JPG",
                "Remove one object.",
            ),
            (
                "longshore rm --recursive photos/2019/",
                "Remove all whose keys begin with 2019/, after asking.",
            ),
        ],
        "longshore-serve" => &[(
            "longshore serve --config /etc/longshore.toml",
            "Run with a file of settings.",
        )],
        "longshore-dock" => &[
            (
                "longshore dock /dev/sdX --data /srv/longshore",
                "Load a disk as it is, without mounting it.",
            ),
            (
                "longshore dock /media/disk --data /srv/longshore",
                "Load a device that is mounted.",
            ),
            (
                "longshore dock /dev/sdX --format --data /srv/longshore",
                "Format a device and fill it.",
            ),
        ],
        "longshore-verify" => &[
            (
                "longshore verify report.jsonl --bucket --device /media/disk",
                "Compare both sides with a report.",
            ),
            (
                "longshore verify report.jsonl --bucket --sample 5",
                "Compare five percent of the objects.",
            ),
        ],
        "longshore-plan-export" => &[(
            "longshore plan-export export.yaml --capacity 4TB",
            "Split an export over devices of 4 TB.",
        )],
        "longshore-device-look" => &[(
            "longshore device look /dev/sdb",
            "See what lies on a disk before it is docked.",
        )],
        "longshore-bay-teach" => &[(
            "longshore bay teach B3 --ports 2",
            "Find out which ports a socket of USB is, with a fast and then a slow device.",
        )],
        "longshore-bay-rules" => &[(
            "longshore bay rules --config /etc/longshore/longshore.toml",
            "Print rules for udev.",
        )],
        "longshore-device-return" => &[(
            "longshore device return IN6QH --carrier UPS --tracking 1Z999AA10123456784",
            "Say that a device was sent back.",
        )],
        "longshore-job-create" => &[
            (
                "longshore job create import.yaml --sign /media/disk",
                "Make a job and sign its device.",
            ),
            (
                "longshore job create export.yaml --type export --validate-only",
                "Check a manifest.",
            ),
        ],
        "longshore-job-list" => &[(
            "longshore job list --max 20",
            "List the newest twenty jobs.",
        )],
        "longshore-job-status" => &[(
            "longshore job status IN6QH --watch",
            "Follow a job until it is over.",
        )],
        "longshore-job-label" => &[(
            "longshore job label IN6QH --output label.pdf",
            "Download a shipping label.",
        )],
        "longshore-account-create" => &[(
            "longshore account create harbour --import harbour-*",
            "Make an account with buckets of its own.",
        )],
        "longshore-store-probe" => &[(
            "longshore store probe photos",
            "Find out whether the store of a bucket answers, and what it does with objects there.",
        )],
        "longshore-parcel-receive" => &[(
            "longshore parcel receive 1Z999AA10123456784 IN6QH",
            "Book a box as here, and the device of a job that is in it.",
        )],
        "longshore-scan" => &[
            (
                "longshore scan -",
                "Do what each code is for that a scanner types.",
            ),
            (
                "longshore scan 1Z999AA10123456784 IN6QH",
                "Book a box and a device that is in it.",
            ),
        ],
        "longshore-audit-list" => &[(
            "longshore audit list --actor person:jane --since 2026-01-02T00:00:00Z",
            "See what somebody has done since a day.",
        )],
        "longshore-station-run" => &[(
            "longshore station run --inbox /srv/inbox",
            "Load what is laid down in a folder, with no further word.",
        )],
        "longshore-station-token" => &[(
            "longshore station token bench-2",
            "Admit a station on another host.",
        )],
        _ => &[],
    }
}
