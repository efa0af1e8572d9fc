//! What stands on each sheet. Values only; the drawing is elsewhere.
//!
//! Texts are printed as given, whatever their script and length. What cannot be printed (control
//! characters, marks that steer the direction of writing) is left out; what is too long is set
//! smaller, then wrapped, then cut with an ellipsis.

use model::ids::JobId;
use model::manifest::Customs;
use model::signature::SignatureFile;
use model::time::Timestamp;

/// Who sends or receives a parcel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// The lines of the address as they are to be printed, name first, country last.
    pub lines: Vec<String>,
    /// The telephone number, if it is known.
    pub phone: Option<String>,
}

/// The label on the outside of a parcel: four by six inches, with a barcode for each job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingLabel {
    /// The jobs whose devices are in the parcel, in the order of printing; at least one.
    pub jobs: Vec<JobId>,
    /// Who sends it.
    pub from: Party,
    /// Where it goes.
    pub to: Party,
    /// How fast the carrier brings it, such as `standard`.
    pub service: String,
    /// What customs want to know. Each gets a page of its own behind the label.
    pub customs: Vec<Declaration>,
}

/// The customs papers of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The job whose device is declared.
    pub job: JobId,
    /// What its manifest says.
    pub customs: Customs,
}

/// The sheet that lies in the box beside the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackingSlip {
    /// The job.
    pub job: JobId,
    /// What becomes of the device in a few words, such as `Import to Amazon S3`.
    pub job_type: String,
    /// `deviceId` of the manifest.
    pub device_id: String,
    /// When the job was made.
    pub created: Timestamp,
    /// Whom to ask, and who gets the device back.
    pub from: Party,
    /// Their e-mail addresses.
    pub email: Vec<String>,
    /// Where the parcel goes.
    pub to: Party,
    /// What to do before the box is closed, a sentence for each box to tick.
    pub what_to_do: Vec<String>,
    /// By what the receipt of the job is known later.
    pub custody: Custody,
}

/// Who signs receipts, and how far the log of custody was when the sheet was printed: whoever keeps the sheet has both
/// from before the device left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custody {
    /// `custody@INSTALLATION`.
    pub signer: String,
    /// Of the key in force, `SHA256:…`.
    pub fingerprint: String,
    /// The head of the log, as a signed note.
    pub checkpoint: String,
    /// For whom passwords of devices are sealed, `age1…`.
    pub recipient: String,
}

impl Custody {
    /// What stands in the QR code: who signs with which key, an empty line, the head of the log.
    #[must_use]
    pub fn scan_text(&self) -> String {
        let Self {
            signer,
            fingerprint,
            checkpoint,
            recipient: _,
        } = self;
        format!("{signer} {fingerprint}\n\n{checkpoint}")
    }
}

/// A receipt for people, with the one that counts attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptSheet {
    /// The job.
    pub job: JobId,
    /// How it stands, in one sentence.
    pub headline: String,
    /// What is known of job and device, each under its caption.
    pub particulars: Vec<(&'static str, String)>,
    /// What the report for people says, failures first.
    pub report: Vec<ReceiptLine>,
    /// What happened, the oldest first.
    pub steps: Vec<Step>,
    /// How a stranger checks it, a paragraph each.
    pub check: Vec<String>,
    /// What stands in the QR code.
    pub scan_text: String,
    /// What the attached receipt is called.
    pub name: String,
    /// The attached receipt.
    pub receipt: String,
}

/// A line of the report for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptLine {
    /// Begins a part of it.
    Heading(String),
    /// A value under its caption.
    Value(String, String),
    /// Any other line.
    Text {
        /// How many spaces stand before it.
        indent: u8,
        /// What stands there.
        text: String,
    },
}

/// A thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
    /// Who did it, and where.
    pub who: String,
}

/// The sheet that a device without a `SIGNATURE` file carries on its case (developer guide,
/// *Packing EBS jobs*).
///
/// It proves whose device this is; whoever holds it can hand in a device for the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureSheet {
    /// The proof: printed as Code 128 of [`SignatureFile::scan_text`] and as QR code of the four
    /// lines of the file.
    pub signature: SignatureFile,
    /// What becomes of the device in a few words, such as `Import to Amazon EBS`.
    pub job_type: String,
    /// `deviceId` of the manifest.
    pub device_id: String,
    /// When the job was made.
    pub created: Timestamp,
    /// Where the device goes.
    pub to: Party,
}
