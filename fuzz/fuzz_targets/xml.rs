//! Reads the input as an answer, and what was read as an error.

#![no_main]

use awsproto::xml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(root) = xml::parse(data) {
        let _ = xml::remote_error(&root);
    }
});
