//! What pages are made of beside their text. Nothing comes from elsewhere. A name holds the hash of its content, so that a
//! browser keeps it for ever and never has an old one.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

struct Asset {
    name: String,
    kind: &'static str,
    content: Cow<'static, [u8]>,
}

/// Those of the pages.
pub(super) struct Assets {
    style: Asset,
    htmx: Asset,
    script: Asset,
    draft: Asset,
    passkey: Asset,
    icon: Asset,
}

/// Hashed once.
static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: asset(
        "console",
        "css",
        "text/css; charset=utf-8",
        include_bytes!("../../../assets/console/console.css"),
    ),
    // One file: htmx goes over a page in a task of its own, and an extension that comes after that is not heard of. Of two
    // files the second may come later than that.
    htmx: asset(
        "htmx",
        "js",
        SCRIPT,
        [
            include_bytes!("../../../assets/console/htmx.min.js").as_slice(),
            include_bytes!("../../../assets/console/hx-sse.min.js"),
        ]
        .join(&b"\n;"[..]),
    ),
    script: asset(
        "console",
        "js",
        SCRIPT,
        include_bytes!("../../../assets/console/console.js"),
    ),
    draft: asset(
        "draft",
        "js",
        SCRIPT,
        include_bytes!("../../../assets/console/draft.js"),
    ),
    passkey: asset(
        "passkey",
        "js",
        SCRIPT,
        include_bytes!("../../../assets/console/passkey.js"),
    ),
    icon: asset(
        "icon",
        "svg",
        "image/svg+xml",
        include_bytes!("../../../assets/console/icon.svg"),
    ),
});

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn asset(
    name: &str,
    ending: &str,
    kind: &'static str,
    content: impl Into<Cow<'static, [u8]>>,
) -> Asset {
    let content = content.into();
    let hash = hex::encode(&Sha256::digest(&content)[..8]);
    Asset {
        name: format!("{name}-{hash}.{ending}"),
        kind,
        content,
    }
}

impl Assets {
    fn all(&self) -> [&Asset; 6] {
        let Self {
            style,
            htmx,
            script,
            draft,
            passkey,
            icon,
        } = self;
        [style, htmx, script, draft, passkey, icon]
    }

    pub(super) fn draft(&self) -> &str {
        &self.draft.name
    }

    pub(super) fn passkey(&self) -> &str {
        &self.passkey.name
    }

    pub(super) fn style(&self) -> &str {
        &self.style.name
    }

    pub(super) fn htmx(&self) -> &str {
        &self.htmx.name
    }

    pub(super) fn script(&self) -> &str {
        &self.script.name
    }

    pub(super) fn icon(&self) -> &str {
        &self.icon.name
    }
}

/// Those of the pages.
pub(super) fn assets() -> &'static Assets {
    &ASSETS
}

pub(super) fn answer(name: &str) -> Response {
    let Some(asset) = ASSETS.all().into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        // The same for everybody, in every language.
        (header::VARY, "accept-encoding"),
    ];
    (headers, asset.content.as_ref()).into_response()
}
