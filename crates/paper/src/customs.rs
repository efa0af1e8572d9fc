//! The customs declaration of one job, on a page of the label's size.

use model::manifest::{Customs, DeviceType, ExportType};

use crate::PaperError;
use crate::caption::{self, Captions, Value};
use crate::form::{Declaration, ShippingLabel};
use crate::label::{self, FIELD};
use crate::page::{Area, Page, Pen, Style};

const JOB: Area = Area {
    y: 46.0,
    h: 30.0,
    ..FIELD
};
const PARTIES: Area = Area {
    y: 86.0,
    h: 66.0,
    ..FIELD
};
const VALUES: Area = Area {
    y: 162.0,
    h: 200.0,
    ..FIELD
};
const SIGNED: f32 = FIELD.y + FIELD.h - 30.0;

const SIZES: [f32; 5] = [8.0, 7.0, 6.0, 5.0, 4.5];
const LOOK: Captions<'_> = Captions {
    caption: 7.0,
    sizes: &[8.5, 7.5, 6.5, 5.5],
    column: 96.0,
    gap: 2.5,
};

/// Lays out a declaration.
///
/// # Errors
/// [`PaperError::NoBarcode`] never, for a job id always has one.
pub(crate) fn page(label: &ShippingLabel, of: &Declaration) -> Result<Page, PaperError> {
    let mut page = label::blank();
    label::band(&mut page, "CUSTOMS", "declaration");
    caption::job(&mut page, JOB, 22.0, of.job)?;
    page.rule(FIELD.x, JOB.y + JOB.h + 5.0, FIELD.w, Pen::Strong);
    let half = Area {
        w: FIELD.w / 2.0 - 5.0,
        ..PARTIES
    };
    caption::party(&mut page, half, "FROM", &SIZES, &label.from);
    let right = Area {
        x: FIELD.x + FIELD.w / 2.0 + 5.0,
        ..half
    };
    caption::party(&mut page, right, "TO", &SIZES, &label.to);
    page.rule(FIELD.x, PARTIES.y + PARTIES.h + 3.0, FIELD.w, Pen::Strong);
    caption::list(&mut page, VALUES, LOOK, &values(&of.customs));
    signature(&mut page);
    Ok(page)
}

fn values(customs: &Customs) -> Vec<Value> {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" };
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    vec![
        Value::lines("Data", customs.data_description.clone(), 4),
        Value::line("Device", device(customs.device_type)),
        Value::line("Value", format!("{} USD", customs.device_value)),
        Value::line(
            "Country of origin",
            customs.device_country_of_origin.clone(),
        ),
        Value::line("HTS code", or_dash(&customs.device_hts)),
        Value::line("Type of export", customs.type_of_export.map_or("—", export)),
        Value::line("Data encrypted", yes_no(customs.encrypted_data)),
        Value::line(
            "Encryption class",
            or_dash(&customs.encryption_classification),
        ),
        Value::line("Export license", license(customs.requires_export_license)),
        Value::lines("Certified by", customs.export_certifier_name.clone(), 2),
    ]
}

fn device(of: DeviceType) -> &'static str {
    match of {
        DeviceType::ExternalStorageDevice => "external storage device",
        DeviceType::UsbFlashDrive => "USB flash drive",
        DeviceType::SataDrive => "SATA drive",
    }
}

fn export(of: ExportType) -> &'static str {
    match of {
        ExportType::Return => "return",
        ExportType::Permanent => "permanent",
        ExportType::Temporary => "temporary",
    }
}

fn license(required: bool) -> &'static str {
    if required { "required" } else { "not required" }
}

fn signature(page: &mut Page) {
    let statement = Area {
        y: SIGNED - 18.0,
        ..FIELD
    };
    page.text(
        statement,
        Style::regular(7.0),
        "I certify that these particulars are true and correct.",
    );
    page.rule(FIELD.x, SIGNED + 16.0, FIELD.w, Pen::Fine);
    let below = Area {
        y: SIGNED + 18.0,
        ..FIELD
    };
    page.text(below, Style::regular(6.5), "Date and signature");
}
