//! Ports of SAS. The address of a disk is the disk's, so that a port goes by the bay that its enclosure tells, or by the
//! number of the link at the expander or controller.

use std::path::Path;

use super::above::{Above, attribute};

pub(super) fn port(above: &Above<'_>) -> Option<String> {
    let (end, name) = above.find(|name| name.starts_with("end_device-"))?;
    let of_end = |what: &str| attribute(&end.join("sas_device").join(name).join(what));
    let unit = above.scsi().map(|it| it.unit).unwrap_or(0);
    let unit = match unit {
        0 => String::new(),
        unit => format!("/lun-{unit}"),
    };
    // What is in no enclosure has an enclosure of zeros.
    let enclosure =
        of_end("enclosure_identifier").filter(|it| !it.trim_matches(['0', 'x']).is_empty());
    if let (Some(enclosure), Some(bay)) = (enclosure, of_end("bay_identifier")) {
        return Some(format!("sas-{enclosure}/bay-{bay}{unit}"));
    }
    let link = link(end.parent()?)?;
    match above.find(|name| name.starts_with("expander-")) {
        Some((at, name)) => {
            let address = attribute(&at.join("sas_device").join(name).join("sas_address"))?;
            Some(format!("sas-{address}/phy-{link}{unit}"))
        }
        None => {
            let (host, _) = above.find(|name| name.starts_with("host"))?;
            Some(format!("{}/sas-phy-{link}{unit}", above.bus(host)))
        }
    }
}

/// The number of the first link of a port.
fn link(port: &Path) -> Option<u32> {
    let links = std::fs::read_dir(port).ok()?.flatten();
    let numbers = links.filter_map(|link| {
        let name = link.file_name().into_string().ok()?;
        let of_link = link
            .path()
            .join("sas_phy")
            .join(&name)
            .join("phy_identifier");
        name.starts_with("phy-")
            .then(|| attribute(&of_link))??
            .parse()
            .ok()
    });
    numbers.min()
}
