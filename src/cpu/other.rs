//! Architectures that only the portable kernels serve.

use super::features::Features;

pub(super) fn preferred() -> Features {
    Features::NONE
}

pub(super) fn supported() -> Features {
    Features::NONE
}
