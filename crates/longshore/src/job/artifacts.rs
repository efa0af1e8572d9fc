//! The sheets of a job: shows where they are, and downloads them.

use std::path::Path;

use server::config::ShippingAddress;

use super::answers::Artifact;
use super::client::Client;
use super::connection::connect;
use super::show;
use crate::cli::{ArtifactsArgs, LabelArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Longest file name taken from a link, in bytes.
const NAME_BYTES: usize = 128;

/// Runs `longshore job label`.
pub(super) fn label(args: &LabelArgs) -> Result<Exit, Failure> {
    let client = connect(&args.api)?;
    let label = client.label(&args.jobs, args.sender.params())?;
    if args.api.json {
        output::json(&label)?;
    } else {
        output::data(&show::label(&label))?;
    }
    if let Some(path) = &args.output {
        download(&client, &label.shipping_label_url, path)?;
    }
    if ships_nowhere(&client, &args.jobs) {
        output::note(
            "Note: this service has no shipping address yet, and the label says so. Its operator sets it: \
             `[jobs] shipping_address`.",
        );
    }
    Ok(Exit::Ok)
}

/// Whether the service does not say where devices are sent to. If it cannot be asked, nothing is said.
fn ships_nowhere(client: &Client, jobs: &[String]) -> bool {
    let unset = ShippingAddress::default();
    let address = jobs
        .first()
        .and_then(|job| client.status(job).ok()?.aws_shipping_address);
    address.is_some_and(|address| unset.lines().iter().all(|line| address.contains(line)))
}

/// Runs `longshore job artifacts`.
pub(super) fn artifacts(args: &ArtifactsArgs) -> Result<Exit, Failure> {
    let client = connect(&args.api)?;
    let artifacts = client.status(&args.job)?.artifact_list;
    if args.api.json {
        output::json(&serde_json::json!({ "ArtifactList": artifacts }))?;
    } else {
        output::data(&show::artifact_list(&artifacts))?;
        if artifacts.is_empty() {
            output::note(&format!("Job {} has no sheets.", args.job));
        }
    }
    match &args.output {
        Some(folder) => download_all(&client, &artifacts, folder),
        None => Ok(Exit::Ok),
    }
}

fn download_all(client: &Client, artifacts: &[Artifact], folder: &Path) -> Result<Exit, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, error))?;
    let urls = artifacts
        .iter()
        .filter_map(|artifact| artifact.url.as_deref());
    for (index, url) in urls.enumerate() {
        let name = file_name(url).unwrap_or_else(|| format!("artifact-{}.pdf", index + 1));
        download(client, url, &folder.join(name))?;
    }
    Ok(Exit::Ok)
}

fn download(client: &Client, url: &str, path: &Path) -> Result<(), Failure> {
    let bytes = client.download(url)?;
    durable::replace(path, &bytes).map_err(|error| cannot_write(path, error))?;
    output::note(&format!("Wrote {}", path.display()));
    Ok(())
}

fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    let context = format!("could not write `{}`", path.display());
    Failure::new(Exit::Error, anyhow::Error::new(error).context(context))
}

/// The last name in a link's path, if it is one that cannot lead elsewhere. Links come from the
/// service, which need not be ours.
fn file_name(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, path) = path.split_once("://")?;
    let (_, name) = path.rsplit_once('/')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let fits = (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(plain);
    (fits && !name.starts_with('.')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_file_but_no_way_out_of_the_folder() {
        let cases = [
            (
                "https://x/artifacts/v1/slip-A.pdf?token=a/b",
                Some("slip-A.pdf"),
            ),
            ("http://x:80/a.pdf#b", Some("a.pdf")),
            ("http://x/", None),
            ("http://x", None),
            ("http://x/..", None),
            ("http://x/.profile", None),
            ("http://x/a%2Fb.pdf", None),
            ("http://x/a\\b", None),
            ("slip.pdf", None),
        ];
        for (url, name) in cases {
            assert_eq!(file_name(url).as_deref(), name, "{url}");
        }
        assert_eq!(file_name(&format!("http://x/{}", "a".repeat(200))), None);
    }
}
