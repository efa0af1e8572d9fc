//! A volume with something of everything, for what is changed at random.

use super::image::{
    COMPRESSED, DATA, FREE, Image, LIST, Part, ROOT, Record, SPARSE, Shape, data, file, folder,
    further, list, name, reparse, resident, spread, standard,
};

pub(super) const SHAPE: Shape = Shape {
    sector: 512,
    cluster: 4096,
    clusters: 64,
    record: 1024,
};
/// Something of everything, in few records.
pub(super) fn image() -> Image {
    let mut image = Image::new(SHAPE);
    image.table = vec![(8, 3), (16, 6)];
    let mut base = file(
        16,
        vec![
            standard(0),
            name(ROOT, 1, "long"),
            data(8192, &[(1, Some(FREE))]),
        ],
    );
    let part = Part {
        lowest: 1,
        ..Part::default()
    };
    let second = further(
        17,
        16,
        vec![
            name((19, 1), 0, "link"),
            spread(DATA, "", part, &[(1, Some(FREE + 2))]),
        ],
    );
    let listed = list(&[&base, &second]);
    image.write(FREE + 3, &listed);
    let list_part = Part {
        bytes: listed.len() as u64,
        initialised: listed.len() as u64,
        ..Part::default()
    };
    let runs = [(1, Some(FREE + 3))];
    base.attributes
        .insert(0, spread(LIST, "", list_part, &runs));
    image.add(base);
    image.add(second);
    image.add(folder(18, (19, 1), "inner"));
    image.add(folder(19, ROOT, "outer"));
    packed(&mut image);
    image
}

/// What is packed or not whole.
fn packed(image: &mut Image) {
    let sizes = |flags, bytes, initialised| Part {
        flags,
        unit: 4,
        bytes,
        initialised,
        ..Part::default()
    };
    let mut add = |number, called, more: Vec<_>| {
        let mut attributes = vec![standard(0), name((18, 1), 3, called)];
        attributes.extend(more);
        image.add(Record {
            sequence: 1,
            ..file(number, attributes)
        });
    };
    let compressed = [(1, Some(FREE + 4)), (15, None), (16, None)];
    let part = sizes(COMPRESSED, 100_000, 90_000);
    add(20, "compressed", vec![spread(DATA, "", part, &compressed)]);
    let sparse = [(2, None), (1, Some(FREE + 5))];
    let part = sizes(SPARSE, 12_000, 10_000);
    add(21, "sparse", vec![spread(DATA, "", part, &sparse)]);
    let point = [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let wof = vec![
        spread(DATA, "", sizes(SPARSE, 19_000, 0), &[(5, None)]),
        spread(
            DATA,
            "WofCompressedData",
            sizes(0, 12_423, 12_423),
            &[(4, Some(FREE + 8))],
        ),
        reparse(0x8000_0017, &point),
    ];
    add(22, "wof", wof);
    add(
        23,
        "stream",
        vec![resident(DATA, "", b"x"), resident(DATA, "s", b"y")],
    );
    image.write(FREE + 8, include_bytes!("../packed/xpress4k"));
}
