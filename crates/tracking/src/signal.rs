//! What the page tells the tracker. It says only what happened; the tracker adds who, when and which visit.

use serde_json::value::RawValue;

use crate::event::{Component, ErrorKind};

/// Something that happened in the page.
#[derive(Clone, Debug)]
pub enum Signal {
    /// Another component is chosen now; `visible` unless the tab or the dashboard page is hidden. What nobody
    /// can see is visited as soon as somebody can.
    /// With `demo` the player of a demo journey chose it: all is the demo's then, until a person chooses.
    Switched {
        to: Component,
        url: String,
        referrer: String,
        visible: bool,
        demo: bool,
    },
    Loaded {
        component: Component,
        load_time_ms: u64,
    },
    Interacted {
        component: Component,
        interaction_type: String,
        details: Option<Box<RawValue>>,
    },
    /// Something went wrong. Message and stack are scrubbed, and repeats are limited.
    Failed {
        component: Component,
        kind: ErrorKind,
        message: String,
        stack: String,
    },
    /// A component said so much that this many of its messages were left out.
    Flooded {
        component: Component,
        count: u64,
    },
    /// A person moved, typed or scrolled: the session lives on.
    Alive,
    /// The tab cannot be seen any more.
    Hidden,
    /// The tab can be seen again.
    Visible,
    /// The page goes away, perhaps for good.
    Closed,
}

impl Signal {
    /// Whether a component said it, and not the page: it may say as much as it likes.
    pub(crate) fn is_of_component(&self) -> bool {
        match self {
            Self::Interacted { .. } | Self::Failed { .. } => true,
            Self::Switched { .. }
            | Self::Loaded { .. }
            | Self::Flooded { .. }
            | Self::Alive
            | Self::Hidden
            | Self::Visible
            | Self::Closed => false,
        }
    }
}
